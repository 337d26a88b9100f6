"""``elman reverse`` with a small model, and with words that are no digits."""

from itertools import pairwise

import pytest
import torch

from elman.data.reversal import Reversal
from elman.nn.saving import make_seq2seq, save_made
from elman.studies.shared.reversing import settings, train_reversal
from elman.train.forcing import always


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    torch.manual_seed(0)
    out = tmp_path_factory.mktemp("results")
    made_of = settings(48, "additive")
    model = make_seq2seq(made_of)
    train_reversal(model, Reversal(3, 6), 150, 64, 1e-2, 0, always, lambda update, loss: None)
    folder = out / "15.15-number-reversal" / "quick" / "trials" / "attention-reads=teacher-forcing-seed0-x" / "model"
    save_made(folder, model, made_of, {})
    return out


def test_it_reverses(elman, results):
    assert elman("reverse", "3 1 4 2", "--out", results) == "2 4 1 3\n"
    assert elman("reverse", "3142", "--out", results) == "2 4 1 3\n"


def test_several_and_why(elman, results):
    out = elman("reverse", "3 1 4 2", "--beam", "3", "--n-best", "2", "--explain", "--out", results)
    first, second, *rest = out.splitlines()
    assert first.split()[1:] == ["2", "4", "1", "3"]
    assert float(first.split()[0]) >= float(second.split()[0])
    assert "Attention per token" in out
    assert "(finished)" in out
    figure = results / "reverse-3142.svg"
    assert f"wrote {figure}" in rest
    assert figure.read_text().startswith("<?xml")


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["a b"], 2, "expected single digits"),
        ([""], 2, "expected single digits"),
        (["1 23"], 2, "expected single digits"),
        (["1", "--n-best", "2"], 2, "--n-best 2 needs --beam 2 or more, got 1"),
        (["1", "--out", "nowhere"], 1, "no trained model in nowhere; `elman study 15.15 --quick` trains one"),
        (["1", "--model", "nowhere"], 1, "no model in nowhere: model.json is missing"),
    ],
)
def test_wrong_words(elman, words, code, said):
    assert said in elman("reverse", *words, code=code)


def test_the_search_obeys_its_options(elman, results):
    """The definitions: a minimum length, no run of digits twice, and groups that choose apart."""
    assert len(elman("reverse", "3142", "--beam", "3", "--min-length", "6", "--out", results).split()) >= 6
    free = elman("reverse", "1212", "--beam", "4", "--out", results).split()
    once = elman("reverse", "1212", "--beam", "4", "--no-repeat-ngram", "2", "--out", results).split()
    pairs = list(pairwise(once))
    assert free == ["2", "1", "2", "1"]
    assert len(set(pairs)) == len(pairs)
    words = ("reverse", "3142", "--beam", "4", "--n-best", "4", "--out", results)
    apart = elman(*words, "--groups", "2", "--penalty", "50").splitlines()
    assert len({line.split()[1] for line in apart}) > 1
    said = elman(*words, "--groups", "3", code=2)
    assert "--groups 3 needs a --beam that is a multiple of 3, got 4" in " ".join(said.split())
