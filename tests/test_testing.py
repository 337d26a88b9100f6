"""``check_cell`` must find each kind of broken promise."""

import pytest
import torch
from torch import nn

import elman


class Sound(elman.Cell):
    def __init__(self):
        super().__init__(3, 4)
        self.W = nn.Linear(3, 4)

    def drive(self, x):
        return self.W(x)

    def step(self, drive, state):
        return elman.State(torch.tanh(drive + 0.5 * state.h))


class Spare(Sound):
    """A parameter that nothing reads."""

    def __init__(self):
        super().__init__()
        self.spare = nn.Parameter(torch.zeros(4))


class LooksAround(Sound):
    def drive(self, x):
        return self.W(x - x.mean(0))


class MixesRows(Sound):
    def step(self, drive, state):
        return elman.State(torch.tanh(drive + state.h.mean(0)))


class Forgetful(Sound):
    calls = 0

    def step(self, drive, state):
        self.calls += 1
        return elman.State(torch.tanh(drive + 0.5 * state.h) + self.calls)


class WrongState(Sound):
    def step(self, drive, state):
        return torch.tanh(drive)


class WrongShape(Sound):
    def step(self, drive, state):
        return elman.State(torch.tanh(drive)[:, :2])


class WrongGradient(Sound):
    def step(self, drive, state):
        h = torch.tanh(drive + 0.5 * state.h)
        return elman.State(h + (drive - drive.detach()))


class Random(Sound):
    def step(self, drive, state):
        return elman.State(torch.tanh(drive) * torch.rand(4))


@pytest.mark.parametrize("cell", [Sound, Spare])
@pytest.mark.parametrize("engine", ["auto", "loop"])
def test_a_sound_cell_passes(cell, engine):
    elman.check_cell(cell(), engine)


@pytest.mark.parametrize(
    ("cell", "promise"),
    [
        (LooksAround, "drive acts on each input alone"),
        (MixesRows, "rows are independent"),
        (Forgetful, "same numbers twice"),
        (Random, "same numbers twice"),
        (WrongState, "shapes: step must return State, got Tensor"),
        (WrongShape, r"shapes: state.h must stay \[4, 4\]"),
        (WrongGradient, "gradients"),
    ],
)
def test_a_broken_promise_is_named(cell, promise):
    with pytest.raises(AssertionError, match=f"{cell.__name__}: {promise}"):
        elman.check_cell(cell())


def test_the_cell_itself_is_left_alone():
    cell = Sound()
    before = {name: value.clone() for name, value in cell.state_dict().items()}
    state = torch.random.get_rng_state()
    elman.check_cell(cell)
    assert all(torch.equal(before[name], value) for name, value in cell.state_dict().items())
    assert cell.W.weight.dtype == torch.float32
    assert torch.equal(state, torch.random.get_rng_state())
