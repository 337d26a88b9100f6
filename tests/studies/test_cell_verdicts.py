"""What the studies of cells conclude from records made by hand: gains, ties, and arms that failed."""

import pytest
import torch

from elman.cells import LSTMCell, PeepholeLSTMCell
from elman.errors import UnknownName
from elman.lab.study import Record
from elman.lab.verdicts import interval
from elman.lab.workspace import Desk
from elman.studies import find_study

STUDIES = ("15.26", "15.27", "15.29")
SMALL = {
    "hidden_size": "4",
    "updates": "2",
    "batch_size": "4",
    "test_size": "10",
    "seeds": "3",
    "cells": "MinGRUCell",
}


def small(exercise, **settings):
    study = find_study(exercise)
    return study, study.plan(quick=False, settings=SMALL | settings)


def invented(study, plan, accuracy):
    """A record for every trial with the accuracy given by arm, task and seed."""
    records = []
    for trial in study.trials(plan):
        numbers = {"accuracy": accuracy(trial.arm, trial.on["task"], trial.seed), "parameters": 100.0}
        records.append(Record(numbers, {"loss": [2.0, 1.0]}, trial=trial))
    return records


def verdicts(study, plan, accuracy):
    """Verdict and mean of every claim that is measured."""
    found = study.findings(plan, invented(study, plan, accuracy))
    return {v.claim.key: (v.verdict, round(v.measured, 6)) for v in found.claims if not v.exact}


@pytest.mark.parametrize("exercise", STUDIES)
def test_arms_that_are_all_perfect_gain_nothing(exercise):
    gains = {
        "15.26": {"timing", "unit"},
        "15.27": {"bias", "lag", "update"},
        "15.29": {"critical", "stream", "bias"},
    }[exercise]
    found = verdicts(*small(exercise), lambda arm, task, seed: 1.0)
    assert {key for key, verdict in found.items() if verdict == ("does not hold", 0.0)} == gains
    if exercise == "15.29":
        study, plan = small(exercise)
        said = study.findings(plan, invented(study, plan, lambda *_: 1.0)).summary
        assert said.startswith(
            "On copy, removing the forget gate costs no accuracy (0 accuracy lost); on the stream, "
        )


@pytest.mark.parametrize("exercise", STUDIES)
def test_an_arm_that_failed_altogether_leaves_the_rest(exercise):
    study, plan = small(exercise)
    records = invented(study, plan, lambda arm, task, seed: 0.5 + 0.01 * seed)
    for arm in dict.fromkeys(trial.arm for trial in study.trials(plan)):
        found = study.findings(plan, [r for r in records if r.trial.arm != arm])
        assert [v.claim for v in found.claims] == list(study.claims(plan))
        assert arm not in [row[0] for row in found.tables[-1].rows]


@pytest.mark.parametrize("exercise", STUDIES)
def test_differences_are_taken_seed_by_seed(exercise):
    """The seeds differ by far, the arms not at all: one lost trial must not look like a difference."""
    study, plan = small(exercise)
    records = invented(study, plan, lambda arm, task, seed: seed / 4)
    for lost in (r for r in records if r.trial.seed == 2):
        found = study.findings(plan, [r for r in records if r is not lost])
        assert {v.measured for v in found.claims if not v.exact} == {0.0}


@pytest.mark.parametrize("exercise", STUDIES)
def test_the_table_shows_the_records(exercise):
    study, plan = small(exercise)
    records = invented(study, plan, lambda arm, task, seed: (len(arm) * 7 + len(task) * 3 + seed) % 50 / 50)
    table = study.findings(plan, records).tables[-1]
    assert "MinGRUCell" in [row[0] for row in table.rows]
    for row in table.rows:
        for task, shown in zip(table.columns[2:], row[2:], strict=True):
            if shown is None:  # an arm of the other task alone
                assert row[0].endswith("one more unit")
                continue
            of = [r.numbers["accuracy"] for r in records if (r.trial.arm, r.trial.on) == (row[0], {"task": task})]
            mean, low, high = interval(of)
            assert shown == f"{mean:.3f} ({max(0, low):.3f} to {min(1, high):.3f})"


