"""Cells with a matrix in the state: linear attention, fast weights, and their relatives."""

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .base import Matrix, Plain, entered


class Heads(Plain):
    gates = 3
    state_type = Matrix

    def fields(self):
        return ((self.n, self.d, self.d),)

    def heads(self, *rows):
        return [row.view(-1, self.n, self.d) for row in rows]


@entered
class Retention(Heads):
    """Sun et al. 2023, RetNet, in its recurrent form."""

    def step(self, drive, state):
        q, k, v = self.heads(*drive.chunk(3, -1))
        decay = 1 - 2.0 ** (-5 - torch.arange(self.n, dtype=drive.dtype))
        S = decay[:, None, None] * state.S + k.unsqueeze(-1) @ v.unsqueeze(-2)
        out = (q.unsqueeze(-2) @ S).squeeze(-2)
        return Matrix(out.flatten(1), S)


@entered
class RetentionBroadcast(Heads):
    """The same by broadcasting, with a norm over each head."""

    def build(self):
        self.decay = self.parameter(self.n, 1, 1)
        self.norm = nn.GroupNorm(self.n, self.H)

    def step(self, drive, state):
        q, k, v = self.heads(*drive.chunk(3, -1))
        S = torch.sigmoid(self.decay) * state.S + k[..., :, None] * v[..., None, :]
        return Matrix(self.norm((q[..., :, None] * S).sum(-2).flatten(1)), S)


class Normalised(NamedTuple):
    h: Tensor
    S: Tensor
    z: Tensor


@entered
class LinearAttention(Heads):
    """Katharopoulos et al. 2020, Transformers are RNNs."""

    state_type = Normalised

    def fields(self):
        return (self.n, self.d, self.d), (self.n, self.d)

    def step(self, drive, state):
        q, k, v = self.heads(*(drive + self.R(state.h)).chunk(3, -1))
        q, k = F.elu(q) + 1, F.elu(k) + 1
        S = state.S + torch.einsum("bnk,bnv->bnkv", k, v)
        z = state.z + k
        out = torch.einsum("bnk,bnkv->bnv", q, S) / (torch.einsum("bnk,bnk->bn", q, z).unsqueeze(-1) + 1e-6)
        return Normalised(out.flatten(1), S, z)


@entered
class DeltaNet(Heads):
    """Schlag et al. 2021, the delta rule."""

    def build(self):
        self.beta = nn.Linear(self.H, self.n)

    def step(self, drive, state):
        q, k, v = self.heads(*drive.chunk(3, -1))
        q, k = F.normalize(F.silu(q), dim=-1), F.normalize(F.silu(k), dim=-1)
        beta = torch.sigmoid(self.beta(state.h)).unsqueeze(-1)
        old = torch.einsum("bnkv,bnk->bnv", state.S, k)
        S = state.S + torch.einsum("bnk,bnv->bnkv", k, beta * (v - old))
        return Matrix(torch.einsum("bnkv,bnk->bnv", S, q).reshape(-1, self.H), S)


@entered
class GatedDeltaNet(Heads):
    """Yang et al. 2025: a decay of the whole matrix before the delta rule; keys of length one."""

    gates = 4

    def step(self, drive, state):
        q, k, v, a = self.heads(*drive.chunk(4, -1))
        k = k / k.norm(dim=-1, keepdim=True).clamp_min(1e-6)
        alpha, beta = torch.sigmoid(a).mean(-1)[..., None, None], torch.sigmoid(a).amax(-1)[..., None, None]
        kk = k.unsqueeze(-1) * k.unsqueeze(-2)
        S = alpha * (state.S - beta * torch.matmul(kk, state.S)) + beta * k.unsqueeze(-1) * v.unsqueeze(-2)
        return Matrix((S.transpose(-1, -2) @ q.unsqueeze(-1)).squeeze(-1).flatten(1), S)


class MLSTMState(NamedTuple):
    h: Tensor
    C: Tensor
    n: Tensor
    m: Tensor


@entered
class MLSTM(Heads):
    """Beck et al. 2024, xLSTM's matrix memory, stabilised."""

    gates = 4
    state_type = MLSTMState

    def build(self):
        self.gate = nn.Linear(self.H, 2 * self.n)

    def fields(self):
        return (self.n, self.d, self.d), (self.n, self.d), (self.n,)

    def step(self, drive, state):
        q, k, v, o = drive.chunk(4, -1)
        i, f = self.gate(v).chunk(2, -1)
        q, k, v = self.heads(q, k, v)
        k = k / self.d**0.5
        f = F.logsigmoid(f)
        m = torch.maximum(f + state.m, i)
        i, f = torch.exp(i - m)[..., None], torch.exp(f + state.m - m)[..., None]
        C = f[..., None] * state.C + i[..., None] * (v.unsqueeze(-1) @ k.unsqueeze(-2))
        n = f * state.n + i * k
        below = torch.maximum((n * q).sum(-1).abs(), torch.exp(-m)).unsqueeze(-1)
        h = (C @ q.unsqueeze(-1)).squeeze(-1) / below
        return MLSTMState(torch.sigmoid(o) * h.flatten(1), C, n, m)


class SLSTMState(NamedTuple):
    h: Tensor
    c: Tensor
    n: Tensor
    m: Tensor


