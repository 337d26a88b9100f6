"""The loop: what it tells, where it goes on, what it keeps, and several processes as one."""

import math
import os
import subprocess
import sys
import textwrap

import pytest
import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from elman.nn.language_model import LanguageModel
from elman.train import Best, Streams, Truncated, train
from elman.train.schedules import constant, cosine

TOKENS = torch.randint(5, (300,), generator=torch.Generator().manual_seed(0))


def net(seed=1):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(3, 4), nn.Dropout(0.5), nn.Linear(4, 1)).double()


def loss_of(model):
    def loss(update):
        x = torch.randn(6, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(update))
        return (model(x) - x.sum(-1, keepdim=True)).square().mean()

    return loss


def test_an_update_is_that_of_the_optimiser_by_hand():
    model, twin = net().eval(), net().eval()
    model.train = twin.train = lambda *_: None  # dropout stays off
    (update,) = train(model, loss_of(model), 1, learning_rate=0.1, clip_norm=0.5, schedule=constant())
    value = loss_of(twin)(0)
    value.backward()
    norm = math.sqrt(sum(parameter.grad.square().sum() for parameter in twin.parameters()))
    assert update.loss == value.item()
    assert update.norm == pytest.approx(norm, rel=1e-12)
    assert update.norm > 0.5, "the gradient is clipped, the norm reported is that before"
    for parameter in twin.parameters():
        parameter.grad *= 0.5 / (norm + 1e-6)
    torch.optim.Adam(twin.parameters(), lr=0.1).step()
    for a, b in zip(model.parameters(), twin.parameters(), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-12, atol=1e-14)


def groups_of(model, *rates):
    parts = (model[0], model[2])
    return [{"params": list(part.parameters()), "lr": rate} for part, rate in zip(parts, rates, strict=True)]


def test_each_group_of_an_optimiser_keeps_its_own_rate(tmp_path):
    """Against the same optimiser with each group's rate set by hand."""
    model, twin = net(), net()
    factors = cosine(warmup=2)
    optimizer, by_hand = (torch.optim.SGD(groups_of(one, 0.5, 0.01)) for one in (model, twin))
    path = tmp_path / "checkpoint.safetensors"

    def made(updates_left):
        torch.manual_seed(3)
        updates = train(model, loss_of(model), 8, optimizer=optimizer, schedule=factors, clip_norm=math.inf,
                        checkpoint=path, checkpoint_every=1)  # fmt: skip
        return [next(updates) for _ in range(updates_left)]

    first = made(4)
    torch.manual_seed(3)
    for update in range(3):  # the checkpoint is written when the next update is asked for
        by_hand.zero_grad()
        loss_of(twin)(update).backward()
        for group, rate in zip(by_hand.param_groups, (0.5, 0.01), strict=True):
            group["lr"] = rate * factors(update, 8)
        by_hand.step()
    assert [update.rate for update in first] == [0.5 * factors(update, 8) for update in range(4)]
    again = net(5)
    resumed = torch.optim.SGD(groups_of(again, 0.5, 0.01))
    assert len(list(train(again, loss_of(again), 3, optimizer=resumed, schedule=factors, checkpoint=path))) == 3
    for a, b in zip(again.parameters(), twin.parameters(), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-12, atol=1e-14)
    assert [group["lr"] for group in resumed.param_groups] == [rate * factors(2, 8) for rate in (0.5, 0.01)]


def test_an_optimiser_that_was_used_before_starts_at_its_highest_rates_again():
    model = net()
    optimizer = torch.optim.SGD(groups_of(model, 0.5, 0.01))
    for _ in range(2):
        rates = [update.rate for update in train(model, loss_of(model), 4, optimizer=optimizer)]
        assert rates == [0.5 * (1 - 0.9 * update / 4) for update in range(4)]


@pytest.mark.parametrize("given", ["neither", "both"])
def test_a_rate_or_an_optimiser(given):
    model = net()
    own = {"learning_rate": 0.1, "optimizer": torch.optim.SGD(model.parameters(), lr=0.1)} if given == "both" else {}
    with pytest.raises(TypeError, match=f"takes a learning_rate or an optimizer with its own rates, got {given}"):
        next(train(model, loss_of(model), 1, **own))


def run(path, stop_at=None, seed=1):
    """Train with dropout, an average, a patience and a schedule; stop at an update, or when patience ends."""
    model = net(seed)
    best = Best(model, patience=3)
    average = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(0.9))
    options = {"learning_rate": 0.3, "schedule": cosine(warmup=3), "checkpoint": path, "checkpoint_every": 4}
    seen = []
    for update in train(model, loss_of(model), 60, keep={"best": best, "average": average}, **options):
        seen.append((update.number, update.loss, update.norm, update.rate))
        if update.restored:
            continue
        if update.number == stop_at:
            return None
        if update.number % 2 == 0 and best.saw(round(update.loss, 1)):
            break
    best.restore()
    weights = [*model.parameters(), *average.parameters()]
    return seen, best.score, [weight.detach().clone() for weight in weights]


@pytest.mark.parametrize("stop_at", [3, 4, 5, 9])
def test_stopped_anywhere_it_goes_on_bit_for_bit(tmp_path, stop_at):
    seen, score, weights = run(tmp_path / "whole")
    assert stop_at < len(seen) < 60, "patience ended it"
    assert run(tmp_path / "cut", stop_at) is None
    again = run(tmp_path / "cut", seed=2 if stop_at >= 5 else 1)
    assert again[:2] == (seen, score)
    assert all(torch.equal(a, b) for a, b in zip(again[2], weights, strict=True))


