"""Random programs over tensors of three dimensions: heads, inner axes, permutations, products of rows' matrices."""

from functools import partial
from typing import NamedTuple

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn import functional as F

from elman import Cell
from elman.engine import compiled
from elman.engine.choice import ENGINES

from .numpy_backend import NumpyBackend
from .test_plain import agree


class Heads(NamedTuple):
    h: Tensor
    S: Tensor


def tame(a):
    return torch.tanh(a)


UNARY = {
    "tanh": torch.tanh,
    "elu": F.elu,
    "gelu": F.gelu,
    "softmax": lambda a: torch.softmax(a, -1),
    "softmax of heads": lambda a: torch.softmax(a, 1),
    "flip": lambda a: a.flip(-1),
    "flip heads": lambda a: a.flip(1),
    "flip both": lambda a: a.flip((1, 2)),
    "roll": lambda a: a.roll(1, -1),
    "roll heads": lambda a: a.roll(-1, 1),
    "cumsum": lambda a: tame(a).cumsum(-1),
    "cumsum of heads": lambda a: tame(a).cumsum(1),
    "cummax": lambda a: a.cummax(-1).values,
    "centred": lambda a: a - a.mean(1, keepdim=True),
    "std": lambda a: a / (a.var(-1, keepdim=True, correction=0) + 0.5),
    "peak": lambda a: a - a.amax(1, keepdim=True),
    "max": lambda a: tame(a) * a.max(-1, keepdim=True).values,
    "first head": lambda a: a[:, :1].expand_as(a) * a,
    "first": lambda a: a[..., :1] + tame(a),
    "interleave": lambda a: torch.cat([a[..., ::2], a[..., 1::2]], -1),
    "turned": lambda a: a.transpose(1, 2).reshape(a.shape),
    "mixed": lambda a: a.reshape(len(a), -1).flip(-1).view_as(a),
    "repeat": lambda a: a.repeat(1, 2, 1)[:, 1 : 1 + a.shape[1]],
    "again": lambda a: a[:, [-1] * a.shape[1]] + a,
    "attend": lambda a: torch.softmax(a @ a.mT, -1) @ a,
    "tril": lambda a: (tame(a) @ tame(a).mT).tril() @ a,
    "norm": lambda a: F.normalize(a + 0.1, dim=-1),
    "group norm": lambda a: F.group_norm(a, 1),
    "heads last": lambda a: torch.einsum("bnd,bnd->bn", tame(a), tame(a)).unsqueeze(-1) * tame(a),
    "unbind": lambda a: torch.stack(a.unbind(1)[::-1], 1),
    "split": lambda a: torch.cat(a.split(2, 1)[::-1], 1),
    "pad": lambda a: F.pad(a, (1, 0))[..., :-1],
    "circular": lambda a: F.pad(a, (1, 1), mode="circular")[..., 2:],
    "chosen": lambda a: a[:, :, torch.arange(a.shape[2] - 1, -1, -1)],
    "squares": lambda a: (a**2).sum((1, 2), True) * tame(a),
    "argmax": lambda a: torch.where(torch.arange(a.shape[2]) == a.argmax(-1, keepdim=True), a, 0.5 * a),
    "floor": lambda a: a - a.floor(),
    "remainder": lambda a: torch.remainder(a, 0.7),
    "power": lambda a: (a.abs() + 0.2) ** 1.3,
    "folded": lambda a: F.linear(torch.cat([a, tame(a)], 0), torch.eye(a.shape[2], dtype=a.dtype)).chunk(2, 0)[1],
}
BINARY = {
    "add": torch.add,
    "mul": lambda a, b: tame(a) * b,
    "where": lambda a, b: torch.where(a > b, a, 0.5 * b),
    "head of": lambda a, b: tame(a) * b[:, -1:],
    "number of": lambda a, b: tame(a) + b[..., -1:],
    "outer": lambda a, b: torch.einsum("bnd,bmd->bnm", tame(a), tame(b)) @ b,
    "memory": lambda a, b: a @ torch.einsum("bnd,bne->bde", tame(a), tame(b)),
    "column": lambda a, b: (tame(a).unsqueeze(-1) @ tame(b).unsqueeze(-2)).sum(-1),
    "read": lambda a, b: (tame(a).unsqueeze(-2) @ (b.unsqueeze(-1) * tame(b).unsqueeze(-2))).squeeze(-2),
    "bmm": lambda a, b: torch.bmm(torch.bmm(tame(a), tame(b).transpose(1, 2)), a),
    "cat": lambda a, b: torch.cat([a, b], 1)[:, 1 : 1 + a.shape[1]],
    "side": lambda a, b: torch.cat([b, a], -1)[..., ::2],
    "stack": lambda a, b: torch.stack([a, b], 2).flatten(2)[..., : a.shape[2]],
    "max": torch.maximum,
    "both": lambda a, b: torch.stack([a, tame(b)]).permute(1, 2, 3, 0).mean(-1),
}
HELD = {
    "blocks": lambda cell, a: torch.einsum("bnd,nde->bne", tame(a), cell.blocks),
    "blocks by bmm": lambda cell, a: torch.bmm(a.transpose(0, 1), cell.blocks).transpose(0, 1),
    "shared": lambda cell, a: cell.shared(tame(a)),
    "from the left": lambda cell, a: cell.left @ tame(a),
    "conv": lambda cell, a: cell.conv(tame(a)),
    "vector": lambda cell, a: a * cell.grid,
    "column": lambda cell, a: a * cell.grid[:, :1],
    "numbers": lambda cell, a: torch.einsum("bnd,nde,bne->bn", tame(a), cell.blocks, tame(a)).unsqueeze(-1) + a,
    "heads' norm": lambda cell, a: cell.norm(a),
    "order": lambda cell, a: a[..., cell.order],
}


