"""The study of three networks at equal parameters: their sizes, a tiny plan from end to end, its verdicts."""

import math
from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from elman.data import sentences
from elman.errors import UnknownName
from elman.lab.figures import draw
from elman.lab.study import Record, Trial
from elman.lab.workspace import Desk, TrialFailed
from elman.nn.transformer import Transformer
from elman.probe.parameters import count_parameters
from elman.studies import find_study
from elman.studies.ex30_transformer.results import ARMS, BATCHES, BAYES, LATENCY, LENGTHS, NETWORKS, UNPLACED
from elman.studies.ex30_transformer.study import QUICK, Plan, claims, counted, solved, trials

TINY = {
    "data": "reviews", "sentences": "60", "width": "8", "parameters": "2160", "epochs": "1", "rates": "0.01,0.001",
    "attention_rates": "0.01", "repeats": "1", "seeds": "2",
}  # fmt: skip


@pytest.mark.parametrize("plan", [Plan(), QUICK], ids=["full", "quick"])
def test_both_plans_compare_equal_parameters(plan):
    counts = [counted(plan, arm, solved(plan, arm)) for arm in ARMS]
    assert max(counts) / min(counts) <= 1.02


def test_the_prototypes_sizes_have_the_prototypes_parameters():
    """A recurrent layer has one bias a gate here and two in torch.nn; the design counted the latter."""
    assert counted(Plan(), "LSTM", 192) == 247_296 - 4 * 192 + 2 * 192 + 2
    assert counted(Plan(), "Transformer", 216) == 244_400 + 2 * 128 + 2 * 128 + 2


@settings(max_examples=20, deadline=None)
@given(width=st.integers(1, 20), hidden=st.integers(1, 60))
def test_parameters_are_those_of_the_oracles(width, hidden):
    plan = Plan(width=4 * width)
    assert counted(plan, "LSTM", hidden) == _recurrent(4 * width, hidden, 1) + 2 * hidden + 2
    assert counted(plan, "BiLSTM", hidden) == _recurrent(4 * width, hidden, 2) + 4 * hidden + 2
    d = 4 * width
    layer = 4 * d * (d + 1) + hidden * (d + 1) + d * (hidden + 1) + 4 * d
    assert counted(plan, "Transformer", hidden) == counted(plan, UNPLACED, hidden) == 2 * layer + 2 * d + 2 * d + 2


def _recurrent(width: int, hidden: int, layers: int) -> int:
    parts = count_parameters("lstm", width, hidden, num_layers=layers, bidirectional=layers == 2)
    return sum(part.parameters for part in parts)


@settings(max_examples=20, deadline=None)
@given(arm=st.sampled_from(NETWORKS), wanted=st.integers(20_000, 400_000), width=st.sampled_from([4, 16, 32]))
def test_no_other_size_comes_nearer(arm, wanted, width):
    plan = Plan(width=width, parameters=wanted)
    try:
        best = solved(plan, arm)
    except TrialFailed:
        return
    off = {h: abs(counted(plan, arm, h) - wanted) for h in (best - 1, best, best + 1) if h}
    assert off[best] == min(off.values())


