"""Worked answers against the numbers of the chapter, and with the reader's own."""

import json
import shutil
import subprocess
from dataclasses import asdict, replace
from importlib.resources import files

import pytest

from elman.errors import UnknownName
from elman.lab.answers import answer as answered
from elman.lab.study import Record
from elman.lab.workspace import Desk
from elman.studies import find_study


def answer(exercise, tmp_path, **settings):
    """Run the one trial of a worked answer in this process."""
    study = find_study(exercise)
    plan = study.plan(settings=settings)
    (trial,) = study.trials(plan)
    return study.findings(plan, [replace(study.module.run(plan, trial, Desk(tmp_path)), trial=trial)])


@pytest.mark.parametrize(
    ("exercise", "summary"),
    [
        ("15.2", "The network has 104,242 parameters with one bias vector, 104,498 with PyTorch's two."),
        ("15.10", "The gradient's norm is 5; clipped at 2.5 it becomes [1.5, 2], of norm 2.5."),
        (
            "15.4",
            "The new cell state is c = [2, −0.3, −0.35]; dimension 2 receives the most new information, |i·g| = 0.4.",
        ),
        ("15.5", "An LSTM has 394,240 parameters and a GRU 295,680, with one bias vector per gate: a ratio of 3/4."),
        (
            "15.6",
            "The output (steps, batch, features) has shape (20, 3, 256); the final hidden state (layers times "
            "directions, batch, units) has shape (4, 3, 128).",
        ),
    ],
)
def test_the_numbers_of_the_chapter(exercise, summary, tmp_path):
    findings = answer(exercise, tmp_path)
    assert findings.summary == summary
    assert findings.claims
    assert {verdict.verdict for verdict in findings.claims} == {"holds"}


def test_own_numbers(tmp_path):
    findings = answer("15.4", tmp_path, forget="0,1", gate="0,1", candidate="1,-1", before="5,1")
    assert findings.summary.startswith("The new cell state is c = [0, 0]; dimension 2")
    assert answer("15.5", tmp_path, input_size="1", hidden_size="1").summary.startswith(
        "An LSTM has 12 parameters and a GRU 9, "
    )
    assert answer("15.6", tmp_path, num_layers="1", hidden_size="3").summary.endswith("has shape (2, 3, 3).")


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


def test_a_gradient_below_the_threshold_stays(tmp_path):
    found = answer("15.10", tmp_path, gradient="1,2,2", threshold="3.5")
    assert found.summary == "The gradient's norm is 3; not above the threshold 3.5, it stays [1, 2, 2]."
    assert {verdict.verdict for verdict in found.claims} == {"holds"}
    assert answer("15.10", tmp_path, gradient="0,0").summary.endswith("it stays [0, 0].")


def test_powers_and_the_gradients_of_a_real_cell(tmp_path):
    study = find_study("15.3")
    for settings in ({}, {"diagonal": "0.9,0.99", "steps": "100"}, {"diagonal": "-0.5"}):
        plan = study.plan(settings=settings)
        records = []
        for trial in study.trials(plan):
            record = study.module.run(plan, trial, Desk(tmp_path))
            records.append(Record(record.numbers, record.series, record.texts, record.arrays, trial))
        found = study.findings(plan, records)
        assert {verdict.verdict for verdict in found.claims} == {"holds"}
        assert found.tables[0].rows[0][1] == pytest.approx(plan.diagonal[0] ** plan.power)


def test_who_may_look_ahead(tmp_path):
    found = answer("15.1", tmp_path)
    assert [verdict.measured for verdict in found.claims] == [0, 3]
    assert "[7, 3] to [10, 3, 20]" in found.tables[0].rows[2]
    assert {v.verdict for v in answer("15.1", tmp_path, steps="1").claims} == {"undecided"}


@pytest.mark.parametrize(
    ("larger", "steps", "said"),
    [
        ("1.5,1.3", "50", "all grow, and the gradient explodes"),
        ("1.5,0.3", "50", "one of 2 grows, and the gradient explodes"),
        ("1.01,0.9", "50", "one of 2 grows, but less than 1,000-fold"),
        ("1,0.9", "50", "none grows, but the largest keeps more than"),
        ("0.5,0.3", "50", "all vanish"),
    ],
)
def test_what_explodes_is_said_by_a_bound(larger, steps, said):
    found = answered(find_study("15.3"), {"larger": larger, "steps": steps})
    assert said in found.passages[0].text.partition("**c)**")[2]


def test_the_next_word_has_both_answers_with_their_conditions():
    found = answered(find_study("15.1"))
    assert "many to one for a single word; many to many, aligned, for a language model" in found.summary
    (table,) = found.tables
    rows = {row[0]: dict(zip(table.columns, row, strict=True)) for row in table.rows}
    assert rows["d"]["shapes, as run"].endswith("17]")  # tags, not features
    assert rows["a"]["first output known"] == "after the last word"


CASES = {
    "15.4": [{}, {"forget": (1.5, 0.1, 0.5)}, {"gate": (-0.1, 0.8, 0.5)}, {"candidate": (1.0, -1.5, 0.3)},
             {"forget": (1.0, 0.0, 0.5)}, {"before": (1.0, 2.0)}],
    "15.3": [{}, {"steps": 1}, {"steps": 1001}, {"power": 0}, {"power": 1}, {"larger": (1e7, 1.0)}, {"steps": 1000}],
    "15.10": [{}, {"threshold": 0.0}, {"threshold": -1.0}, {"gradient": (0.0,)}],
}  # fmt: skip


@pytest.mark.skipif(shutil.which("node") is None, reason="the page's code runs in node")
@pytest.mark.parametrize("exercise", CASES)
def test_the_page_and_the_command_refuse_the_same_numbers(exercise):
    """Everything that the plan refuses, the page's formula refuses, and it answers everything else."""
    study, taken = find_study(exercise), []
    for case in CASES[exercise]:
        try:
            study.plan(settings=case)
            taken.append(True)
        except UnknownName:
            taken.append(False)
    given = [asdict(study.plan()) | case for case in CASES[exercise]]
    path = files("elman.lab").joinpath("templates/answers.js")
    code = f"const a = require({json.dumps(str(path))}); const f = a.formulas[{json.dumps(exercise)}];"
    code += f"console.log(JSON.stringify({json.dumps(given)}.map(p => Boolean(f(p)))))"
    said = subprocess.run(["node", "-e", code], capture_output=True, text=True, check=True).stdout
    assert json.loads(said) == taken
    assert True in taken
    assert False in taken


def test_only_a_clipped_gradient_is_said_to_be_divided(tmp_path):
    clipped, kept = (answer("15.10", tmp_path, gradient="3,4", threshold=t).passages[0].text for t in ("2.5", "9"))
    assert "since it divides by" in clipped
    assert "since it divides by" not in kept
