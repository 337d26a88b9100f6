"""Cells that look into a memory of several rows: attention in the step, slots, stacks, delays."""

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .base import Matrix, Plain, entered


class Slots(Plain):
    state_type = Matrix
    slots = 3

    def fields(self):
        return ((self.slots, self.H),)


@entered
class AttentionToThePast(Slots):
    """Attention of the state to its own last values, by ``nn.MultiheadAttention``."""

    def build(self):
        self.attend = nn.MultiheadAttention(self.H, self.n, batch_first=True)

    def step(self, drive, state):
        seen, _ = self.attend(drive.unsqueeze(1), state.S, state.S)
        h = torch.tanh(drive + self.R(state.h) + seen.squeeze(1))
        return Matrix(h, torch.cat([state.S[:, 1:], h.unsqueeze(1)], 1))


@entered
class AttentionWithoutWeights(Slots):
    """The same, without the weights returned; rows last."""

    def build(self):
        self.attend = nn.MultiheadAttention(self.H, self.n)

    def step(self, drive, state):
        past = state.S.transpose(0, 1)
        seen, _ = self.attend(drive[None], past, past, need_weights=False)
        h = torch.tanh(drive + self.R(state.h) + seen[0])
        return Matrix(h, torch.cat([state.S[:, 1:], h[:, None]], 1))


@entered
class RelationalMemory(Slots):
    """Santoro et al. 2018: rows of the memory attend to one another and to the input, with an MLP and gates."""

    def build(self):
        H = self.H
        self.qkv, self.norm = nn.Linear(H, 3 * H), nn.LayerNorm(H)
        self.mlp = nn.Sequential(nn.Linear(H, H), nn.ReLU(), nn.Linear(H, H))
        self.gate = nn.Linear(H, 2 * H)

    def step(self, drive, state):
        B, n, d = drive.shape[0], self.n, self.d
        both = torch.cat([state.S, drive.unsqueeze(1)], 1)
        q, k, v = self.qkv(both).view(B, self.slots + 1, 3, n, d).permute(2, 0, 3, 1, 4)
        weights = torch.softmax(q @ k.transpose(-2, -1) / d**0.5, -1)
        new = (weights @ v).transpose(1, 2).reshape(B, self.slots + 1, self.H)[:, : self.slots]
        new = self.norm(state.S + new)
        new = self.norm(new + self.mlp(new))
        i, f = (self.gate(torch.tanh(state.S)) + self.gate(drive).unsqueeze(1)).chunk(2, -1)
        S = torch.sigmoid(i) * torch.tanh(new) + torch.sigmoid(f + 1) * state.S
        return Matrix(S.mean(1), S)


@entered
class SlotAttention(Slots):
    """Locatello et al. 2020: slots compete for the parts of the input, then a GRU updates each."""

    gates = 2

    def build(self):
        H = self.H
        self.q, self.k, self.v = (nn.Linear(H, H, bias=False) for _ in range(3))
        self.gru, self.norm = nn.GRUCell(H, H), nn.LayerNorm(H)

    def step(self, drive, state):
        inputs = drive.view(-1, 2, self.H)
        q, k, v = self.q(self.norm(state.S)), self.k(inputs), self.v(inputs)
        attn = torch.softmax(torch.einsum("bid,bjd->bij", q, k) * self.H**-0.5, dim=1) + 1e-8
        attn = attn / attn.sum(-1, keepdim=True)
        updates = torch.einsum("bij,bjd->bid", attn, v)
        S = self.gru(updates.reshape(-1, self.H), state.S.reshape(-1, self.H)).reshape(-1, self.slots, self.H)
        return Matrix(S.amax(1), S)


@entered
class Perceiver(Slots):
    """Jaegle et al. 2021: learned queries look into the memory by ``scaled_dot_product_attention``."""

    def build(self):
        self.query, self.kv = self.parameter(2, self.H), nn.Linear(self.H, 2 * self.H)
        self.out = nn.Linear(2 * self.H, self.H)

    def step(self, drive, state):
        k, v = self.kv(state.S).chunk(2, -1)
        seen = F.scaled_dot_product_attention(self.query.expand(drive.shape[0], -1, -1), k, v)
        h = torch.tanh(drive + self.out(seen.flatten(1)))
        return Matrix(h, torch.cat([h.unsqueeze(1), state.S[:, :-1]], dim=1))


