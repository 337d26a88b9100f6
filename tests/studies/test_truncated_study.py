"""The study of truncated backpropagation: a tiny plan from end to end, its echoes, its counts, its verdicts."""

import math
from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn.functional import cross_entropy

from elman.data.echo_text import echoes
from elman.errors import UnknownName
from elman.lab.figures import draw
from elman.lab.study import Record, Trial
from elman.lab.workspace import Desk, TrialFailed
from elman.studies import find_study
from elman.studies.ex19_truncated_bptt.results import ECHO, EQUAL, PIECE, RESET, TIME
from elman.studies.ex19_truncated_bptt.study import Plan, kept_bytes
from elman.train.streams import Streams
from elman.train.truncated import Truncated

TEXT = "the cat sat on the mat and the dog sat on the log\n" * 30
TINY = {"embedding_size": "3", "hidden_size": "4", "batch_size": "2", "window": "20", "lengths": "5,10", "lag": "6",
        "seconds": "0.05", "echo_length": "500", "held_out": "120", "seeds": "2"}  # fmt: skip


@pytest.mark.parametrize("cell", ["LSTMCell", "MGUCell"])
def test_a_tiny_plan_from_end_to_end(tmp_path, cell):
    (tmp_path / "own.txt").write_text(TEXT)
    study = find_study("15.19")
    plan = study.plan(True, TINY | {"text": str(tmp_path / "own.txt"), "cell": cell})
    records = []
    for trial in study.trials(plan):
        torch.manual_seed(trial.seed or 0)
        record = study.module.run(plan, trial, Desk(tmp_path / trial.name))
        assert all(math.isfinite(number) for number in record.numbers.values())
        records.append(replace(record, trial=trial))
    found = study.findings(plan, records)
    assert [verdict.claim for verdict in found.claims] == study.claims(plan)
    assert {verdict.n for verdict in found.claims if not verdict.exact} == {2}
    assert all(len(row) == len(table.columns) for table in found.tables for row in table.rows)
    assert all(draw(figure).startswith("<?xml") for figure in found.figures)
    by_name = {(record.trial.arm, record.trial.on["k"]): record.numbers for record in records if record.trial}
    segments = (int(0.9 * len(TEXT)) - 1) // (2 * 20)
    assert by_name[EQUAL, 5]["updates"] == by_name[EQUAL, 20]["updates"] == segments
    assert by_name[PIECE, 5]["updates"] == by_name[RESET, 5]["updates"] == 4 * segments
    read = [by_name[arm, k]["characters"] for arm in (EQUAL, PIECE, RESET) for k in (5, 10)]
    assert set(read) == {segments * 2 * 20}
    assert {(TIME, 5), (TIME, 20), (ECHO, 20)} <= set(by_name)


@settings(max_examples=40, deadline=None)
@given(lag=st.integers(2, 9), more=st.integers(1, 200), symbols=st.integers(1, 5), seed=st.integers(0, 99))
def test_echoes_can_be_told_from_their_calls_and_nothing_else(lag, more, symbols, seed):
    length = lag + more
    tokens, asked = echoes(length, lag, symbols, seed)
    assert tokens.shape == asked.shape == (length,)
    assert bool(asked.any())
    for place in asked.nonzero().flatten().tolist():
        assert tokens[place] == tokens[place - lag] >= 2
        assert tokens[place - 1] == 1
        assert (tokens[place - lag + 1 : place - 1] == 0).all(), "blanks between call and mark"
    assert int((tokens >= 2).sum()) == 2 * int(asked.sum()), "every symbol is a call or its echo"


@pytest.mark.parametrize(("length", "lag"), [(10, 1), (5, 5)])
def test_impossible_echoes(length, lag):
    with pytest.raises(ValueError, match="expected lag of at least 2, length above lag"):
        echoes(length, lag)


class Table(nn.Module):
    """Logits that depend on the last token alone."""

    def __init__(self, size):
        super().__init__()
        self.rows = nn.Embedding(size, size)

    def forward(self, tokens, state=None):
        return self.rows(tokens).exp(), None


def test_the_loss_is_that_of_what_is_asked_for():
    tokens = torch.arange(21) % 5
    asked = torch.rand(21, generator=torch.Generator().manual_seed(0)) < 0.5
    model, streams = Table(5), Streams(tokens, 2, 10, asked)
    inputs, targets = streams.window(0)
    plain = Streams(tokens, 2, 10).window(0)[1]
    where = targets != -100
    assert torch.equal(targets[where], plain[where])
    assert where.T.flatten().equal(asked[1:])
    wanted = cross_entropy(model(inputs)[0][where], plain[where])
    torch.testing.assert_close(Truncated(model, streams, steps=3)(0), wanted)


