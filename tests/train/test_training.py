"""Streams, training and checkpoints against what they must equal exactly."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import save_file
from torch import nn
from torch.nn.functional import cross_entropy

from elman.nn.language_model import LanguageModel
from elman.train import (
    LossNotFinite,
    Streams,
    Truncated,
    evaluate,
    load_checkpoint,
    losses,
    save_checkpoint,
    train,
)

TOKENS = torch.randint(5, (400,), generator=torch.Generator().manual_seed(0))


def parts(net):
    return {"model": net, "optimizer": torch.optim.AdamW(net.parameters())}


def model(dropout=0.0):
    torch.manual_seed(1)
    return LanguageModel(5, 3, 6, dropout=dropout)


def run(net, streams, updates, each=None, **options):
    """Train a language model on a text."""
    return losses(train(net, Truncated(net, streams), updates, **options), each)


@given(st.integers(2, 60), st.integers(1, 5), st.integers(1, 7))
def test_windows_tile_the_streams(n, batch, steps):
    tokens = torch.arange(n)
    if (n - 1) // batch < steps:
        with pytest.raises(ValueError, match="too few for one window"):
            Streams(tokens, batch, steps)
        return
    streams = Streams(tokens, batch, steps)
    inputs, targets = (torch.cat(parts) for parts in zip(*map(streams.window, range(len(streams))), strict=True))
    assert torch.equal(targets, inputs + 1)
    assert inputs[0, 0] == 0
    assert torch.equal(inputs.T.diff(), torch.ones_like(inputs.T.diff())), "each stream is contiguous"
    assert len(set(inputs.flatten().tolist())) == inputs.numel(), "no token is read twice"


@given(st.integers(1, 50))
def test_evaluation_is_one_pass_whatever_the_chunks(steps):
    net, tokens = model().double(), TOKENS[:50]
    logits, _ = net(tokens[:-1, None])
    expected = cross_entropy(logits[:, 0], tokens[1:]).item()
    assert evaluate(net, tokens, steps) == pytest.approx(expected, rel=1e-12)
    assert net.training


def test_evaluation_needs_two_tokens():
    with pytest.raises(ValueError, match="at least 2 tokens, got 1"):
        evaluate(model(), TOKENS[:1])


def test_a_resumed_run_is_the_same_bit_for_bit(tmp_path):
    """With dropout, so that the random state matters, and windows that wrap, so that the carried one does."""
    streams, options = Streams(TOKENS, 4, 8), {"learning_rate": 1e-2, "checkpoint_every": 5}
    whole = model(0.3)
    expected = run(whole, streams, 40, checkpoint=tmp_path / "whole", **options)

    class Killed(Exception):
        pass

    def kill(update, loss):
        if update == 23:
            raise Killed

    with pytest.raises(Killed):
        run(model(0.3), streams, 40, checkpoint=tmp_path / "cut", each=kill, **options)
    torch.manual_seed(999)
    resumed = LanguageModel(5, 3, 6, dropout=0.3)
    assert run(resumed, streams, 40, checkpoint=tmp_path / "cut", **options) == expected
    for a, b in zip(whole.parameters(), resumed.parameters(), strict=True):
        assert torch.equal(a, b)


def test_learning_lowers_the_loss():
    net, tokens = model(), torch.arange(400) % 5
    before = evaluate(net, tokens)
    run(net, Streams(tokens, 4, 8), 400, learning_rate=2e-2)
    assert evaluate(net, tokens) < 0.05, "a cycle of five can be known for certain"
    assert before > 1.0


def test_a_loss_that_is_not_finite_stops_at_its_update(tmp_path):
    net = model()

    def poison(update, loss):
        if update == 7:
            with torch.no_grad():
                next(iter(net.parameters())).fill_(float("nan"))

    with pytest.raises(LossNotFinite, match="became nan at update 7"):
        run(net, Streams(TOKENS, 4, 8), 20, learning_rate=1e-2, checkpoint=tmp_path / "c", checkpoint_every=3,
            each=poison)  # fmt: skip
    fresh = model()
    notes = load_checkpoint(tmp_path / "c", parts(fresh))
    assert notes["history"].shape == (6, 4)
    assert all(parameter.isfinite().all() for parameter in fresh.parameters())


@pytest.mark.parametrize("damage", ["cut", "flip", "empty", "pickle", "other model", "no notes"])
def test_a_damaged_checkpoint_is_refused_in_words(tmp_path, damage):
    path, net = tmp_path / "checkpoint", model()
    save_checkpoint(path, parts(net))
    whole = path.read_bytes()
    if damage == "cut":
        path.write_bytes(whole[: len(whole) // 2])
    elif damage == "flip":
        path.write_bytes(b"\xff" * 8 + whole[8:])
    elif damage == "empty":
        path.write_bytes(b"")
    elif damage == "pickle":
        torch.save(net.state_dict(), path)
    elif damage == "no notes":
        save_file(net.state_dict(), path)
    else:
        save_checkpoint(path, parts(nn.Linear(2, 3)))
    with pytest.raises(ValueError, match=r"is not a checkpoint of this model .*; delete it to start again"):
        load_checkpoint(path, parts(net))


def test_no_checkpoint(tmp_path):
    with pytest.raises(FileNotFoundError, match="no checkpoint at"):
        load_checkpoint(tmp_path / "none", parts(model()))


def test_other_parts_are_refused(tmp_path):
    save_checkpoint(tmp_path / "c", {"model": model()})
    with pytest.raises(ValueError, match="it holds model, expected model, optimizer"):
        load_checkpoint(tmp_path / "c", parts(model()))
