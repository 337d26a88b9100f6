"""Studies that train: tiny plans from end to end, and findings from records made by hand."""

import itertools
import math
from dataclasses import replace

import pytest
import torch

from elman.data.tasks import NOTHING, Copy, StoreRecall, Timing
from elman.lab.study import Record, Trial
from elman.lab.workspace import Desk
from elman.studies import ex17_scheduled_sampling, ex27_mgu, ex29_gate_ablation, find_study
from elman.train.forcing import inverse_sigmoid

TINY = {
    "15.7": {"hidden_size": "8", "updates": "4", "batch_size": "8", "beam": "2", "test_size": "10", "seeds": "1"},
    "15.9": {"hidden_sizes": "4,8", "updates": "4", "batch_size": "8", "test_size": "10", "seeds": "1"},
    "15.14": {"data": "reviews", "sentences": "60", "width": "4", "hidden_size": "4", "epochs": "1", "seeds": "1"},
    "15.15": {"hidden_size": "8", "updates": "4", "batch_size": "8", "check_every": "2", "check_size": "10",
              "test_size": "10", "seeds": "1"},
    "15.16": {"hidden_size": "8", "updates": "2,4", "batch_size": "8", "widths": "1,2", "test_size": "10",
              "seeds": "1"},
    "15.17": {"hidden_size": "8", "updates": "4", "epochs": "2", "batch_size": "8", "test_size": "10", "seeds": "1"},
    "15.20": {"size": "8", "updates": "4", "depths": "1,2", "window": "8", "batch_size": "4", "validation": "300",
              "seeds": "1"},
    "15.21": {"data": "walk", "hidden_size": "2", "epochs": "1", "folds": "2", "batch_size": "512", "seeds": "1"},
    "15.25": {"hidden_size": "2", "updates": "1", "batch_size": "4", "seeds": "1"},
    "15.26": {"hidden_size": "4", "updates": "3", "delays": "2,3", "short": "2", "long": "3", "batch_size": "4",
              "test_size": "10", "seeds": "1"},
    "15.27": {"hidden_size": "4", "updates": "3", "delay": "2", "gap": "1", "batch_size": "4", "test_size": "10",
              "seeds": "1"},
    "15.28": {"hidden_size": "8", "updates": "4", "batch_size": "8", "test_size": "10", "updates_small": "2",
              "updates_real": "0", "seeds": "1"},
    "15.29": {"hidden_size": "4", "updates": "3", "delay": "2", "test_rounds": "6", "batch_size": "4",
              "test_size": "10", "seeds": "1"},
    "15.31": {"data": "reviews", "sentences": "60", "width": "4", "hidden_size": "4", "epochs": "1", "seeds": "1"},
    "15.32": {"hidden_size": "4", "updates": "3", "batch_size": "4", "test_size": "10", "probe_strings": "5",
              "seeds": "1"},
    "15.33": {"hidden_size": "4", "embedding_size": "4", "updates": "2", "updates_real": "1", "batch_size": "8",
              "test_size": "20", "seeds": "1"},
    "15.34": {"data": "reviews", "tags": "reviews", "tagged": "60", "sizes": "40,60", "width": "8", "checks": "1",
              "checked": "10",
              "hidden_size": "4", "updates": "2", "batch_size": "8", "seeds": "1"},
    "15.35": {"steps": "12", "updates": "2", "updates_real": "1", "batch_size": "4", "test_size": "20", "seeds": "1"},
}  # fmt: skip


@pytest.mark.parametrize("exercise", TINY)
def test_a_tiny_plan_from_end_to_end(exercise, tmp_path):
    study = find_study(exercise)
    plan = study.plan(False, TINY[exercise])
    stated = study.claims(plan)
    records = []
    for trial in study.trials(plan):
        torch.manual_seed(trial.seed or 0)
        record = study.module.run(plan, trial, Desk(tmp_path / trial.name))
        records.append(Record(record.numbers, record.series, record.texts, record.arrays, trial))
        assert all(math.isfinite(number) for number in record.numbers.values())
    found = study.findings(plan, records)
    assert [verdict.claim for verdict in found.claims] == stated
    assert found.read == {name: sha256 for trial in study.trials(plan) for name, sha256 in trial.inputs.items()}
    assert found.tables
    assert found.figures
    assert all(len(row) == len(table.columns) for table in found.tables for row in table.rows)


def made_up(accuracies):
    """Records of three seeds whose accuracies lie close around the given ones."""
    numbers = {key: [value + 0.001 * seed for seed in range(3)] for key, value in accuracies.items()}
    return [
        Record({"accuracy": value, "parameters": 10.0}, {"loss": [1.0, 0.5]}, trial=Trial(arm, seed, {"task": task}))
        for (arm, task), values in numbers.items()
        for seed, value in enumerate(values)
    ]


