"""Worked answers against the numbers of the chapter, and with the reader's own."""

import pytest

from elman.errors import UnknownName
from elman.lab.desk import Desk
from elman.lab.study import find_study


def answer(exercise, tmp_path, **settings):
    """Run the one trial of a worked answer in this process."""
    study = find_study(exercise)
    plan = study.plan(settings=settings)
    (trial,) = study.trials(plan)
    return study.findings(plan, [study.module.run(plan, trial, Desk(tmp_path))])


@pytest.mark.parametrize(
    ("exercise", "summary"),
    [
        ("15.2", "104,242 parameters with one bias vector, 104,498 with PyTorch's two."),
        ("15.4", "c = [2, -0.3, -0.35]; dimension 2 receives most new information."),
        ("15.5", "LSTM 394,240, GRU 295,680 with one bias vector a gate: a ratio of 3/4."),
        ("15.6", "Output (20, 3, 256), final hidden state (4, 3, 128)."),
    ],
)
def test_the_numbers_of_the_chapter(exercise, summary, tmp_path):
    findings = answer(exercise, tmp_path)
    assert findings.summary == summary
    assert findings.claims
    assert {verdict.verdict for verdict in findings.claims} == {"holds"}


def test_own_numbers(tmp_path):
    findings = answer("15.4", tmp_path, forget="0,1", gate="0,1", candidate="1,-1", before="5,1")
    assert findings.summary.startswith("c = [0, 0]; dimension 2")
    assert answer("15.5", tmp_path, input_size="1", hidden_size="1").summary.startswith("LSTM 12, GRU 9 ")
    assert answer("15.6", tmp_path, num_layers="1", hidden_size="3").summary.endswith("final hidden state (2, 3, 3).")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"forget": "1,2"}, "less than or equal to 1"),
        ({"forget": "1,0.2"}, "lstm-gates: forget, gate, candidate and before must have the same number of entries"),
        ({"candidate": "a,b,c"}, "valid number"),
    ],
)
def test_own_numbers_that_make_no_sense(settings, message):
    with pytest.raises(UnknownName, match=message):
        find_study("15.4").plan(settings=settings)
