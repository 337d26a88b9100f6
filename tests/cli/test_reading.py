"""``elman classify`` and ``elman tag`` with small models trained on the embedded reviews."""

import json
import shutil

import pytest
import torch

from elman.data.lexicon import Lexicon
from elman.data.sentences import sentiment
from elman.nn.saving import make_text_model, save_made
from elman.train.epochs import Labelled, fit


def trained(folder, kind):
    torch.manual_seed(0)
    corpus = sentiment("reviews")
    some = [one for one in corpus.training if one.kind in ("plain", "negation")][:600]
    lexicon = Lexicon.of([one.words for one in some])
    names = corpus.labels if kind == "TextClassifier" else corpus.tags
    inputs = [torch.from_numpy(lexicon.encode(one.words)) for one in some]
    if kind == "TextClassifier":
        targets = [names.index(one.label) for one in some]
    else:
        targets = [torch.tensor([names.index(tag) for tag in one.tags]) for one in some]
    settings = {"kind": kind, "sizes": lexicon.sizes, "widths": [16], "cell": "GRUCell", "hidden_size": 24,
                "bidirectional": True, "classes": len(names)}  # fmt: skip
    model = make_text_model(settings)
    for _ in fit(model, Labelled(inputs, targets), None, 8, learning_rate=1e-2):
        pass
    save_made(folder, model, settings, {"lexicon": lexicon.to_json(), "classes": names})


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    out = tmp_path_factory.mktemp("results")
    for study, kind in (("15.14-bidirectional-sentiment", "TextClassifier"), ("15.34-multi-task", "Tagger")):
        trained(out / study / "quick" / "trials" / "x-seed0" / "model", kind)
    return out


def test_classes(elman, results):
    out = elman("classify", "the plot is wonderful .", "The plot is not wonderful .", "--out", results)
    assert [line.split()[0] for line in out.splitlines()] == ["positive", "negative"]
    assert "4 of 4 words unknown" in elman("classify", "qwerty asdf zxcv uiop", "--out", results)


def test_tags_and_lines_piped_in(elman, results):
    out = elman("tag", "--out", results, given=b"I love the plot .\n\nthe music is a love .\n")
    assert [[word.split("/")[1][:4] for word in line.split()] for line in out.splitlines()] == [
        ["PRON", "VERB", "DET(", "NOUN", "PUNC"], ["DET(", "NOUN", "AUX(", "DET(", "NOUN", "PUNC"],
    ]  # fmt: skip


@pytest.mark.parametrize("command", ["classify", "tag"])
def test_json(elman, results, command):
    reported = json.loads(elman(command, "I love the plot .", "--json", "--out", results))
    assert reported["text"] == "I love the plot ."
    if command == "classify":
        assert sum(reported["classes"].values()) == pytest.approx(1, abs=1e-6)
    else:
        assert [one["word"] for one in reported["words"]] == ["I", "love", "the", "plot", "."]
        assert all(0 < one["probability"] <= 1 for one in reported["words"])


@pytest.mark.parametrize("command", ["classify", "tag"])
@pytest.mark.parametrize(
    ("words", "given", "said"),
    [([""], b"", "at least one word, got ''"), ([], b"", "there is no text"), ([], b" \n\n", "there is no text"),
     (["a", "--model", "nowhere"], b"", "no model in nowhere"),
     (["a", "--out", "nowhere"], b"", "no trained model in nowhere")],
)  # fmt: skip
def test_nothing_to_read(elman, results, command, words, given, said):
    out = [] if "--out" in words or "--model" in words else ["--out", results]
    assert said in elman(command, *words, *out, code=1, given=given)


def test_a_model_of_the_other_kind_and_odd_input(elman, results):
    (tagger,) = results.glob("15.34*/quick/trials/*/model")
    assert "expected a TextClassifier" in elman("classify", "a", "--model", tagger, code=1)
    out = elman("classify", "--out", results, given=b"\xff\xfe good \x00\n" + b"bad " * 3000)
    assert len(out.splitlines()) == 2


@pytest.mark.parametrize("evidence", [[], {"words": {}}, {"words": {"a": [1]}, "pairs": {}}, {"words": 3}])
def test_evidence_that_is_none(elman, results, tmp_path, evidence, rewrite):
    (model,) = results.glob("15.14*/quick/trials/*/model")
    shutil.copytree(model, tmp_path / "model")
    rewrite(tmp_path / "model", lambda about: about["notes"].update(evidence=evidence))
    said = elman("classify", "a", "--model", tmp_path / "model", code=1)
    assert "does not hold the words and classes of its model: evidence" in said