@pytest.fixture
def one_thread():
    """As in a trial's own process; small tensors only wait for a second thread."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.mark.usefixtures("one_thread")
def test_a_tiny_plan_from_end_to_end(tmp_path, monkeypatch):
    monkeypatch.setattr(sentences, "REVIEWS", {"training": 60, "validation": 30, "test": 40})
    study = find_study("15.30")
    plan = study.plan(True, TINY)
    records = []
    for trial in study.trials(plan):
        torch.manual_seed(trial.seed or 0)
        record = study.module.run(plan, trial, Desk(tmp_path / trial.name))
        assert all(math.isfinite(number) for number in record.numbers.values())
        assert all(time > 0 for name, times in record.series.items() if trial.arm == LATENCY for time in times)
        records.append(replace(record, trial=trial))
    assert len(records) == 1 + 2 * (len(ARMS) + 1)
    found = study.findings(plan, records)
    assert [verdict.claim for verdict in found.claims] == study.claims(plan)
    assert {verdict.n for verdict in found.claims if not verdict.exact} == {2}
    assert "trained on 60 sentences: naive Bayes" in found.summary
    assert all(len(row) == len(table.columns) for table in found.tables for row in table.rows)
    assert all(draw(figure).startswith("<?xml") for figure in found.figures)
    again = study.module.run(plan, records[1].trial, Desk(tmp_path / "again"))
    assert again.series == records[1].series


def _made(accuracy: dict[str, float], milliseconds: dict[str, float], power: dict[str, float]) -> list[Record]:
    """Records of two seeds in which time grows as a power of the length."""
    records = []
    for arm, share in accuracy.items():
        right = [1.0] * round(20 * share) + [0.0] * (20 - round(20 * share))
        for seed in [None] if arm == BAYES else [0, 1]:
            numbers = {"accuracy": share, "training": 50.0, "parameters": 100.0 + len(arm), "a pass": 1.0}
            numbers |= {"hidden size": 3.0, "rate": 0.1}
            records.append(
                Record(numbers, {"right": right, "words": [9.0] * 20}, {"data": "x"}, {}, Trial(arm, seed))
            )
    series = {
        f"{arm}, {batch}": [milliseconds[arm] * (n / 8) ** power[arm] for n in LENGTHS]
        for arm in NETWORKS
        for batch in BATCHES
    }
    return records + [Record({}, series, trial=Trial(LATENCY, seed)) for seed in range(2)]


def test_verdicts_on_records_made_by_hand():
    records = _made(
        {BAYES: 0.8, "LSTM": 0.8, "BiLSTM": 0.9, "Transformer": 0.7, UNPLACED: 0.7},
        {"LSTM": 1.0, "BiLSTM": 2.0, "Transformer": 0.5},
        {"LSTM": 1.0, "BiLSTM": 1.0, "Transformer": 2.0},
    )
    found = find_study("15.30").findings(Plan(seeds=2), records)
    measured = {verdict.claim.key: verdict for verdict in found.claims}
    assert measured["equal"].measured == pytest.approx(111 / 104 - 1)
    assert measured["equal"].verdict == "does not hold"
    assert {k: round(v.measured, 6) for k, v in measured.items() if k != "equal"} == {
        "tie": 0.0, "order": 0.2, "positions": 0.0, "long": 0.125, "many": 32.0, "growth": 8.0,
    }  # fmt: skip
    assert {k: v.verdict for k, v in measured.items()} | {"equal": ""} == {
        "equal": "", "tie": "holds", "order": "holds", "positions": "does not hold", "long": "does not hold",
        "many": "holds", "growth": "holds",
    }  # fmt: skip
    text = found.passages[0].text
    assert "the LSTM is fastest at 16, 32, 64, 128, 256, 512 words; the Transformer is fastest at 8 words." in text
    assert "takes 32.0 times as long as the LSTM" in found.passages[0].text


def test_failed_trials_leave_claims_undecided():
    records = _made({"LSTM": 0.8}, dict.fromkeys(NETWORKS, 1.0), dict.fromkeys(NETWORKS, 1.0))[:2]
    found = find_study("15.30").findings(Plan(seeds=2), records)
    assert {verdict.verdict for verdict in found.claims} == {"undecided"}
    assert find_study("15.30").findings(Plan(), []).claims[0].verdict == "undecided"


def test_bad_input_is_one_clear_line():
    with pytest.raises(UnknownName, match="plan field width, given '30': Input should be a multiple of 4"):
        find_study("15.30").plan(True, {"width": "30"})
    with pytest.raises(TrialFailed, match="no Transformer on vectors of width 128 has about 1000 parameters"):
        solved(Plan(parameters=1000), "Transformer")
    with pytest.raises(UnknownName, match="dropout"):
        find_study("15.30").plan(True, {"dropout": "1"})
    with pytest.raises(UnknownName, match="no sentences 'sst3'"):
        trials(replace(QUICK, data="sst3"))


def test_every_claim_has_its_own_name_and_a_source():
    stated = claims(QUICK)
    assert len({claim.key for claim in stated}) == len(stated)
    assert all(claim.source for claim in stated)


@pytest.mark.parametrize("placed", [True, False])
def test_without_positions_the_order_of_words_changes_nothing(placed):
    torch.manual_seed(0)
    layer, x = Transformer(8, 5, heads=2, positions=placed).eval(), torch.randn(6, 2, 8)
    order = torch.tensor([3, 0, 5, 1, 4, 2])
    same = torch.allclose(layer(x)[0][order], layer(x[order])[0], atol=1e-5)
    assert same != placed
