"""A model of names: its score is that of the study's functions, and the older command uses it too."""

import pytest

from elman.apps import Request, fit, load, score
from elman.apps.names import END, coded, loss_of, nats_of_each, nats_per_character
from elman.apps.tasks.names import TASK, scored
from elman.baselines.sequence_gram import SequenceGram
from elman.data.errors import DataError
from elman.data.names import invented
from elman.data.vocabulary import Vocabulary
from elman.errors import UnknownName
from elman.nn.conditional import ConditionalLanguageModel

SMALL = {"hidden_size": "8", "embedding_size": "6", "condition_size": "3", "batch_size": "32"}


@pytest.fixture(scope="module")
def lists(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data") / "lists"
    folder.mkdir()
    for culture in ("Brakh", "Ilume"):
        (folder / f"{culture}.txt").write_text("\n".join(invented(culture, 80)))
    return folder


def fitted_to(files, folder, cell="", watch=None):
    return fit("names", files, folder, request=Request(cell=cell, settings=SMALL), updates=30, watch=watch)


@pytest.fixture(scope="module", params=["", "MGUCell"])
def fitted(lists, tmp_path_factory, request):
    folder = tmp_path_factory.mktemp("fit") / "model"
    return folder, fitted_to([lists], folder, request.param)


def test_the_scores_are_those_of_the_parts(fitted, lists, tmp_path):
    writer = load(fitted[0])
    names = TASK.read([lists], Request()).records
    found = score(fitted[0], [lists]).scores[0][0]
    known, _ = scored(names, writer.classes, writer.vocabulary)
    expected = nats_per_character(nats_of_each(writer.module, coded(known, writer.classes, writer.vocabulary)))
    assert found.value == pytest.approx(expected, rel=1e-6)
    assert found.records == len(names)
    learner = TASK.learner(names[20:], names[:20], Request(settings=SMALL))
    labels = [[[of] * (len(name) + 1) for of, name in part] for part in (names[20:], names[:20])]
    gram = SequenceGram([n for _, n in names[20:]], 5, len(learner.vocabulary), labels[0])
    how, baseline = learner.baseline(names[:20])
    assert how == "a 5-gram conditioned on the class"
    tested = [n for _, n in scored(names[:20], learner.classes, learner.vocabulary)[0]]
    if tested == [n for _, n in names[:20]]:
        assert baseline.value == pytest.approx(gram.nats_per_token(tested, labels[1]), rel=1e-9)


def test_a_name_is_in_one_part_only(lists):
    found = TASK.read([lists], Request())
    assert found.groups == [name.casefold() for _, name in found.records]
    assert found.said[-1].endswith("different names of 2 classes")


def test_both_commands_write_the_same_names(fitted, elman):
    how = ["--count", "3", "--seed", "4", "--temperature", "1"]
    line = elman("names", "--model", fitted[0], *how, "Brakh").strip()
    assert len(line.split("\t")) == 3
    options = ["--set", "count=3", "--set", "seed=4", "--set", "temperature=1"]
    shown = elman("use", fitted[0], *options, given=b"Brakh\n\nIlume\n").splitlines()
    assert (shown[0], shown[1], len(shown)) == (line, "", 3)


def test_one_class_needs_no_name(lists, tmp_path, elman):
    fitted_to([lists / "Brakh.txt"], tmp_path / "m")
    assert len(elman("use", tmp_path / "m", given=b"\n\n").splitlines()) == 2
    writer = load(tmp_path / "m")
    assert writer.module.condition is None
    assert [len(one.fields["names"]) for one in writer.use(["", "Brakh"], {"count": "2"})] == [2, 2]


def test_an_interrupted_fit_resumes(lists, tmp_path, interrupts):
    whole = fitted_to([lists], tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        fitted_to([lists], tmp_path / "cut", watch=interrupts(17))
    assert fitted_to([lists], tmp_path / "cut").curve == whole.curve


def test_names_that_training_lacks():
    vocabulary = Vocabulary.from_text(END + "abn")
    found, said = scored([("x", "Anna"), ("y", "b")], ["x"], vocabulary)
    assert found == [("x", "nna")]
    assert said[0] == "1 names of y are not scored: the training names lack the class"
    assert said[1].endswith("A")
    with pytest.raises(ValueError, match="has a class of the training names"):
        scored([("y", "b")], ["x"], vocabulary)


def test_a_seed_draws_its_own_names():
    rows = coded([("x", name) for name in ("a", "ab", "ba", "bb")], ["x"], Vocabulary.from_text(END + "ab"))
    model = ConditionalLanguageModel(3, 1, hidden_size=4).eval()
    losses = [[loss_of(model, rows, 4, seed)(update).item() for update in range(5)] for seed in (0, 0, 1)]
    assert losses[0] == losses[1] != losses[2]


def test_what_is_refused(fitted, lists, tmp_path, rewrite):
    writer = load(fitted[0])
    assert "did you mean Brakh" in next(iter(writer.use(["Brakhh"]))).error
    assert "knows no culture ''" in next(iter(writer.use([""]))).error
    with pytest.raises(UnknownName, match="setting temperature"):
        next(writer.use(["Brakh"], {"temperature": "-1"}))
    with pytest.raises(UnknownName, match="setting count"):
        next(writer.use(["Brakh"], {"count": "0"}))
    with pytest.raises(UnknownName, match="no cell 'MGUCel'; did you mean MGUCell"):
        fitted_to([lists], tmp_path / "m", "MGUCel")
    (tmp_path / "x.txt").write_text("12\n")
    with pytest.raises(DataError, match=r"x.txt has no name of x"):
        fitted_to([tmp_path / "x.txt"], tmp_path / "m")
    with pytest.raises(DataError, match="cannot be read"):
        score(fitted[0], [tmp_path / "nowhere.txt"])
    rewrite(fitted[0], lambda about: about["notes"]["cultures"].append("z"))
    with pytest.raises(ValueError, match="does not hold a model of names"):
        load(fitted[0])