def test_gates_are_judged_by_what_their_removal_costs():
    values = dict.fromkeys(((arm, task) for arm in ex29_gate_ablation.ARMS for task in ex29_gate_ablation.TASKS), 0.9)
    values |= {("full b_f = 0", "copy"): 0.3, ("no forget gate", "store and recall"): 0.5}
    values["no forget gate", "copy"] = 0.95
    found = find_study("15.29").findings(ex29_gate_ablation.Plan(), made_up(values))
    verdicts = {v.claim.key: v.verdict for v in found.claims}
    assert verdicts == {"critical": "does not hold", "stream": "holds", "worst": "holds", "bias": "holds"}
    assert found.summary.startswith(
        "On copy, removing the forget gate costs no accuracy (−0.05 accuracy lost); on the "
    )
    assert "removing the forget gate costs accuracy (0.4 accuracy lost)" in found.summary


@pytest.mark.parametrize("hidden", [5, 32, 100])
def test_fewer_units_have_no_more_parameters(hidden):
    full = ex29_gate_ablation.make_cell("full fewer units", 10, hidden)
    ablated = ex29_gate_ablation.make_cell("no input gate", 10, hidden)
    count, most = (sum(p.numel() for p in cell.parameters()) for cell in (full, ablated))
    one_more = 4 * (full.hidden_size + 1) * (10 + full.hidden_size + 2)
    assert count <= most < one_more


@pytest.mark.parametrize("kind", ["GRU", "LSTM"])
def test_equal_units_are_the_nearest(kind):
    units, blocks = ex27_mgu.equal_units(kind, 128, 256), ex27_mgu.BLOCKS[kind]
    wanted = 2 * 256 * (128 + 256 + 1)
    missed = [abs(blocks * h * (128 + h + 1) - wanted) for h in (units - 1, units, units + 1)]
    assert min(missed) == missed[1]


@pytest.mark.parametrize("kind", ex17_scheduled_sampling.SCHEDULES)
@pytest.mark.parametrize("epochs", [5, 25, 60])
def test_schedules_are_matched_on_their_mean(kind, epochs):
    constant = ex17_scheduled_sampling.constant_for(kind, epochs)
    assert ex17_scheduled_sampling.mean_of(kind, epochs, constant) == pytest.approx(0.5, abs=1e-6)


def test_the_example_of_the_article_on_inverse_sigmoids():
    assert inverse_sigmoid(10)(25) == pytest.approx(0.4509, abs=5e-4)


def draw(task, rows=200):
    return task.draw(rows, torch.Generator().manual_seed(0))


def test_copy_asks_for_what_was_shown():
    x, answers = draw(Copy(delay=7, length=4, symbols=3))
    tokens = x.argmax(-1)
    assert torch.equal(x.sum(-1), torch.ones_like(x[..., 0]))
    assert torch.equal(answers[-4:], tokens[:4])
    assert (answers[:-4] == NOTHING).all()
    assert (tokens[4:11] == 3).all()
    assert (tokens[11] == 4).all()
    assert (tokens[12:] == 3).all()


def test_store_and_recall_asks_for_the_last_symbol_stored():
    x, answers = draw(StoreRecall(rounds=3, gap=2, symbols=4))
    for row in range(x.shape[1]):
        kept = None
        for step, answer in zip(x[:, row], answers[:, row].tolist(), strict=True):
            store, distractor, question = step[4:].bool().tolist()
            assert store + distractor + question == 1
            if store:
                kept = int(step[:4].argmax())
            assert answer == (kept if question else NOTHING)
            assert bool(step[:4].sum() == 0) == question


def test_timing_is_told_by_the_spikes_alone():
    task = Timing(short=3, long=5, spikes=4)
    x, answers = draw(task)
    for row in range(x.shape[1]):
        times = x[:, row, 0].nonzero()[:, 0].tolist()
        assert len(times) == 4
        asked = {t: a for t, a in enumerate(answers[:, row].tolist()) if a != NOTHING}
        assert asked == {t: {3: 0, 5: 1}[t - before] for before, t in itertools.pairwise(times)}


def test_beam_search_on_the_chapters_table():
    study = find_study("15.8")
    plan = study.plan()
    (trial,) = study.trials(plan)
    record = replace(study.module.run(plan, trial, Desk(None)), trial=trial)
    found = study.findings(plan, [record])
    assert [verdict.verdict for verdict in found.claims] == ["holds"] * 4
    assert [row[0] for row in found.tables[0].rows] == ["B A", "A C", "A B", "B B", "B eos", "A A", "A eos", "B C"]
    own = study.plan(False, {"first": "0.7,0.1,0.1,0.1", "width": "1"})
    record = replace(study.module.run(own, trial, Desk(None)), trial=trial)
    said = "Greedy decoding writes A C (0.35); the likeliest pair is A C (0.35), found by a beam of width 1."
    assert study.findings(own, [record]).summary == said
