"""Cells of one vector or two whose functions the engine did not know, and cells built from PyTorch's own."""

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .base import Plain, State, Two, entered, stays


class Timed(NamedTuple):
    h: Tensor
    t: Tensor


@entered
class Clockwork(Plain):
    """Koutnik et al. 2014: each block of units moves once in a number of steps."""

    state_type = Timed

    def fields(self):
        return ((1,),)

    def step(self, drive, state):
        periods = 2.0 ** torch.arange(self.n, dtype=drive.dtype)
        active = (state.t % periods == 0).repeat_interleave(self.d, dim=-1)
        return Timed(torch.where(active, torch.tanh(drive + self.R(state.h)), state.h), state.t + 1)


class PhasedState(NamedTuple):
    h: Tensor
    c: Tensor
    t: Tensor


@entered
class PhasedLSTM(Plain):
    """Neil et al. 2016: a gate that opens for part of a period."""

    gates = 4
    state_type = PhasedState

    def fields(self):
        return (self.H,), (1,)

    def build(self):
        self.tau, self.s = nn.Parameter(1 + 5 * torch.rand(self.H)), nn.Parameter(torch.rand(self.H))

    def step(self, drive, state):
        i, f, g, o = (drive + self.R(state.h)).chunk(4, -1)
        c = torch.sigmoid(f) * state.c + torch.sigmoid(i) * torch.tanh(g)
        h = torch.sigmoid(o) * torch.tanh(c)
        phi = torch.fmod(state.t - self.s, self.tau) / self.tau
        k = torch.where(phi < 0.2, 2 * phi / 0.4, torch.where(phi < 0.4, 2 - 2 * phi / 0.4, 0.001 * phi))
        return PhasedState(k * h + (1 - k) * state.h, k * c + (1 - k) * state.c, state.t + 1)


@entered
class ONLSTM(Plain):
    """Shen et al. 2019: ordered neurons, whose master gates are cumulative sums of a softmax."""

    gates = 4
    state_type = Two

    def build(self):
        self.master, self.R_master = nn.Linear(self.H, 2 * self.n), nn.Linear(self.H, 2 * self.n)

    def step(self, drive, state):
        i, f, g, o = (drive + self.R(state.h)).chunk(4, -1)
        a, b = self.R_master(state.h).chunk(2, -1)
        f_, i_ = torch.cumsum(torch.softmax(a, -1), -1), 1 - torch.cumsum(torch.softmax(b, -1), -1)
        f_, i_ = (m.unsqueeze(-1).expand(-1, -1, self.d).reshape(-1, self.H) for m in (f_, i_))
        w = f_ * i_
        f, i = torch.sigmoid(f) * w + f_ - w, torch.sigmoid(i) * w + i_ - w
        c = f * state.c + i * torch.tanh(g)
        return Two(torch.sigmoid(o) * torch.tanh(c), c)


class HyperState(NamedTuple):
    h: Tensor
    c: Tensor
    hyper_h: Tensor
    hyper_c: Tensor


@entered
class HyperLSTM(Plain):
    """Ha et al. 2017: a small LSTM scales the rows of a large one's weights."""

    gates = 4
    state_type = HyperState

    def fields(self):
        return (self.H,), (4,), (4,)

    def build(self):
        self.hyper, self.scale = nn.LSTMCell(5 * self.H, 4), nn.Linear(4, 4 * self.H)

    def step(self, drive, state):
        a, b = self.hyper(torch.cat([drive, state.h], -1), (state.hyper_h, state.hyper_c))
        i, f, g, o = (drive + self.scale(a) * self.R(state.h)).chunk(4, -1)
        c = torch.sigmoid(f) * state.c + torch.sigmoid(i) * torch.tanh(g)
        return HyperState(torch.sigmoid(o) * torch.tanh(c), c, a, b)


@entered
class GRUInside(Plain):
    def build(self):
        self.gru = nn.GRUCell(self.H, self.H)

    def step(self, drive, state):
        return State(self.gru(drive, state.h))


