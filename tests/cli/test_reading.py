"""``elman classify`` and ``elman tag`` with small models trained on the embedded reviews."""

import json
import shutil
import subprocess
import sys

import pytest
import torch

from elman.data.lexicon import Lexicon
from elman.data.sentences import sentiment
from elman.data.tokens import tokenise, ud_english
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
        ["PRON", "VERB", "DET(", "NOUN", "PUNC"], [], ["DET(", "NOUN", "AUX(", "DET(", "NOUN", "PUNC"],
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
    [([""], b"", "at least one word, got ''"), ([], b"", "there is no text"),
     (["a", "--model", "nowhere"], b"", "no model in nowhere"),
     (["a", "--tokeniser", "sst"], b"", "no tokeniser 'sst'; did you mean sst2"),
     (["--file", "nowhere.txt"], b"", "nowhere.txt cannot be read"),
     (["a", "--out", "nowhere"], b"", "no trained model in nowhere")],
)  # fmt: skip
def test_nothing_to_read(elman, results, command, words, given, said):
    out = [] if "--out" in words or "--model" in words else ["--out", results]
    code = 1 if "nowhere" in " ".join(words) else 2
    assert said in elman(command, *words, *out, code=code, given=given)


@pytest.mark.parametrize("command", ["classify", "tag"])
def test_lines_in_lines_out(elman, results, command, tmp_path):
    lines = ["I love the plot .", "", "<br />", "the cast is dull .", " "]
    path = tmp_path / "lines.txt"
    path.write_bytes("\r\n".join(lines).encode("utf-16"))
    for where, given in (
        ([], "\n".join(lines).encode()),
        (["-"], "\n".join(lines).encode()),
        (["--file", path], b""),
    ):
        refused = elman(command, *where, "--json", "--out", results, code=1, given=given)
        assert "line 3: expected at least one word, got '<br />'" in refused
    elman(command, "I love the plot .", "", "--out", results, code=1)


@pytest.mark.parametrize("command", ["classify", "tag"])
def test_every_line_has_its_answer(results, command):
    lines = "I love the plot .\n\n<br />\nthe cast is dull ."
    code = "from elman.cli import main; main()"
    for option in ([], ["--json"]):
        done = subprocess.run(
            [sys.executable, "-c", code, command, "--out", results, *option],
            input=lines, capture_output=True, text=True, check=False,
        )  # fmt: skip
        out = done.stdout.splitlines()
        assert done.returncode == 1
        assert done.stderr == "elman: line 3: expected at least one word, got '<br />'\n"
        if option:
            read = list(map(json.loads, out))
            assert [one["text"] for one in read] == lines.split("\n")
            assert list(map(len, read)) == [2, 1, 2, 2]
            assert "error" in read[2]
        else:
            assert [bool(line) for line in out] == [True, False, False, True]


def test_the_tokeniser_is_the_model_s(elman, results, tmp_path, rewrite):
    (model,) = results.glob("15.34*/quick/trials/*/model")
    text = "DON'T pay $3.50 at 10:30 in the U.S...."
    tagged = json.loads(elman("tag", text, "--json", "--model", model))
    assert [one["word"] for one in tagged["words"]] == ud_english(text)
    for name in ("spaces", "rt-polarity"):
        shutil.copytree(model, tmp_path / name)
        rewrite(tmp_path / name, lambda about, name=name: about["notes"].update(tokeniser=name))
        tagged = json.loads(elman("tag", text, "--json", "--model", tmp_path / name))
        assert [one["word"] for one in tagged["words"]] == tokenise(name, text)
    tagged = json.loads(elman("tag", text, "--json", "--model", tmp_path / name, "--tokeniser", "spaces"))
    assert [one["word"] for one in tagged["words"]] == text.split()


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
