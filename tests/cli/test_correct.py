"""``elman correct`` with untrained models, whose answers are checked by hand, and with words that are none."""

import json
import re

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from elman.apps import spelling
from elman.apps.correcting import corrected, with_capitals
from elman.data.typos import ALPHABET, alphabet_of
from elman.nn.saving import load_seq2seq, make_seq2seq, save_made

COUNTS = {"then": 5, "the": 9, "hat": 1, "cat": 4}


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    torch.manual_seed(0)
    out = tmp_path_factory.mktemp("results")
    channel = {"counts": COUNTS, "weight": 1.0, "edits": 2, "candidates": 3}
    for kind, head, notes in (
        ("channel", "pointer-generator", channel),
        ("corrector", "generator", {"counts": COUNTS}),
    ):
        made_of = spelling.settings(8, head)
        folder = out / "15.23-spelling" / "quick" / "trials" / f"{kind}-seed0" / "model"
        save_made(folder, make_seq2seq(made_of), made_of, notes)
    return out


def model_of(results, kind):
    return results / "15.23-spelling" / "quick" / "trials" / f"{kind}-seed0" / "model"


def test_the_channel_and_the_dictionary(elman, results):
    net, notes = load_seq2seq(model_of(results, "channel"))
    near = [[("the", 1), ("then", 2)]]
    order = spelling.ranked(spelling.channel_scores(net, ["teh"], near)[0], notes["counts"], 1.0)
    best = order[0][0]
    assert elman("correct", "teh", "Teh", "TEH", "--out", results).split() == [best, best.title(), best.upper()]
    several = elman("correct", "teh", "--n-best", "5", "--out", results)
    assert several == "".join(f"{score:8.3f}  {word}\n" for word, score in order)


def test_the_beam(elman, results):
    out = elman("correct", "teh", "--beam", "20", "--n-best", "4", "--out", results)
    assert sorted(line.split()[1] for line in out.splitlines()) == sorted(COUNTS)


def test_why(elman, results):
    out = elman("correct", "teh", "--explain", "--out", results)
    figure = results / "correct-teh.svg"
    assert "log P(typo | word)" in out
    assert "Attention" in out
    assert figure.read_text().startswith("<?xml")
    assert "(finished)" in elman("correct", "teh", "--beam", "3", "--explain", "--out", results)


def test_what_is_near_nothing_stays(elman, results):
    assert elman("correct", "zzzzzzzz", "--explain", "--out", results) == "zzzzzzzz\n"


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ([""], 2, "expected at least one word, got ''"),
        ([], 1, "no trained model in results"),
        (["teh", "--explain", "--json"], 2, "--explain draws tables"),
        (["teh", "--dictionary", "nowhere"], 1, "no trained model in"),
        (["teh", "--beam", "1", "--n-best", "2"], 2, "--n-best 2 needs --beam 2 or more, or --beam 0; got 1"),
        (["teh", "--out", "nowhere"], 1, "no trained model in nowhere; `elman study 15.23 --quick` trains one"),
        (["teh", "--model", "nowhere"], 1, "no model in nowhere: model.json is missing"),
    ],
)
def test_wrong_words(elman, words, code, said):
    assert said in elman("correct", *words, code=code)


def test_the_wrong_kind_of_model(elman, results):
    folder = model_of(results, "channel")
    assert "does not hold a corrector" in elman("correct", "teh", "--beam", "2", "--model", folder, code=1)
    folder = model_of(results, "corrector")
    assert "does not hold a channel" in elman("correct", "teh", "--model", folder, code=1)


def test_what_is_not_corrected(elman, results):
    text = "a I x it's naïve 10th C-3PO me@x.org a.txt, Hat!"
    assert elman("correct", text, "--out", results) == text + "\n"


def test_lines_stay_lines(elman, results):
    out = elman("correct", "--out", results, given=b"the  cat, \n\nHAT\tcat\n")
    assert out == "the  cat,\n\nHAT\tcat\n"


def test_json(elman, results):
    first, blank = map(json.loads, elman("correct", "--json", "--n-best", 2, "--out", results,
                                         given=b"Teh it's\n\n").splitlines())  # fmt: skip
    assert list(first) == ["text", "corrected", "words", "left"]
    assert first["left"] == ["it's"]
    (word,) = first["words"]
    assert word["word"] == "Teh"
    assert word["corrections"][0]["word"] == first["corrected"].split()[0]
    assert len(word["corrections"]) == 2
    assert blank == {"text": ""}


def test_an_own_dictionary_and_own_misspellings(elman, results, tmp_path):
    (tmp_path / "words.txt").write_text("tea 3\ndon't\nten\n??\n")
    (tmp_path / "pairs.txt").write_text("teh\tthee\n")
    said = elman("correct", "teh don't", "--out", results, "--dictionary", tmp_path / "words.txt")
    assert said.split()[0] in ("tea", "ten")
    assert said.split()[1] == "don't"
    said = elman("correct", "Teh cat", "--out", results, "--misspellings", tmp_path / "pairs.txt")
    assert said.split()[0] == "Thee"
    (tmp_path / "words.txt").write_text("naïve\n")
    refused = elman("correct", "teh", "--out", results, "--dictionary", tmp_path / "words.txt", code=1)
    assert "has no word of two letters or more that the model can write" in refused


@pytest.mark.parametrize(
    ("written", "correction", "shown"),
    [("Paris", "paris", "Paris"), ("THe", "the", "The"), ("TEH", "the", "THE"), ("Teh", "the", "The"),
     ("teh", "the", "the"), ("iPhone", "iphone", "iPhone"), ("TVs", "tvs", "TVs"),
     ("McDonald", "mcdonald", "McDonald"),
     ("", "", "")],
)  # fmt: skip
def test_capitals(written, correction, shown):
    assert with_capitals(written, correction) == shown


@given(st.text(max_size=30) | st.text("aB' .\n1", max_size=30))
def test_a_text_without_errors_stays(text):
    def echo(words):
        assert all(re.fullmatch("[a-z]{2,}", word) for word in words)
        return [[(word, 0.0)] for word in words]

    found = corrected(text, echo, ALPHABET)
    assert found.text.lower() == text.lower()


def test_a_model_of_another_alphabet(elman, tmp_path):
    alphabet = alphabet_of(["don't", "größe"])
    settings = spelling.settings(8, "pointer-generator", alphabet)
    counts = {"don't": 3, "größe": 2}
    notes = {"counts": counts, "weight": 1.0, "edits": 2, "candidates": 3, "alphabet": alphabet}
    save_made(tmp_path / "model", make_seq2seq(settings), settings, notes)
    assert elman("correct", "Gröse dont", "--model", tmp_path / "model") == "Größe don't\n"
    notes["alphabet"] = alphabet[:-1] + "x"
    save_made(tmp_path / "wrong", make_seq2seq(settings), settings, notes)
    assert "a word of its dictionary has 'ö'" in elman("correct", "a b", "--model", tmp_path / "wrong", code=1)