@entered
class RNNsInside(Plain):
    def build(self):
        self.tanh, self.relu = nn.RNNCell(self.H, self.H), nn.RNNCell(self.H, self.H, nonlinearity="relu")

    def step(self, drive, state):
        return State(self.tanh(drive, state.h) + 0.1 * self.relu(drive, state.h))


class SkipState(NamedTuple):
    h: Tensor
    u: Tensor


@entered
class SkipRNN(Plain):
    """Campos et al. 2018: a step is taken or skipped; the gradient passes a rounded gate straight."""

    state_type = SkipState

    def fields(self):
        return ((1,),)

    def build(self):
        self.gru, self.p = nn.GRUCell(self.H, self.H), nn.Linear(self.H, 1)

    def step(self, drive, state):
        u = state.u + (torch.round(state.u) - state.u).detach()
        h = u * self.gru(drive, state.h) + (1 - u) * state.h
        du = torch.sigmoid(self.p(h))
        return SkipState(h, u * du + (1 - u) * (state.u + torch.min(du, 1 - state.u)))


@entered
class MLPStep(Plain):
    def build(self):
        H = self.H
        self.mlp = nn.Sequential(nn.Linear(H, 2 * H), nn.GELU(), nn.Linear(2 * H, H), nn.GELU(approximate="tanh"))

    def step(self, drive, state):
        return State(state.h + 0.5 * torch.tanh(drive + self.mlp(state.h)))


def activation(name, function):
    """Enter a simple recurrent network with another function."""

    class Activated(Plain):
        def step(self, drive, state):
            return State(function(drive + 0.5 * self.R(state.h)))

    Activated.__name__ = Activated.__qualname__ = name
    return entered(Activated)


activation("ELU", F.elu)
activation("LeakyReLU", F.leaky_relu)
activation("HardTanh", F.hardtanh)
activation("HardSwish", F.hardswish)
activation("Mish", F.mish)
activation("SELU", F.selu)
activation("Arctan", torch.atan)
activation("Softsign", F.softsign)
activation("HardSigmoid", F.hardsigmoid)
activation("ReLU6", F.relu6)
activation("Softshrink", F.softshrink)


@entered
class Standardised(Plain):
    """The state less its mean, by its standard deviation; a gate from its variance."""

    def step(self, drive, state):
        u = drive + self.R(state.h)
        return State(
            torch.tanh((u - u.mean(-1, keepdim=True)) / (u.std(-1, keepdim=True) + 1e-3)) * u.var(-1, keepdim=True)
        )


@entered
class GroupNormRNN(Plain):
    def build(self):
        self.norm = nn.GroupNorm(self.n, self.H)

    def step(self, drive, state):
        return State(torch.tanh(drive + self.norm(self.R(state.h))))


@entered
class InstanceNormRNN(Plain):
    def build(self):
        self.norm = nn.InstanceNorm1d(self.n, affine=True)

    def step(self, drive, state):
        return State(torch.tanh(drive + self.norm(self.R(state.h).view(-1, self.n, self.d)).flatten(1)))


@entered
class GroupSoftmax(Plain):
    """A categorical state: a softmax over each group of units (DreamerV2's latent, Hafner et al. 2021)."""

    def step(self, drive, state):
        return State(torch.softmax((drive + self.R(state.h)).view(-1, self.n, self.d), -1).view(-1, self.H))


@entered
class Maxout(Plain):
    """Goodfellow et al. 2013: the largest of three."""

    gates = 3

    def step(self, drive, state):
        return State(torch.tanh((drive + self.R(state.h)).view(-1, self.H, 3).max(-1).values))


@entered
class WinnerTakesAll(Plain):
    """The largest unit of each block survives (Srivastava et al. 2013, local winner-take-all)."""

    def step(self, drive, state):
        u = (drive + self.R(state.h)).view(-1, self.n, self.d)
        return State(torch.where(u == u.amax(-1, keepdim=True), u, torch.zeros_like(u)).flatten(1).tanh())