@entered
class SLSTM(Plain):
    """Beck et al. 2024, xLSTM's scalar memory: exponential gates, a block of recurrent weights for each head."""

    gates = 4
    state_type = SLSTMState

    def build(self):
        self.B = self.parameter(self.n, self.d, 4 * self.d)

    def step(self, drive, state):
        heads = state.h.view(-1, self.n, self.d)
        blocks = torch.einsum("bnd,nde->bne", heads, self.B).view(-1, self.n, 4, self.d)
        z, i, f, o = (drive + blocks.transpose(1, 2).flatten(1)).chunk(4, -1)
        log_f = F.logsigmoid(f)
        m = torch.maximum(log_f + state.m, i)
        i, f = torch.exp(i - m), torch.exp(log_f + state.m - m)
        c, n = f * state.c + i * torch.tanh(z), f * state.n + i
        return SLSTMState(torch.sigmoid(o) * c / n.clamp(min=1e-6), c, n, m)


@entered
class FastWeights(Plain):
    """Ba et al. 2016, attention to the recent past, two inner steps."""

    state_type = Matrix

    def fields(self):
        return ((self.H, self.H),)

    def build(self):
        self.norm = nn.LayerNorm(self.H)

    def step(self, drive, state):
        A = 0.95 * state.S + 0.5 * torch.bmm(state.h.unsqueeze(2), state.h.unsqueeze(1))
        inner = drive + self.R(state.h)
        h = torch.relu(inner)
        for _ in range(2):
            h = torch.relu(self.norm(inner + torch.bmm(A, h.unsqueeze(2)).squeeze(2)))
        return Matrix(h, A)


@entered
class GatedLinearAttention(Heads):
    """Yang et al. 2024: a decay for each key dimension."""

    gates = 4

    def step(self, drive, state):
        q, k, v, a = self.heads(*drive.chunk(4, -1))
        alpha = torch.sigmoid(a) ** (1 / 16)
        S = alpha.unsqueeze(-1) * state.S + torch.einsum("bhi,bhj->bhij", k, v)
        return Matrix(torch.einsum("bhi,bhij->bhj", q, S).reshape(drive.shape[0], -1), S)


@entered
class RWKV5(Heads):
    """Peng et al. 2024, Eagle: a bonus for the present token, a norm over each head."""

    gates = 4

    def build(self):
        self.u, self.w = self.parameter(self.n, self.d), self.parameter(self.n, self.d)
        self.norm = nn.GroupNorm(self.n, self.H, eps=1e-3)

    def step(self, drive, state):
        r, k, v, g = drive.chunk(4, -1)
        r, k, v = self.heads(r, k, v)
        kv = k.unsqueeze(-1) @ v.unsqueeze(-2)
        out = (r.unsqueeze(-2) @ (state.S + self.u.unsqueeze(-1) * kv)).squeeze(-2)
        S = torch.exp(-torch.exp(self.w)).unsqueeze(-1) * state.S + kv
        return Matrix(self.norm(out.flatten(1)) * F.silu(g), S)


@entered
class HGRN2(Heads):
    """Qin et al. 2024: the forget gate is also the key."""

    def step(self, drive, state):
        o, f, i = (drive + self.R(state.h)).chunk(3, -1)
        f = torch.sigmoid(f).unflatten(-1, (self.n, self.d))
        o, i = o.unflatten(-1, (self.n, self.d)), i.unflatten(-1, (self.n, self.d))
        S = state.S * f[..., None] + (1 - f)[..., None] * i[:, :, None, :]
        return Matrix(torch.matmul(o[:, :, None], S).flatten(1), S)


@entered
class TTTLinear(Heads):
    """Sun et al. 2024: the state is a linear model, trained by one step on each token."""

    def build(self):
        self.norm = nn.LayerNorm(self.d)

    def step(self, drive, state):
        q, k, v = self.heads(*drive.chunk(3, -1))
        error = torch.einsum("bnij,bnj->bni", state.S, k) - (v - k)
        S = state.S - 0.1 * error.unsqueeze(-1) * k.unsqueeze(-2)
        out = q + self.norm(torch.einsum("bnij,bnj->bni", S, q))
        return Matrix(out.flatten(1), S)


@entered
class TPR(Plain):
    """Schlag & Schmidhuber 2018: roles bound to fillers in a tensor of three dimensions."""

    gates = 2
    state_type = Matrix

    def fields(self):
        return ((4, 4, self.d),)

    def build(self):
        self.roles, self.out = nn.Linear(self.H, 8), nn.Linear(self.d, self.H)

    def step(self, drive, state):
        a, b = (drive + self.R(state.h)).chunk(2, -1)
        e, r = torch.softmax(self.roles(torch.tanh(a)).view(-1, 2, 4), -1).unbind(1)
        filler = torch.tanh(b)[:, : self.d]
        old = torch.einsum("bi,bj,bijd->bd", e, r, state.S)
        S = state.S + torch.einsum("bi,bj,bd->bijd", e, r, filler - old)
        return Matrix(torch.tanh(self.out(torch.einsum("bi,bj,bijd->bd", r, e, S))), S)


@entered
class LMU(Plain):
    """Voelker et al. 2019: a Legendre memory for each of a few signals."""

    state_type = Matrix

    def fields(self):
        return ((self.n, 4),)

    def build(self):
        self.A, self.B = nn.Parameter(self.parameter(4, 4) / 2), self.parameter(4)
        self.e, self.M = nn.Linear(self.H, self.n), nn.Linear(4 * self.n, self.H)

    def step(self, drive, state):
        u = self.e(state.h) + drive[:, : self.n]
        S = state.S @ self.A.t() + u.unsqueeze(-1) * self.B
        return Matrix(torch.tanh(drive + self.R(state.h) + self.M(S.flatten(1))), S)
