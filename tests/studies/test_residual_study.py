"""The study of deep stacks: a tiny plan from end to end, its stacks, and findings from records made by hand."""

import math
from dataclasses import replace

import pytest
import torch

from elman.cells import LSTMCell
from elman.errors import UnknownName
from elman.lab.arms import Arms
from elman.lab.figures import draw
from elman.lab.findings import Heatmap
from elman.lab.study import Record, Trial
from elman.lab.workspace import Desk
from elman.studies import find_study
from elman.studies.ex20_residual.results import Arm, learned_at, slope, stuck
from elman.studies.ex20_residual.study import KINDS, QUICK, Plan, arms, claims, make_layers, results_of, trials

TEXT = "the cat sat on the mat and the dog sat on the log\n" * 40
TINY = {"size": "5", "updates": "4", "depths": "1,2,3", "window": "8", "batch_size": "2", "validation": "60",
        "rates": "0.001,0.01", "probes": "2", "seeds": "2"}  # fmt: skip


def test_a_tiny_plan_from_end_to_end(tmp_path):
    (tmp_path / "own.txt").write_text(TEXT)
    study = find_study("15.20")
    plan = study.plan(False, TINY | {"text": str(tmp_path / "own.txt"), "cells": "LSTMCell,GRUCell"})
    assert study.claims(plan) == study.claims(replace(plan, cells=("LSTMCell",)))
    records = []
    for trial in study.trials(plan):
        torch.manual_seed(trial.seed or 0)
        record = study.module.run(plan, trial, Desk(tmp_path / trial.name))
        assert record.series["probed"] == [0, 2, 4]
        assert all(math.isfinite(number) for number in record.numbers.values())
        records.append(replace(record, trial=trial))
    found = study.findings(plan, records)
    assert [verdict.claim for verdict in found.claims] == study.claims(plan)
    assert {verdict.n for verdict in found.claims} == {2}
    best, every = found.tables
    assert len(best.rows) == len(every.rows) == len(arms(plan)) == 3 * 5 - 1 + 3 * 4 - 1
    assert all(len(row) == len(table.columns) for table in found.tables for row in table.rows)
    assert "3 layers of GRUCell" in found.summary
    maps = [figure for figure in found.figures if isinstance(figure, Heatmap)]
    assert len(maps) == 5 + 4
    assert all(len(heatmap.values) == 3 and len(heatmap.values[0]) == 3 for heatmap in maps)
    assert all(draw(figure).startswith("<?xml") for figure in found.figures)


def test_the_gradient_of_a_layer_is_that_of_its_parameters(tmp_path):
    """The probe before the first update against the derivative of the same loss by finite differences."""
    (tmp_path / "own.txt").write_text(TEXT)
    study = find_study("15.20")
    settings = {"size": "2", "updates": "1", "depths": "2", "window": "4", "batch_size": "2", "kinds": "residual",
                "rates": "0.001", "seeds": "1", "text": str(tmp_path / "own.txt")}  # fmt: skip
    plan = study.plan(False, settings)
    (trial,) = study.trials(plan)
    torch.manual_seed(3)
    record = study.module.run(plan, trial, Desk(tmp_path))
    norms = [record.series[f"layer {k}"][0] for k in (1, 2)]

    from elman import data
    from elman.data.vocabulary import Vocabulary
    from elman.nn.language_model import LanguageModel
    from elman.train.streams import Streams

    training, _ = data.split(TEXT)
    vocabulary = Vocabulary.from_text(training)
    torch.manual_seed(3)
    layers = make_layers(Arm("LSTMCell", "residual", 2), 2)
    model = LanguageModel(len(vocabulary), 2, recurrent=layers).double()
    inputs, targets = Streams(torch.from_numpy(vocabulary.encode(training)), 2, 4).window(0)

    @torch.no_grad()
    def loss():
        return -torch.log_softmax(model(inputs)[0], -1).gather(-1, targets[..., None]).mean().item()

    for cell, norm in zip(layers.cells, norms, strict=True):
        total = 0.0
        for parameter in cell.parameters():
            flat = parameter.data.view(-1)
            for k in range(len(flat)):
                start = flat[k].item()
                flat[k] = start + 1e-5
                above = loss()
                flat[k] = start - 1e-5
                total += ((above - loss()) / 2e-5) ** 2
                flat[k] = start
        assert norm == pytest.approx(math.sqrt(total), rel=1e-4)


