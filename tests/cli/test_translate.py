"""``elman translate`` with a small model, and with words it cannot do anything with."""

import json

import pytest
import torch

from elman.lab.study import Trial
from elman.lab.workspace import Desk
from elman.studies import find_study
from elman.studies.ex28_attention_maps import translation


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    out = tmp_path_factory.mktemp("results")
    plan = find_study("15.28").plan(True, {"updates_small": "250", "hidden_size": "48", "test_size": "100"})
    torch.manual_seed(0)
    folder = out / "15.28-attention-maps" / "quick" / "trials" / "translation-small-grammar-seed0-x"
    record = translation.run(plan, Trial(translation.ARM, 0, translation.GRAMMAR), Desk(folder))
    assert record.numbers["exact"] > 0.9
    return out


def test_it_translates(elman, results):
    assert elman("translate", "The man says that the dog sees the man", "--out", results) == (
        "der Mann sagt , dass der Hund den Mann sieht\n"
    )


def test_several_and_why(elman, results):
    out = elman("translate", "the cat sees the dog", "--beam", 3, "--n-best", 2, "--explain", "--out", results)
    assert out.splitlines()[0].endswith("die Katze sieht den Hund")
    assert "Attention per token" in out
    assert "(finished)" in out
    assert (results / "translate-the-cat-sees-the-dog.svg").read_text().startswith("<?xml")


def test_lines_and_json(elman, results):
    given = b"the cat sees the dog\n\nthe dog sees the cat\n"
    assert elman("translate", "--out", results, given=given) == (
        "die Katze sieht den Hund\n\nder Hund sieht die Katze\n"
    )
    first, blank, _ = map(json.loads, elman("translate", "--json", "--out", results, given=given).splitlines())
    assert first["text"] == "the cat sees the dog"
    assert first["written"][0]["text"] == "die Katze sieht den Hund"
    assert first["written"][0]["log_probability"] < 0
    assert blank == {"text": ""}


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ([""], 2, "at least one word"),
        (["the dog", "--n-best", "2"], 2, "--n-best 2 needs --beam 2"),
        (["the dog", "--out", "nowhere"], 1, "no trained model in nowhere; `elman study 15.28 --quick` trains one"),
        (["the dog", "--model", "nowhere"], 1, "no model in nowhere"),
    ],
)
def test_wrong_words(elman, words, code, said):
    assert said in elman("translate", *words, code=code)
