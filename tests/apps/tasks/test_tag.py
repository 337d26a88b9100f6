"""A tagger of one's own sentences: accuracy over words, tags in context, and the older command on the same model."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elman.apps import Request, fit, load, score
from elman.apps.fitting.contract import Columns
from elman.apps.tagging import accuracy, labelled
from elman.apps.tasks.tag import TASK, in_context, per_sentence, tokeniser_of
from elman.baselines.frequent_tags import FrequentTags
from elman.data.errors import DataError
from elman.data.sentences import Sentence, tagged
from elman.errors import UnknownName

SMALL = {"width": "12", "hidden_size": "8", "learning_rate": "0.03", "batch_size": "16"}
SENTENCES = tagged("reviews").training[:200]


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("data") / "tags.tsv"
    lines = ["".join(f"{w}\t{t}\n" for w, t in zip(one.words, one.tags, strict=True)) for one in SENTENCES]
    path.write_text("\n".join(lines))
    return path


def fitted_to(file, folder, cell="", watch=None, updates=40):
    return fit("tag", [file], folder, request=Request(cell=cell, settings=SMALL), updates=updates, watch=watch)


@pytest.fixture(scope="module", params=["", "GRUCell"])
def fitted(file, tmp_path_factory, request):
    folder = tmp_path_factory.mktemp("fit") / "model"
    return folder, fitted_to(file, folder, request.param)


def test_the_score_is_the_accuracy_over_words(fitted, file):
    tagger = load(fitted[0])
    found = score(fitted[0], [file]).scores[0][0]
    assert found.value == pytest.approx(accuracy(tagger.module, labelled(tagger.lexicon, tagger.tags, SENTENCES)))
    assert found.records == 200
    assert found.value > 0.5
    assert fitted[1].scores[0][1].of == "every word's most frequent tag"


def test_mistakes_are_words_in_context(fitted):
    tagger = load(fitted[0])
    one = Sentence(("the", "plot", "is", "thrilling"), tags=("X",) * 4)
    judged = tagger.judge([one])
    assert judged.score.value == 0
    assert len(judged.mistakes) == 4
    assert {m.given for m in judged.mistakes} == {in_context(one.words, k) for k in range(4)}
    assert all(m.expected == "X" and m.got in tagger.tags for m in judged.mistakes)
    assert in_context("abcdefghij", 5) == "b c d e [f] g h i j"


def test_both_commands_give_the_same_tags(fitted, elman):
    line = b"the plot is thrilling .\n\nI love the music .\n"
    shown = elman("use", fitted[0], given=line)
    assert shown == elman("tag", "--model", fitted[0], given=line)
    assert [len(row.split()) for row in shown.splitlines()] == [5, 0, 5]
    words = json.loads(elman("use", fitted[0], "--json", "the plot"))["words"]
    assert [one["word"] for one in words] == ["the", "plot"]


def test_an_interrupted_fit_resumes(file, tmp_path, interrupts):
    whole = fitted_to(file, tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        fitted_to(file, tmp_path / "cut", watch=interrupts(21))
    assert fitted_to(file, tmp_path / "cut").curve == whole.curve


def test_most_frequent_tags():
    best = FrequentTags([(["The", "run"], ["D", "N"]), (["run", "run"], ["V", "V"]), (["odd"], ["A"])])
    assert best(["The", "the", "THE", "run", "unseen"]) == ["D", "D", "D", "V", "D"]
    with pytest.raises(ValueError, match="at least one tagged word"):
        FrequentTags([])


@given(st.lists(st.lists(st.booleans(), min_size=1, max_size=5), min_size=1, max_size=5))
def test_the_weighted_mean_is_over_words(right):
    records = [Sentence(("w",) * len(one), tags=("A",) * len(one)) for one in right]
    found = per_sentence(records, [["A" if ok else "B" for ok in one] for one in right])
    every = [ok for one in right for ok in one]
    assert found.value == pytest.approx(sum(every) / len(every))


def test_the_tokeniser_that_fits():
    assert tokeniser_of([Sentence(("It", "is", "n't", "well-made"))]) == "words"
    assert tokeniser_of([Sentence(("a b-c@@", "''x''"))]) == "spaces"


@pytest.mark.parametrize(("content", "request_", "error", "said"), [
    ("a\n\nb\n", Request(), DataError, "no tagged sentences"),
    ("a\tX\nb\tY\n\n" * 20, Request(), ValueError, "got 1 groups"),
    ("a\tX\nb\tY\n\n" * 20, Request(Columns(label="x")), DataError, "number of the tags' column"),
    ("".join(f"a{k}\tX\nb\tY\n\n" for k in range(20)), Request(settings={"tokeniser": "word"}), UnknownName, "words"),
])  # fmt: skip
def test_what_is_refused(tmp_path, content, request_, error, said):
    (tmp_path / "t.tsv").write_text(content)
    with pytest.raises(error, match=said):
        fit("tag", [tmp_path / "t.tsv"], tmp_path / "m", request=request_, updates=2)


def test_a_single_tag():
    with pytest.raises(ValueError, match="with the tag 'X' only"):
        TASK.learner([Sentence(("a",), tags=("X",))], [], Request())


def test_notes_of_another_model(fitted, rewrite):
    rewrite(fitted[0], lambda about: about["notes"]["classes"].append("Z"))
    with pytest.raises(ValueError, match="does not hold a tagger"):
        load(fitted[0])