@entered
class Capsules(Plain):
    """Sabour et al. 2017: groups of units squashed to a length below one."""

    def step(self, drive, state):
        s = (drive + self.R(state.h)).view(-1, self.n, self.d)
        square = (s**2).sum(-1, keepdim=True)
        return State((square / (1 + square) * s / torch.sqrt(square + 1e-8)).flatten(1))


@entered
class Powers(Plain):
    """Roots and powers of numbers that stay positive."""

    def build(self):
        self.decay = nn.Parameter(torch.rand(self.H))

    def step(self, drive, state):
        u = (drive + self.R(state.h)).abs() + 0.1
        return State(u**0.5 - 0.2 * u**1.5 + torch.sigmoid(self.decay) ** u - u**-0.25)


@entered
class Quantised(Plain):
    """Hubara et al. 2016: activations of a few bits, the gradient passed straight."""

    def step(self, drive, state):
        u = torch.clamp(drive + self.R(state.h), -1, 1)
        return State(u + (torch.round(u * 7) / 7 - u).detach())


@entered
class Monotone(Plain):
    """A cumulative maximum over the units (order embeddings)."""

    def step(self, drive, state):
        return State(torch.tanh(torch.cummax(drive + self.R(state.h), -1).values))


@entered
class Counted(Plain):
    """A counter of whole numbers beside the state."""

    state_type = Timed

    def initial_state(self, batch_size):
        h = self.W.weight.new_zeros(batch_size, self.H)
        return Timed(h, torch.zeros(batch_size, 1, dtype=torch.int64))

    def step(self, drive, state):
        h = torch.tanh(drive + self.R(state.h) / (1 + state.t))
        return Timed(h, state.t + 1)


@entered
class Halting(Plain):
    """A truth value for each row: after the state has once been large it no longer moves."""

    state_type = Timed

    def initial_state(self, batch_size):
        h = self.W.weight.new_zeros(batch_size, self.H)
        return Timed(h, torch.zeros(batch_size, 1, dtype=torch.bool))

    def step(self, drive, state):
        h = torch.where(state.t, state.h, torch.tanh(drive + self.R(state.h)))
        return Timed(h, state.t | (h.abs().amax(-1, keepdim=True) > 0.9))


@stays("complex")
class LRU(Plain):
    """Orvieto et al. 2023, with complex numbers."""

    state_type = Two

    def build(self):
        self.nu, self.theta = self.parameter(self.H // 2), self.parameter(self.H // 2)

    def step(self, drive, state):
        turn = torch.polar(torch.exp(-torch.exp(self.nu)), self.theta)
        c = torch.view_as_complex(state.c.view(-1, self.H // 2, 2)) * turn
        c = torch.view_as_real(c).flatten(1) + drive
        return Two(torch.tanh(self.R(c)), c)


@stays("values")
class Adaptive(Plain):
    """Graves 2016, adaptive computation time: a loop that ends when the numbers say so."""

    def step(self, drive, state):
        h = state.h
        for _ in range(5):
            h = torch.tanh(drive + self.R(h))
            if h.abs().mean() > 0.3:
                break
        return State(h)


@stays("in place")
class WritesInPlace(Plain):
    def step(self, drive, state):
        h = drive + self.R(state.h)
        h[:, 0] = 0
        return State(torch.tanh(h))


@stays("sort")
class Sorted(Plain):
    def step(self, drive, state):
        return State(torch.tanh(drive + self.R(state.h)).sort(-1).values)


@stays("random")
class DropoutInside(Plain):
    """Semeniuta et al. 2016: dropout of the candidate, drawn at each step."""

    def step(self, drive, state):
        return State(0.5 * state.h + F.dropout(torch.tanh(drive + self.R(state.h)), 0.2))