@pytest.mark.parametrize("kind", KINDS)
def test_how_the_layers_of_an_arm_are_joined(kind):
    torch.manual_seed(0)
    layers = make_layers(Arm("LSTMCell", kind, 3), 4)
    x = torch.randn(6, 2, 4)
    wanted = x
    for depth, cell in enumerate(layers.cells):
        assert isinstance(cell, LSTMCell)
        state, outputs = cell.initial_state(2), []
        for step in wanted:
            state = cell(step, state)
            outputs.append(state.h)
        y = torch.stack(outputs)
        if kind == "residual" or (kind == "residual inner" and depth > 0):
            y = wanted + y
        if kind == "highway":
            gate = torch.sigmoid(layers.connections[depth].gate(wanted))  # pyright: ignore[reportCallIssue, reportAttributeAccessIssue]
            y = gate * y + (1 - gate) * wanted
        wanted = y
    torch.testing.assert_close(layers(x)[0], wanted)


def test_the_two_starts():
    size, bound = 32, 32**-0.5
    house, pytorch = (make_layers(Arm("LSTMCell", kind, 2), size).cells for kind in ("plain", "plain as PyTorch"))
    for cell in house:
        for block in cell.get_parameter("weight_hh").chunk(4):
            torch.testing.assert_close(block @ block.T, torch.eye(size))
        assert cell.get_parameter("bias").tolist() == [0.0] * size + [1.0] * size + [0.0] * 2 * size
    for cell in pytorch:
        for name in ("weight_ih", "weight_hh"):
            largest = cell.get_parameter(name).abs().max().item()
            assert 0.9 * bound < largest <= bound
        bias = cell.get_parameter("bias")
        assert bound < bias.abs().max().item() <= 2 * bound, "PyTorch has two biases"


def record(arm, seed, validation, *, rate=0.004, training=None, norms=(1.0, 1.0), loss=(3.0, 2.9)):
    return Record(
        {"validation": validation, "training": validation if training is None else training, "unigram": 3.3},
        {"loss": list(loss), "probed": [0.0, 10.0]} | {f"layer {k}": [n, n] for k, n in enumerate(norms, 1)},
        trial=Trial(f"LSTMCell {arm}", seed, {"rate": rate}),
    )


def made_up(losses, norms):
    return [
        record(arm, seed, loss + 0.001 * seed, norms=norms.get(arm, (1.0,) * int(arm.rpartition(", ")[2][0])))
        for arm, loss in losses.items()
        for seed in range(3)
    ]


LITERATURE = {
    "plain, 4 layers": 2.3, "residual, 4 layers": 1.8, "plain as PyTorch, 4 layers": 2.5,
    "plain, 8 layers": 3.3, "residual, 8 layers": 1.7, "highway, 8 layers": 1.9, "residual inner, 8 layers": 1.75,
    "plain as PyTorch, 8 layers": 3.3,
}  # fmt: skip
WHOLE = Plan(rates=(4e-3,))
FALLING = tuple(4.0 ** (k - 8) for k in range(1, 9))


def verdicts(losses, norms):
    found = find_study("15.20").findings(WHOLE, made_up(losses, norms))
    return {verdict.claim.key: verdict.verdict for verdict in found.claims}, found


