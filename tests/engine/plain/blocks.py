"""Cells whose parameters have three dimensions, whose state is cut into blocks, or whose units change places."""

import torch
from torch import nn
from torch.nn import functional as F

from .base import Matrix, Plain, State, Two, entered


@entered
class BlockRNN(Plain):
    """A block of weights for each group of units, by ``bmm``."""

    def build(self):
        self.B = self.parameter(self.n, self.d, self.d)

    def step(self, drive, state):
        blocks = state.h.view(-1, self.n, self.d).transpose(0, 1)
        return State(torch.tanh(drive + torch.bmm(blocks, self.B).transpose(0, 1).reshape(-1, self.H)))


@entered
class BlockGRU(Plain):
    """Hafner et al. 2023, DreamerV3: block-diagonal weights, RMS norm, SiLU."""

    gates = 3

    def build(self):
        self.B, self.norm = self.parameter(self.n, self.d, 3 * self.d), nn.RMSNorm(3 * self.H)

    def step(self, drive, state):
        u = torch.einsum("bgi,gio->bgo", state.h.unflatten(-1, (self.n, self.d)), self.B)
        u = self.norm(drive + u.unflatten(-1, (3, self.d)).transpose(1, 2).reshape(-1, 3 * self.H))
        r, c, z = u.chunk(3, -1)
        z = torch.sigmoid(z - 1)
        return State(z * torch.tanh(torch.sigmoid(r) * c) + (1 - z) * state.h)


@entered
class Mechanisms(Plain):
    """After Goyal et al. 2021: independent mechanisms that weigh the input and talk by attention."""

    def build(self):
        self.B, self.bias = self.parameter(self.n, self.d, self.d), self.parameter(self.n, self.d)
        self.q, self.k, self.v = (self.parameter(self.n, self.d, self.d) for _ in range(3))

    def step(self, drive, state):
        h = state.h.view(-1, self.n, self.d)
        new = torch.tanh(drive.view_as(h) + torch.einsum("bnd,nde->bne", h, self.B) + self.bias)
        q, k, v = (torch.einsum("bnd,nde->bne", new, w) for w in (self.q, self.k, self.v))
        talk = torch.softmax(q @ k.mT / self.d**0.5, -1) @ v
        return State((new + talk).flatten(1))


@entered
class Experts(Plain):
    """Experts that share a step by a softmax gate (Shazeer et al. 2017, without the choice of a few)."""

    def build(self):
        self.E, self.gate = self.parameter(self.n, self.H, self.H), nn.Linear(self.H, self.n)

    def step(self, drive, state):
        each = torch.einsum("bi,eij->bej", state.h, self.E)
        g = torch.softmax(self.gate(state.h), -1)
        return State(torch.tanh(drive + torch.einsum("be,bej->bj", g, each)))


@entered
class SecondOrder(Plain):
    """Giles et al. 1990: products of states and inputs, each with a weight."""

    def build(self):
        self.T = nn.Parameter(0.3 * self.parameter(self.H, self.H, 3))

    def drive(self, x):
        return self.W(x), x[..., :3]

    def step(self, drive, state):
        a, x = drive
        return State(torch.tanh(a + torch.einsum("bi,oij,bj->bo", state.h, self.T, x)))


@entered
class Bilinear(Plain):
    """``nn.Bilinear`` of the state and part of it."""

    def build(self):
        self.bilinear = nn.Bilinear(self.H, 4, self.H)

    def step(self, drive, state):
        return State(torch.tanh(drive + self.bilinear(state.h, state.h[:, :4])))


@entered
class Kronecker(Plain):
    """Jose et al. 2018, KRU: the recurrent matrix is a Kronecker product."""

    def build(self):
        self.A, self.B = self.parameter(self.n, self.n), self.parameter(self.d, self.d)

    def step(self, drive, state):
        return State(torch.tanh(drive + (self.A @ state.h.view(-1, self.n, self.d) @ self.B).flatten(1)))


@entered
class Rolled(Plain):
    """A cyclic shift of the units (the SCRN's and the NTM's simplest memory)."""

    def step(self, drive, state):
        return State(torch.relu(drive + torch.roll(state.h, 1, -1)))


@entered
class Permuted(Plain):
    """A fixed permutation of the units, in a buffer."""

    def build(self):
        self.register_buffer("order", torch.randperm(self.H))

    def step(self, drive, state):
        return State(torch.tanh(drive + 0.9 * state.h[:, self.order] + 0.1 * self.R(state.h)))