def test_peepholes_are_held_to_equivalence_from_both_sides():
    study, plan = small("15.26", delays="5,9,12")
    gain = {"copy after 5": 0.05, "copy after 9": 0.2, "copy after 12": -0.2, "timing": 0.1}
    found = verdicts(study, plan, lambda arm, task, seed: 0.5 + 0.01 * seed + gain[task] * (arm == "peephole"))
    assert found == {
        "equal|5": ("holds", 0.05), "equal|9": ("does not hold", 0.2), "equal|12": ("does not hold", -0.2),
        "timing": ("holds", 0.1), "unit": ("holds", 0.1),
    }  # fmt: skip
    noisy = verdicts(study, plan, lambda arm, task, seed: 0.4 + 0.3 * (arm == "peephole") * (seed - 1))
    assert noisy["equal|5"] == ("undecided", 0.0)
    with pytest.raises(UnknownName, match="long must be more than short, got 3 and 3"):
        study.plan(settings={"short": "3", "long": "3"})


def test_timing_is_learned_with_units_of_its_own(tmp_path):
    study, plan = small("15.26", delays="1", short="1", long="2", timing_units="3")
    for trial in study.trials(plan):
        arm, task = trial.arm, trial.on["task"]
        if trial.seed == 0 and arm != "MinGRUCell":
            sizes = (1, 3 + arm.endswith("one more unit")) if task == "timing" else (10, 4)
            cell = (PeepholeLSTMCell if arm == "peephole" else LSTMCell)(*sizes)
            torch.manual_seed(0)
            counted = study.module.run(plan, trial, Desk(tmp_path)).numbers["parameters"]
            assert counted == sum(p.numel() for p in cell.parameters())


def test_the_headline_follows_the_records():
    """Accuracies change, and so does the sentence; a headline cannot name a gate that the verdict does not."""
    study, plan = small("15.29")
    said = []
    for cost in (0.4, 0.0, -0.4):
        records = invented(study, plan, lambda arm, task, seed, cost=cost: 0.5 - cost * (arm == "no forget gate"))
        said.append(study.findings(plan, records).summary)
    assert said[0].startswith(
        "On copy, removing the forget gate costs accuracy (0.4 accuracy lost); on the stream of "
    )
    assert said[2].startswith("On copy, removing the forget gate costs no accuracy (−0.4 accuracy lost)")
    noisy = invented(study, plan, lambda arm, task, seed: 0.5 + 0.2 * (seed - 1) * (arm == "no forget gate"))
    assert study.findings(plan, noisy).summary.startswith(
        "Undecided: on copy, removing the forget gate costs accuracy"
    )


@pytest.mark.parametrize(
    ("exercise", "field", "wrong"),
    [("15.27", "arms", "GRUs"), ("15.27", "tasks", "copying"), ("15.29", "arms", "half"), ("15.29", "copy_arms", "")],
)
def test_arms_and_tasks_are_chosen_by_name(exercise, field, wrong):
    with pytest.raises(UnknownName, match=f"{field} must name some of"):
        find_study(exercise).plan(settings={field: wrong})


def test_a_plan_of_some_arms_states_the_claims_that_they_decide():
    quick = {claim.key for claim in find_study("15.29").claims(find_study("15.29").plan(quick=True))}
    assert quick == {"critical", "stream", "worst"}
    few = find_study("15.35").plan(settings={"arms": "ODE-RNN"})
    assert {claim.key for claim in find_study("15.35").claims(few)} == {"flow", "far"}


def test_the_gates_that_keep_the_state_start_open():
    module = find_study("15.27").module
    assert module.make_cell("GRU equal parameters, bias 2", 3, 5).bias.chunk(3)[1].unique().tolist() == [2.0]
    assert module.make_cell("GRU", 3, 5).bias.unique().tolist() == [0.0]
    assert module.make_cell("LSTM", 3, 5).bias.chunk(4)[1].unique().tolist() == [1.0]


def test_the_gate_of_the_mgu_starts_where_the_arm_says():
    module = find_study("15.27").module
    plain, biased = (module.make_cell(arm, 3, 5).bias.tolist() for arm in ("MGU", "MGU gate bias -2"))
    assert plain == [0.0] * 10
    assert biased == [-2.0] * 5 + [0.0] * 5
