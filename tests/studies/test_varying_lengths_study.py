"""The study of sequences of varying length: a tiny plan from end to end, its data, its checks, its verdicts."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from elman.cells import GRUCell, LSTMCell
from elman.data.errors import NotHere
from elman.data.utterances import utterances
from elman.errors import UnknownName
from elman.lab.figures import draw
from elman.lab.study import Record, Trial
from elman.lab.workspace import Desk
from elman.studies import find_study
from elman.studies.ex13_varying_lengths.study import (
    ARMS,
    CONTESTANTS,
    RECALL,
    Plan,
    make_model,
    parameters,
    trials,
)
from elman.studies.ex13_varying_lengths.utterances import exactness, filled, recall, steps_read, utterances_of
from elman.train.epochs import Labelled

TINY = {"data": "generated", "hidden_size": "4", "epochs": "2", "recall_epochs": "1", "recall_lengths": "2,5",
        "recall_size": "40", "repeats": "1", "seeds": "2"}  # fmt: skip


def test_a_tiny_plan_from_end_to_end(tmp_path):
    study = find_study("15.13")
    plan = study.plan(True, TINY)
    records = []
    for trial in study.trials(plan):
        torch.manual_seed(trial.seed or 0)
        record = study.module.run(plan, trial, Desk(tmp_path / trial.name))
        assert all(math.isfinite(number) for number in record.numbers.values())
        records.append(replace(record, trial=trial))
    found = study.findings(plan, records)
    assert [verdict.claim for verdict in found.claims] == study.claims(plan)
    verdicts = {verdict.claim.key: verdict for verdict in found.claims}
    assert verdicts["exact"].exact
    assert verdicts["exact"].verdict == "holds"
    assert verdicts["padding"].n == 2
    accuracy, sensitive, speed = found.tables
    assert (len(accuracy.rows), len(sensitive.rows), len(speed.rows)) == (
        len(ARMS) + len(RECALL),
        7,
        len(CONTESTANTS),
    )
    assert all(len(row) == len(table.columns) for table in found.tables for row in table.rows)
    assert all(draw(figure).startswith("<?xml") for figure in found.figures)


def test_the_same_seed_draws_the_same_utterances():
    first, again, other = utterances(20, 3), utterances(20, 3), utterances(20, 4)
    for one, two in zip(first, again, strict=True):
        np.testing.assert_array_equal(one.values, two.values)
    assert any(one.values.shape != two.values.shape for one, two in zip(first, other, strict=True))


@settings(max_examples=20, deadline=None)
@given(count=st.integers(1, 12), classes=st.integers(1, 4), channels=st.integers(1, 3), shortest=st.integers(1, 4),
       more=st.integers(0, 3), seed=st.integers(0, 99))  # fmt: skip
def test_utterances_are_of_the_sizes_asked_for(count, classes, channels, shortest, more, seed):
    drawn = utterances(count, seed, classes, channels, (shortest, shortest + more))
    assert [one.label for one in drawn] == [str(k % classes + 1) for k in range(count)]
    for one in drawn:
        assert one.values.dtype == np.float32
        assert np.isfinite(one.values).all()
        assert shortest <= one.values.shape[0] <= shortest + more
        assert one.values.shape[1] == channels


def test_without_noise_an_utterance_runs_through_its_class_curve():
    long, short = (
        utterances(1, seed, lengths=(steps, steps), noise=0.0)[0].values for seed, steps in ((0, 9), (1, 5))
    )
    np.testing.assert_allclose(long[::2], short, atol=1e-6)


@pytest.mark.parametrize("wrong", [{"count": 0}, {"classes": 0}, {"lengths": (5, 4)}, {"lengths": (0, 4)}])
def test_impossible_utterances(wrong):
    with pytest.raises(ValueError, match="at least 1 and the lengths in order"):
        utterances(**({"count": 2} | wrong))


def test_the_scale_is_the_trainings():
    training, test = utterances_of(False, 1)
    frames = torch.cat(list(training.inputs))
    torch.testing.assert_close(frames.mean(0), torch.zeros(12), atol=1e-5, rtol=0)
    torch.testing.assert_close(frames.std(0), torch.ones(12))
    assert (len(training), len(test)) == (270, 370)
    assert min(training.targets) == 0
    assert max(training.targets) == 8


def test_recall_asks_for_the_first_symbol():
    data = recall(50, (3, 7), seed=0)
    assert set(data.lengths) <= {3, 4, 5, 6, 7}
    assert len(set(data.lengths)) > 1
    assert [one[0].argmax().item() for one in data.inputs] == list(data.targets)
    assert all(one[1:, :8].sum() == 0 for one in data.inputs)


def test_filling_up_with_zeros():
    data = filled(Labelled([torch.ones(2, 3), torch.ones(4, 3)], [0, 1]), 5)
    assert data.lengths == [5, 5]
    assert [one.sum().item() for one in data.inputs] == [6, 12]


def test_steps_read_are_those_of_the_batches():
    assert steps_read([3, 1, 2], 1, seed=0) == 6
    assert steps_read([3, 1, 2], 3, seed=0) == 9
    assert steps_read([5, 5, 1, 1], 2, seed=7) == 12  # sorted, so that like reads with like


@pytest.mark.parametrize("arm", ["GRU", "LSTM", "RNN", "BiGRU"])
def test_padding_is_not_read(arm):
    torch.manual_seed(0)
    model = make_model(Plan(hidden_size=5), arm, 3, 4)
    data = Labelled([torch.randn(steps, 3) for steps in (4, 1, 6, 3)], [0, 1, 2, 3])
    found = exactness(model, data)
    assert found["content"] == found["changed"] == found["packed"] == 0
    assert found["alone"] < 1e-5


def test_the_check_finds_a_model_that_reads_padding():
    torch.manual_seed(0)
    model = make_model(Plan(hidden_size=5), "GRU", 3, 4)
    careful = model.forward
    model.forward = lambda tokens, lengths=None: careful(tokens)
    data = Labelled([torch.randn(steps, 3) for steps in (4, 1, 6, 3)], [0, 1, 2, 3])
    found = exactness(model, data)
    assert found["content"] == math.inf
    assert found["alone"] > 1e-3


def test_equal_parameters():
    inputs, size = 12, 64
    model = make_model(Plan(), "LSTM of equal parameters", inputs, 9)
    wanted = parameters(GRUCell(inputs, size))
    nearest = min(abs(parameters(LSTMCell(inputs, h)) - wanted) for h in range(1, size + 1))
    assert abs(parameters(model.encoder) - wanted) == nearest
    assert parameters(model.encoder) < parameters(make_model(Plan(), "LSTM", inputs, 9).encoder)


def record(arm, task, seed, accuracy=0.9, **numbers):
    more = {"parameters": 10.0, "seconds": 1.0, "answers": 370.0, "real": 10.0, "read": 12.0}
    more |= {"accuracy": accuracy} | numbers
    return Record(more, {"loss": [2.0, 1.0]}, trial=Trial(arm, seed, {"task": task}))


def test_verdicts_from_records_made_by_hand():
    reached = {"GRU": 0.97, "LSTM": 0.96, "LSTM of equal parameters": 0.969, "RNN": 0.95, "BiGRU": 0.98,
               "GRU padded": 0.9, "LSTM padded": 0.9}  # fmt: skip
    made = []
    for seed in range(3):
        for arm, value in reached.items():
            own = (
                {"changed": 0.3}
                if "padded" in arm
                else {"changed": 0.0, "content": 0.0, "packed": 0.0, "alone": 1e-7}
            )
            made.append(record(arm, "utterances", seed, value + 0.001 * seed, **own))
        made += [record(arm, "recall", seed, v + 0.001 * seed) for arm, v in (("GRU", 0.99), ("RNN", 0.3))]
        times = {name: 2.0 if name.startswith("GRU") else 3.0 for name in CONTESTANTS}
        made.append(Record(times, trial=Trial("timing", seed)))
    plan = Plan(data="generated")
    found = find_study("15.13").findings(plan, made)
    assert {v.claim.key: v.verdict for v in found.claims} == dict.fromkeys(
        ("equal", "padding", "padding LSTM", "exact", "speed", "memory"), "holds"
    ) | {"vowels": "undecided"}
    assert found.summary == (
        "A GRU and an LSTM of equal parameters differ by at most 1.5 points of accuracy (0.001 accuracy, GRU minus "
        "LSTM); "
        "a GRU takes less time than an LSTM of the same width (0.6667 of the LSTM's time)."
    )

    made[0] = replace(made[0], numbers=made[0].numbers | {"content": 1e-30})
    worse = {v.claim.key: v.verdict for v in find_study("15.13").findings(plan, made).claims}
    assert worse["exact"] == "does not hold"
    fewer = [one for one in made if one.trial is not None and one.trial.arm == "LSTM"]
    claims = find_study("15.13").findings(plan, fewer).claims
    assert {v.verdict for v in claims if v.claim.key != "exact"} == {"undecided"}


def test_lengths_the_wrong_way_round():
    with pytest.raises(UnknownName, match="shortest and the longest, got 9 and 3"):
        find_study("15.13").plan(False, {"recall_lengths": "9,3"})


def test_the_target_is_measured_on_the_vowels_alone():
    made = [record("BiGRU", "utterances", seed, 0.98 + 0.001 * seed) for seed in range(3)]
    for inputs, n in (({}, 0), ({"japanese_vowels": "12ab"}, 3)):
        read = [replace(one, trial=replace(one.trial, inputs=inputs)) for one in made]
        vowels = find_study("15.13").findings(Plan(), read).claims[0]
        assert (vowels.claim.needs, vowels.n) == ("japanese_vowels", n)


def test_vowels_that_are_not_here(monkeypatch, tmp_path):
    monkeypatch.setenv("ELMAN_DATA", str(tmp_path))
    monkeypatch.setenv("ELMAN_CACHE", str(tmp_path))
    assert not any(trial.inputs for trial in trials(Plan()))
    with pytest.raises(NotHere, match="is not on this machine"):
        trials(Plan(data="japanese_vowels"))