def test_what_is_asked_for_is_as_long_as_the_text():
    with pytest.raises(ValueError, match=r"asked must have the shape of tokens, \[9\], got \[8\]"):
        Streams(torch.arange(9), 2, 2, torch.ones(8, dtype=torch.bool))


@pytest.mark.parametrize("steps", [1, 7])
def test_bytes_kept_for_the_backward_pass(steps):
    size, batch = 5, 3
    kept = kept_bytes(Table(size), Streams(torch.zeros(50, dtype=torch.int64), batch, steps))
    tokens, logits = steps * batch * 8, steps * batch * size * 4
    # embedding: the tokens; exp: its result; log-softmax: its result; the loss: targets and one sum of weights
    assert kept == 2 * tokens + 2 * logits + 4


def record(arm, k, seed, validation, kept=1.0):
    numbers = {"validation": validation + 0.001 * seed, "kept": kept, "updates": 10.0, "seconds": 1.0, "norm": 0.5,
               "characters": 100.0, "milliseconds": 1.0, "rate": 100.0}  # fmt: skip
    if arm == RESET:
        numbers["as trained"] = validation
    return Record(numbers, {"loss": [3.0, 2.0], "norm": [1.0, 0.5]}, trial=Trial(arm, seed, {"k": k}))


PROTOTYPE = {(PIECE, 5): 5.70, (PIECE, 20): 6.34, (EQUAL, 5): 7.74, (EQUAL, 20): 7.89, (EQUAL, 100): 7.97,
             (TIME, 5): 6.0, (TIME, 100): 7.97, (RESET, 5): 6.02, (RESET, 20): 6.4}  # fmt: skip


def made_up(perplexity, echo):
    made = [record(arm, k, seed, math.log(p), k) for (arm, k), p in perplexity.items() for seed in range(3)]
    return made + [record(ECHO, k, seed, share) for k, share in echo.items() for seed in range(3)]


def test_the_prototypes_figures_bear_out_the_claims():
    plan = Plan(lengths=(5, 20))
    found = find_study("15.19").findings(plan, made_up(PROTOTYPE, {5: 1.0, 20: 0.02, 100: 0.01}))
    assert {v.claim.key: v.verdict for v in found.claims} == dict.fromkeys(
        ("naive", "equal-updates", "equal-time", "carry", "memory", "echo-full", "echo-cut"), "holds"
    )
    measured = {v.claim.key: v.measured for v in found.claims}
    assert measured["naive"] == pytest.approx(math.log(7.97 / 5.70))
    assert measured["equal-updates"] == pytest.approx(math.log(7.97 / 7.74))
    assert measured["memory"] == 0.05
    assert found.summary.startswith(
        "With one update per piece, pieces of 5 characters end at a lower loss than full segments (0.3352 nats "
    )
    assert "with equal updates, pieces of 5 characters end within 0.05 nats of full segments (" in found.summary


def test_other_figures_do_not():
    plan = Plan(lengths=(5, 20))
    other = {arm: 9.0 if arm[1] == 5 else p for arm, p in PROTOTYPE.items()} | {(RESET, 5): 8.0}
    found = find_study("15.19").findings(plan, made_up(other, {5: 0.1, 20: 0.5, 100: 0.9}))
    verdicts = {v.claim.key: v.verdict for v in found.claims}
    assert verdicts.pop("memory") == "holds"
    assert set(verdicts.values()) == {"does not hold"}


def test_missing_arms_leave_claims_undecided():
    made = [one for one in made_up(PROTOTYPE, {}) if one.trial == Trial(PIECE, one.trial.seed, {"k": 5})]
    found = find_study("15.19").findings(Plan(lengths=(5, 20)), made)
    assert {v.verdict for v in found.claims} == {"undecided"}
    assert found.summary == "Some arms are missing."


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"lengths": "30"}, "lengths must divide the window of 100 and be shorter, got 30"),
        ({"lengths": "100"}, "got 100"),
        ({"lag": "1"}, "lag must be at least 2"),
        ({"lag": "100"}, "less than the window"),
    ],
)
def test_impossible_plans(wrong, said):
    with pytest.raises(UnknownName, match=said):
        find_study("15.19").plan(False, wrong)


def test_a_text_too_short_for_one_segment(tmp_path):
    (tmp_path / "own.txt").write_text("abc" * 20)
    study = find_study("15.19")
    plan = study.plan(True, {"text": str(tmp_path / "own.txt"), "seeds": "1"})
    with pytest.raises(TrialFailed, match="54 characters are too few for one segment of 100 in 16 streams"):
        study.module.run(plan, study.trials(plan)[0], Desk(tmp_path))