@entered
class Flipped(Plain):
    """The units in reverse order, and each second unit."""

    def step(self, drive, state):
        even, odd = state.h[:, ::2], state.h[:, 1::2]
        mixed = torch.stack([even + odd.tanh(), odd - even.tanh()], -1).flatten(1)
        return State(torch.tanh(drive + mixed + self.R(state.h).flip(-1)))


@entered
class EUNN(Plain):
    """Jing et al. 2017: rotations of neighbours, then of neighbours one further."""

    def build(self):
        self.theta, self.phi = self.parameter(self.H // 2), self.parameter(self.H // 2)

    def rotated(self, h, angle):
        a, b = h.view(-1, self.H // 2, 2).unbind(-1)
        c, s = torch.cos(angle), torch.sin(angle)
        return torch.stack([c * a - s * b, s * a + c * b], -1).view(-1, self.H)

    def step(self, drive, state):
        h = self.rotated(state.h, self.theta)
        h = self.rotated(h.roll(1, -1), self.phi).roll(-1, -1)
        u = drive + h
        return State(torch.sign(u) * torch.relu(u.abs() - 0.01))


@entered
class Rotations(Plain):
    """A real LRU: pairs of units turned by a matrix of two by two (Orvieto et al. 2023, without complex numbers)."""

    def build(self):
        self.nu, self.theta = self.parameter(self.H // 2), self.parameter(self.H // 2)

    def step(self, drive, state):
        r, c, s = torch.exp(-torch.exp(self.nu)), torch.cos(self.theta), torch.sin(self.theta)
        turn = torch.stack([torch.stack([c, -s], -1), torch.stack([s, c], -1)], -2) * r[:, None, None]
        pairs = state.h.view(-1, self.H // 2, 2)
        return State((turn @ pairs.unsqueeze(-1)).flatten(1) + drive)


@entered
class ConvLSTM(Plain):
    """Shi et al. 2015, in one dimension."""

    gates = 4
    state_type = Two

    def build(self):
        self.conv = nn.Conv1d(self.n, 4 * self.n, 3, padding=1)

    def step(self, drive, state):
        u = drive.view(-1, 4 * self.n, self.d) + self.conv(state.h.view(-1, self.n, self.d))
        i, f, g, o = u.flatten(1).chunk(4, -1)
        c = torch.sigmoid(f) * state.c + torch.sigmoid(i) * torch.tanh(g)
        return Two(torch.sigmoid(o) * torch.tanh(c), c)


@entered
class ConvGRU(Plain):
    """Ballas et al. 2016, in two dimensions."""

    def build(self):
        self.conv, self.new = nn.Conv2d(1, 2, 3, padding=1), nn.Conv2d(1, 1, (3, 1), padding=(1, 0))

    def step(self, drive, state):
        h = state.h.view(-1, 1, self.n, self.d)
        z, r = torch.sigmoid(self.conv(h)).split(1, 1)
        new = torch.tanh(self.new(r * h) + drive.view_as(h))
        return State(((1 - z) * h + z * new).flatten(1))


@entered
class Neighbours(Plain):
    """A convolution over the units, by ``F.conv1d`` with circular padding (a cellular automaton)."""

    def build(self):
        self.K = self.parameter(1, 1, 3)

    def step(self, drive, state):
        h = F.pad(state.h.unsqueeze(1), (1, 1), mode="circular")
        return State(torch.tanh(drive + F.conv1d(h, self.K).squeeze(1)))


@entered
class MambaS6(Plain):
    """Gu & Dao 2023, S6: the step size, B and C depend on the input; a state of 4 for each unit."""

    gates = 2
    state_type = Matrix

    def fields(self):
        return ((self.H, 4),)

    def build(self):
        self.A_log, self.D = self.parameter(self.H, 4), self.parameter(self.H)
        self.BC = nn.Linear(self.H, 8, bias=False)

    def step(self, drive, state):
        u, dt = drive.chunk(2, -1)
        dt = F.softplus(dt)
        B, C = self.BC(u).chunk(2, -1)
        dA = torch.exp(dt.unsqueeze(-1) * -torch.exp(self.A_log))
        S = dA * state.S + (dt * u).unsqueeze(-1) * B.unsqueeze(1)
        return Matrix((S * C.unsqueeze(1)).sum(-1) + self.D * u, S)


@entered
class S5(Plain):
    """Smith et al. 2023, with real states, GELU and a gate."""

    state_type = Two

    def build(self):
        self.rate, self.C = self.parameter(self.H), nn.Linear(self.H, self.H)

    def step(self, drive, state):
        c = torch.exp(-F.softplus(self.rate)) * state.c + drive
        y = F.gelu(self.C(c))
        return Two(y * torch.sigmoid(self.R(y)), c)