class NTMState(NamedTuple):
    h: Tensor
    c: Tensor
    M: Tensor
    w: Tensor


@entered
class NTM(Plain):
    """Graves et al. 2014: content and location, a shift by circular convolution, sharpening."""

    state_type = NTMState
    rows, width = 5, 4

    def fields(self):
        return (self.H,), (self.rows, self.width), (self.rows,)

    def build(self):
        self.lstm = nn.LSTMCell(self.H + self.width, self.H)
        self.head = nn.Linear(self.H, 3 * self.width + 6)

    def step(self, drive, state):
        read = torch.bmm(state.w.unsqueeze(1), state.M).squeeze(1)
        h, c = self.lstm(torch.cat([drive, read], 1), (state.h, state.c))
        key, erase, add, rest = self.head(h).split([self.width, self.width, self.width, 6], -1)
        beta, g, gamma = F.softplus(rest[:, :1]), torch.sigmoid(rest[:, 1:2]), 1 + F.softplus(rest[:, 2:3])
        shift = torch.softmax(rest[:, 3:], -1)
        content = torch.softmax(beta * F.cosine_similarity(state.M + 1e-3, key.unsqueeze(1), dim=-1), -1)
        w = g * content + (1 - g) * state.w
        w = sum(shift[:, i : i + 1] * torch.roll(w, i - 1, 1) for i in range(3))
        w = (w + 1e-6) ** gamma
        w = w / w.sum(-1, keepdim=True)
        M = state.M * (1 - w.unsqueeze(2) * torch.sigmoid(erase).unsqueeze(1)) + w.unsqueeze(2) * add.unsqueeze(1)
        return NTMState(h, c, M, w)


@entered
class StackRNN(Slots):
    """Joulin & Mikolov 2015: a stack that is pushed, popped or kept."""

    def build(self):
        self.act, self.D = nn.Linear(self.H, 3), nn.Linear(self.H, self.H)

    def step(self, drive, state):
        h = torch.sigmoid(drive + self.R(state.h) + self.D(state.S[:, 0]))
        push, pop, keep = torch.softmax(self.act(h), -1).unsqueeze(-1).unbind(1)
        down = torch.cat([h.unsqueeze(1), state.S[:, :-1]], 1)
        up = torch.cat([state.S[:, 1:], torch.zeros_like(state.S[:, :1])], 1)
        S = push.unsqueeze(1) * down + pop.unsqueeze(1) * up + keep.unsqueeze(1) * state.S
        return Matrix(h, S)


@entered
class DelayLine(Slots):
    """The last few states, weighed by a learned filter (NARX; Lin et al. 1996)."""

    def build(self):
        self.filter = self.parameter(self.slots, self.H)

    def step(self, drive, state):
        h = torch.tanh(drive + (self.filter * state.S).sum(1))
        return Matrix(h, torch.roll(torch.cat([state.S[:, :-1], h[:, None]], 1), 1, 1))


@entered
class CausalConvolution(Slots):
    """A convolution over the last few inputs, as in the blocks of Mamba and Griffin."""

    def build(self):
        self.conv = nn.Conv1d(self.H, self.H, self.slots, groups=self.H)

    def step(self, drive, state):
        S = torch.cat([state.S[:, 1:], drive.unsqueeze(1)], 1)
        u = F.silu(self.conv(S.transpose(1, 2)).squeeze(-1))
        return Matrix(torch.tanh(u + self.R(state.h)), S)


@entered
class Hopfield(Plain):
    """Ramsauer et al. 2020: one step towards patterns that are parameters, several heads."""

    def build(self):
        self.patterns = self.parameter(self.n, 5, self.d)

    def step(self, drive, state):
        q = (drive + self.R(state.h)).view(-1, self.n, 1, self.d)
        p = torch.softmax(q @ self.patterns.transpose(-1, -2), -1)
        return type(state)(torch.tanh(p @ self.patterns).flatten(1))