def test_every_claim_holds_where_the_literature_is_right():
    norms = {"plain, 8 layers": FALLING, "plain as PyTorch, 8 layers": FALLING}
    came, found = verdicts(LITERATURE, norms)
    assert set(came) == {claim.key for claim in claims(WHOLE)}
    assert set(came.values()) == {"holds"}
    measured = {verdict.claim.key: verdict.measured for verdict in found.claims}
    assert measured["gain-8"] == pytest.approx(1.6)
    assert measured["falls"] == pytest.approx(-math.log10(4))
    rows = {row[0]: row for row in found.tables[0].rows}
    assert rows["LSTMCell plain, 8 layers"][4] == "3 of 3"
    assert rows["LSTMCell residual, 8 layers"][4] == "0 of 3"
    assert "8 layers of LSTMCell 3.30 plain, 1.70 residual" in found.summary
    assert "not enough" not in found.passages[0].text


def test_the_headline_is_of_the_four_layers_that_the_exercise_asks_for():
    _, found = verdicts(LITERATURE, {})
    assert found.summary.startswith(
        "Residual connections lower the validation loss of 4 layers (0.5 nats per character "
    )
    _, found = verdicts(LITERATURE | {"residual, 4 layers": 2.9}, {})
    assert found.summary.startswith(
        "Residual connections raise the validation loss of 4 layers (−0.6 nats per character "
    )
    maps = [figure for figure in found.figures if isinstance(figure, Heatmap)]
    assert {len(one.values) for one in maps} == {4}
    assert len({one.limits for one in maps}) == 1


def test_no_claim_holds_where_all_is_the_other_way_round():
    losses = {arm: 5.1 - loss for arm, loss in LITERATURE.items()} | {"plain, 4 layers": 3.4, "plain, 8 layers": 1.7}
    rising = {f"{kind}, 8 layers": FALLING[::-1] for kind in KINDS}
    came, _ = verdicts(losses, rising)
    assert came.pop("gain-4") == "holds"  # 3.4 against 3.3
    assert set(came.values()) == {"does not hold"}


def test_an_even_gradient_beside_runs_that_are_stuck_is_reported():
    _, found = verdicts(LITERATURE, {"plain as PyTorch, 8 layers": FALLING})
    assert "not enough: LSTMCell plain, 8 layers started" in found.passages[0].text


def test_arms_that_failed_leave_their_claims_undecided():
    some = {arm: loss for arm, loss in LITERATURE.items() if "residual" not in arm}
    came, _ = verdicts(some, {})
    assert came["gain-8"] == came["path"] == came["flat"] == "undecided"
    assert came["poor"] == "holds"


def test_the_best_rate_is_chosen_on_training_and_not_by_runs_that_failed():
    name = "LSTMCell plain, 1 layer"
    made = [
        *(record("plain, 1 layer", s, 2.0, rate=0.001, training=2.2) for s in range(3)),
        *(record("plain, 1 layer", s, 2.1, rate=0.004, training=1.9) for s in range(3)),  # lowest in training
        *(record("plain, 1 layer", s, 1.0, rate=0.016, training=1.0) for s in range(2)),  # one of three failed
    ]
    results = results_of(Plan(), Arms(made))
    assert results.rate == {name: 0.004}
    assert [r.numbers["validation"] for r in results.of("plain", 1)] == [2.1] * 3


def test_measures_of_one_run():
    one = record("plain, 3 layers", 0, 3.26, norms=(1e-4, 1.0, 1e-2), loss=(3.3, 2.81, 2.79, 2.9))
    assert slope(one) == pytest.approx(-1.0)
    assert (stuck(one), stuck(record("plain, 1 layer", 0, 3.24))) == (1.0, 0.0)
    assert learned_at(one, 20) == 15
    assert learned_at(record("plain, 1 layer", 0, 3.2), 5) == math.inf


def test_trials_are_bound_to_text_and_cell():
    there = trials(QUICK)
    assert len({trial.name for trial in there}) == len(there) == 3 * QUICK.seeds
    assert {len(trial.inputs) for trial in there} == {1}, "the text"


@pytest.mark.parametrize(("field", "value"), [("kinds", "plain,sideways")])
def test_a_plan_of_unknown_kinds_is_refused(field, value):
    with pytest.raises(UnknownName, match="kinds must name some of plain, residual"):
        find_study("15.20").plan(settings={field: value})
