"""``elman correct`` with untrained models, whose answers are checked by hand, and with words that are none."""

import pytest
import torch

from elman.apps import spelling
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
    assert elman("correct", "teh", "Teh", "--out", results) == f"{order[0][0]}\n" * 2
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
        (["it's"], 2, 'expected words of letters a to z, got "it\'s"'),
        ([""], 2, "expected words of letters a to z, got ''"),
        (["naïve"], 2, "expected words of letters a to z"),
        ([], 2, "Missing argument 'WORD...'"),
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
