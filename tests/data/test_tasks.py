"""Generated tasks and the .ts reader: what they promise, exactly."""

import pytest
import torch

from elman.data.errors import DataError
from elman.data.tasks import NOTHING, Copy, Recall, StoreRecall, Timing
from elman.data.ts import read_ts


def test_recall_hides_the_answer_everywhere_but_in_the_first_step():
    task = Recall(steps=6, symbols=3, distractors=2)
    x, y = task.draw(500, torch.Generator().manual_seed(0))
    assert x.shape == (6, 500, task.input_size)
    assert torch.equal(x.sum(-1), torch.ones(6, 500))
    assert torch.equal(x[0].argmax(-1), y)
    assert (x[1:].argmax(-1) >= 3).all()
    assert set(y.tolist()) == {0, 1, 2}
    assert task.chance == pytest.approx(1 / 3)


def tokens_of(x, batch_row):
    """One row of one-hot inputs as symbols; a step that is not one-hot fails."""
    assert torch.equal(x[:, batch_row].sum(-1), torch.ones(len(x)))
    return x[:, batch_row].argmax(-1).tolist()


@pytest.mark.parametrize(("delay", "length", "symbols"), [(1, 1, 2), (3, 4, 5), (20, 5, 8)])
def test_copy_asks_for_what_was_shown_and_for_nothing_else(delay, length, symbols):
    task = Copy(delay, length, symbols)
    x, answers = task.draw(60, torch.Generator().manual_seed(1))
    assert x.shape == (2 * length + delay, 60, task.input_size)
    seen = set()
    for b in range(60):
        tokens = tokens_of(x, b)
        shown, pause, signal, rest = (
            tokens[:length],
            tokens[length : length + delay],
            tokens[length + delay],
            tokens[length + delay + 1 :],
        )
        assert all(token < symbols for token in shown)
        assert pause == [symbols] * delay
        assert signal == symbols + 1
        assert rest == [symbols] * (length - 1)
        assert answers[:, b].tolist() == [NOTHING] * (length + delay) + shown
        seen |= set(shown)
    assert seen == set(range(task.classes))
    assert task.chance == pytest.approx(1 / symbols)


@pytest.mark.parametrize(("rounds", "gap", "symbols"), [(1, 0, 2), (3, 1, 4), (4, 10, 8)])
def test_a_stream_of_stores_is_answered_by_one_variable(rounds, gap, symbols):
    task = StoreRecall(rounds, gap, symbols)
    x, answers = task.draw(60, torch.Generator().manual_seed(2))
    assert x.shape == (rounds * (gap + 2), 60, task.input_size)
    for b in range(60):
        kept, since, asked = None, 0, 0
        for step, wanted in zip(x[:, b], answers[:, b].tolist(), strict=True):
            store, distractor, question = step[symbols:].tolist()
            assert store + distractor + question == 1
            assert step[:symbols].sum() == 1 - question
            if store:
                kept, since = int(step[:symbols].argmax()), 0
            since += int(distractor)
            assert wanted == (kept if question else NOTHING)
            if question:
                assert since == gap
                asked += 1
        assert asked == rounds
    assert set(answers.unique().tolist()) == {NOTHING, *range(task.classes)}
    assert task.chance == pytest.approx(1 / symbols)


def test_distractors_say_nothing_of_the_answer():
    """Given the distractor just before the question, every answer is as likely as any other."""
    task = StoreRecall(rounds=1, gap=1, symbols=4)
    x, answers = task.draw(40_000, torch.Generator().manual_seed(3))
    pairs = torch.stack([x[1, :, :4].argmax(-1), answers[2]], 1)
    shares = torch.bincount(pairs[:, 0] * 4 + pairs[:, 1], minlength=16) / 40_000
    deviation = (1 / 16 * 15 / 16 / 40_000) ** 0.5
    assert (shares - 1 / 16).abs().max() < 5 * deviation


@pytest.mark.parametrize(("short", "long", "spikes"), [(1, 2, 2), (2, 5, 4), (10, 11, 6)])
def test_timing_asks_at_every_spike_how_long_ago_the_last_one_was(short, long, spikes):
    task = Timing(short, long, spikes)
    x, answers = task.draw(60, torch.Generator().manual_seed(4))
    assert x.shape == (long * (spikes - 1) + 1, 60, task.input_size)
    assert set(x.unique().tolist()) == {0.0, 1.0}
    for b in range(60):
        last, count = None, 0
        for t, (spike, wanted) in enumerate(zip(x[:, b, 0].tolist(), answers[:, b].tolist(), strict=True)):
            if not spike:
                assert wanted == NOTHING
                continue
            assert wanted == (NOTHING if last is None else {short: 0, long: 1}[t - last])
            last, count = t, count + 1
        assert x[0, b, 0] == 1
        assert count == spikes
    assert set(answers.unique().tolist()) == {NOTHING, *range(task.classes)}
    assert task.chance == 0.5


@pytest.mark.parametrize("task", [Recall(5), Copy(3), StoreRecall(2, 1), Timing(2, 3)])
def test_the_same_seed_draws_the_same_and_another_something_else(task):
    (x, y), (again, y_again), (_, y_other) = (
        task.draw(20, torch.Generator().manual_seed(seed)) for seed in (3, 3, 4)
    )
    assert torch.equal(x, again)
    assert torch.equal(y, y_again)
    assert not torch.equal(y, y_other)


def test_ts_records(tmp_path):
    path = tmp_path / "file.ts"
    path.write_text("# comment\n@problemName x\n@data\n1,2,3:4,5,6:a\n7:8:b\n")
    first, second = read_ts(path)
    assert first.values.tolist() == [[1, 4], [2, 5], [3, 6]]
    assert (first.label, second.label) == ("a", "b")
    assert second.values.shape == (1, 2)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("@data\n", "holds no sequences"),
        ("1,2:a\n", "holds no sequences"),
        ("@data\n1,2:1:a\n", "line 2: a sequence needs .* all of one length"),
        ("@data\n1,x:a\n", "line 2: a sequence needs at least one channel of finite numbers"),
        ("@data\n1,nan:a\n", "line 2: a sequence needs at least one channel of finite numbers"),
        ("@data\na\n", "line 2: a sequence needs at least one channel"),
        ("@data\n1,2:\n", "line 2: the label after the last colon is missing"),
        ("@data\n1:2:a\n3:a\n", "line 3: got 1 channels, expected 2 as in the sequences before"),
    ],
)
def test_ts_files_that_are_none(tmp_path, text, message):
    path = tmp_path / "file.ts"
    path.write_text(text)
    with pytest.raises(DataError, match=message):
        read_ts(path)