def test_half_precision_learns_or_says_why_not():
    torch.manual_seed(0)
    model = nn.Linear(3, 1)
    x = torch.randn(20, 3)
    made = train(
        model, lambda _: (model(x) - x.sum(-1, keepdim=True)).float().square().mean(), 80, learning_rate=0.1,
        precision="bfloat16",
    )  # fmt: skip
    losses = [update.loss for update in made]
    assert losses[-1] < 0.02 * losses[0]
    with pytest.raises(ValueError, match="float16 needs a GPU"):
        next(train(model, lambda _: torch.zeros(()), 1, learning_rate=0.1, precision="float16"))
    with pytest.raises(ValueError, match="no precision 'half'; there are float32"):
        next(train(model, lambda _: torch.zeros(()), 1, learning_rate=0.1, precision="half"))


def tiny():
    torch.manual_seed(0)
    return LanguageModel(5, 3, 4).double()


def gradient(model, steps, carry=True, windows=2):
    """Gradient of the second window's loss, and that loss."""
    loss = Truncated(model, Streams(TOKENS, 3, 6), steps, carry)
    with torch.no_grad():
        for k in range(windows - 1):
            loss(k)
    model.zero_grad()
    value = loss(windows - 1)
    value.backward()
    return value.item(), [parameter.grad.clone() for parameter in model.parameters()]


def test_truncation_is_what_detaching_by_hand_gives():
    model = tiny()
    streams = Streams(TOKENS, 3, 6)
    value, gradients = gradient(model, 2)
    whole, full = gradient(model, 6)
    assert value == pytest.approx(whole, rel=1e-12), "truncation changes gradients alone"
    assert not torch.allclose(gradients[1], full[1])
    x, y = streams.window(1)
    with torch.no_grad():
        state = model(streams.window(0)[0], None)[1]
    model.zero_grad()
    total = torch.zeros((), dtype=torch.float64)
    for t in range(6):
        if t % 2 == 0:
            state = tuple(type(s)(*(f.detach() for f in s)) if isinstance(s, tuple) else s.detach() for s in state)
        logits, state = model(x[t : t + 1], state)
        total = total + nn.functional.cross_entropy(logits[0], y[t], reduction="sum") / 18
    total.backward()
    for expected, parameter in zip(gradients, model.parameters(), strict=True):
        torch.testing.assert_close(parameter.grad, expected, rtol=1e-9, atol=1e-12)


def test_without_carrying_every_piece_starts_anew():
    model = tiny()
    x, y = Streams(TOKENS, 3, 6).window(1)
    pieces = [model(x[t : t + 2], None)[0] for t in (0, 2, 4)]
    expected = nn.functional.cross_entropy(torch.cat(pieces).flatten(0, 1), y.flatten()).item()
    assert gradient(model, 2, carry=False)[0] == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("steps", [0, 7])
def test_truncation_is_within_the_window(steps):
    with pytest.raises(ValueError, match=f"from 1 to the window's 6, got {steps}"):
        Truncated(tiny(), Streams(TOKENS, 3, 6), steps)


SEVERAL = """
    import sys
    from pathlib import Path
    import torch
    from elman.nn.language_model import LanguageModel
    from elman.train import Streams, Truncated, losses, parallel, train
    torch.set_num_threads(1)
    with parallel.start():
        torch.manual_seed(0)
        model = LanguageModel(5, 3, 4).double()
        tokens = torch.randint(5, (300,), generator=torch.Generator().manual_seed(0))
        folder = Path(sys.argv[1])
        def stop(update, loss):
            if update == int(sys.argv[2]):
                sys.exit(7)
        loss = Truncated(model, Streams(tokens, 5, 6))
        made = losses(train(model, loss, 30, learning_rate=1e-2, shared=True, checkpoint=folder / "c",
                            checkpoint_every=5), stop)
        torch.save([made, [p.detach() for p in model.parameters()]], folder / f"{parallel.rank()}.pt")
"""


def test_two_processes_train_as_one(tmp_path):
    """Five rows in two shares; interrupted at update 17 and gone on with from 15."""
    script = tmp_path / "several.py"
    script.write_text(textwrap.dedent(SEVERAL), "utf-8")
    runs = []
    for name, launcher in (
        ("one", []),
        ("two", ["-m", "torch.distributed.run", "--nproc-per-node=2", "--standalone"]),
    ):
        folder = tmp_path / name
        folder.mkdir()
        for stop in (17, 0) if launcher else (0,):
            words = [sys.executable, *launcher, str(script), str(folder), str(stop)]
            done = subprocess.run(words, capture_output=True, check=False, env={**os.environ, "OMP_NUM_THREADS": "1"})
            assert bool(done.returncode) == bool(stop), done.stderr.decode()[-2000:]
            assert (folder / "c").exists()
        runs += [torch.load(path, weights_only=True) for path in sorted(folder.glob("*.pt"))]
    assert len(runs) == 3
    (losses, weights), *shares = runs
    for some, parameters in shares:
        assert some == pytest.approx(losses, rel=1e-9)
        torch.testing.assert_close(parameters, weights, rtol=1e-9, atol=1e-11)
    assert all(torch.equal(a, b) for a, b in zip(shares[0][1], shares[1][1], strict=True)), "processes stay together"