class Drawn(Cell):
    state_type = Heads

    def __init__(self, n, d, program):
        super().__init__(3, n * d)
        self.n, self.d, self.program = n, d, program
        self.W = nn.Linear(3, n * d)
        self.blocks, self.grid = (nn.Parameter(torch.randn(shape) / 2) for shape in ((n, d, d), (n, d)))
        self.left, self.shared = nn.Parameter(torch.randn(n, n)), nn.Linear(d, d)
        self.conv, self.norm = nn.Conv1d(n, n, 3, padding=1), nn.LayerNorm(d)
        self.register_buffer("order", torch.randperm(d))

    def drive(self, x):
        return self.W(x)

    def initial_state(self, batch_size):
        like = self.W.weight
        return Heads(like.new_zeros(batch_size, self.n * self.d), like.new_zeros(batch_size, self.n, self.d))

    def step(self, drive, state):
        pool = [drive.view(-1, self.n, self.d), state.h.view(-1, self.n, self.d), state.S]
        for op, a, b in self.program:
            left, right = pool[a % len(pool)], pool[b % len(pool)]
            if op in UNARY:
                pool.append(UNARY[op](left))
            elif op in BINARY:
                pool.append(BINARY[op](left, right))
            else:
                pool.append(HELD[op](self, left))
        h = torch.tanh(pool[-1] + 0.1 * pool[0]).flatten(1)
        return Heads(h, torch.tanh(pool[-2]) + 0.5 * state.S)


@pytest.fixture(autouse=True)
def numpy_engine(monkeypatch):
    monkeypatch.setitem(ENGINES, "numpy", partial(compiled.run, backend=NumpyBackend()))


words = st.one_of(st.sampled_from([*UNARY]), st.sampled_from([*BINARY]), st.sampled_from([*HELD]))
programs = st.lists(st.tuples(words, st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=6)
ragged = st.sampled_from([None, [6, 0, 2, 5, 3]])


def check(n, d, program, lengths, reverse, engine, seed=0):
    torch.manual_seed(seed)
    cell = Drawn(n, d, tuple(program)).double()
    agree(cell, lengths, reverse, engine, rtol=1e-6, atol=1e-7)


@given(st.integers(1, 4), st.integers(1, 9), programs, ragged, st.booleans(), st.integers(0, 99))
@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_a_plan_of_heads_means_what_the_loop_computes(n, d, program, lengths, reverse, seed):
    check(n, d, program, lengths, reverse, "numpy", seed)


@given(st.integers(1, 4), st.integers(1, 20), programs, ragged, st.booleans(), st.integers(0, 99))
@settings(max_examples=15, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_random_heads_natively(n, d, program, lengths, reverse, seed):
    check(n, d, program, lengths, reverse, "native", seed)
