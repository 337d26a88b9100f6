"""The native engine beside its values: when it steps aside, what it notices, threads, forks, functions."""

import functools
import multiprocessing
import os
import random
import subprocess
import sys
import types
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from typing import ClassVar

import numpy
import pytest
import torch
from torch import nn
from torch.testing import assert_close
from torch.utils.checkpoint import checkpoint

import elman
from elman import Cell, State
from elman.cells.lookup import public_cells
from elman.cells.wrappers import WeightDrop
from elman.engine import compiled as native_engine
from elman.engine.compiled import kernels_of
from elman.engine.cpu import kernels
from elman.engine.explain import explain
from elman.engine.unsupported import Unsupported

from ..first_cells import FIRST


class Plain(Cell):
    """tanh(drive + h), with room for one change."""

    def __init__(self, change=None):
        super().__init__(3, 4)
        self.W = nn.Linear(3, 4)
        self.change = change

    def drive(self, x):
        return self.W(x)

    def step(self, drive, state):
        return State(torch.tanh(drive + state.h))


def native(cell):
    return not isinstance(kernels_of(cell, torch.float32), Exception)


def agree(cell, x=None, **arguments):
    x = torch.randn(5, 3, cell.input_size) if x is None else x
    for a, b in zip(
        elman.unroll(cell, x, **arguments), elman.unroll(cell, x, engine="loop", **arguments), strict=True
    ):
        a, b = (tuple(one) if isinstance(one, tuple) else one for one in (a, b))
        assert_close(a, b, equal_nan=True)


class Sorted(Plain):
    def step(self, drive, state):
        return State(torch.sort(drive + state.h, -1).values)


class Random(Plain):
    def step(self, drive, state):
        return State(torch.dropout(drive + state.h, 0.5, self.training))


class Writes(Plain):
    def step(self, drive, state):
        return State((drive + state.h).mul_(0.5))


class ReadsANumber(Plain):
    def step(self, drive, state):
        return State(drive if float(drive.sum()) > 0 else state.h + drive)


class Remembers(Plain):
    def step(self, drive, state):
        self.change = 1 if self.change is None else self.change + 1
        return State(drive + state.h)


class Straight(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return torch.sign(x)

    @staticmethod
    def backward(ctx, grad):
        return grad


class StraightThrough(Plain):
    def step(self, drive, state):
        return State(Straight.apply(drive + state.h))


class Hooked(Plain):
    def step(self, drive, state):
        h = drive + state.h
        h.register_hook(lambda grad: 2 * grad)
        return State(h)


class NoGrad(Plain):
    def step(self, drive, state):
        with torch.no_grad():
            scale = torch.sigmoid(state.h)
        return State(torch.tanh(drive) * scale)


class Looks(Plain):
    """Asks something of a tensor that no operator shows."""

    def step(self, drive, state):
        h = torch.tanh(drive + state.h)
        return State({
            "list": lambda: h * drive.tolist()[0][0], "numpy": lambda: h * float(drive.detach().numpy()[0, 0]),
            "wanted": lambda: 2 * h if state.h.requires_grad else h, "rows": lambda: h / len(h),
            "many": lambda: 2 * h if len(h) > 60 else h, "few": lambda: 2 * h if h.shape[0] < 3 else h,
            "dice": lambda: 2 * h if random.random() < 0.01 else h, "numpy dice": lambda: h * numpy.random.rand(),
            "narrow": lambda: h[:, :1],
        }[self.change]())  # fmt: skip


class AsksForGradients(Plain):
    def step(self, drive, state):
        return State(torch.tanh(drive + state.h) * (2 if torch.is_grad_enabled() else 1))


class Counts(Plain):
    def drive(self, x):
        self.change = (self.change or 0) + 1
        return self.W(x)


class Averages(Plain):
    def __init__(self):
        super().__init__()
        self.register_buffer("average", torch.zeros(4))

    def step(self, drive, state):
        self.average = 0.9 * self.average + 0.1
        return State(torch.tanh(drive + state.h + self.average))


class Whole(Plain):
    def __init__(self, mask):
        super().__init__()
        self.register_buffer("mask", mask)

    def step(self, drive, state):
        return State(torch.tanh(drive + state.h) * self.mask)


@pytest.mark.parametrize("kind", [torch.int64, torch.bool])
def test_a_buffer_of_another_type(kind):
    cell = Whole(torch.tensor([1, 0, 1, 1]).to(kind))
    for change in (
        lambda: None,
        lambda: cell.mask.copy_(torch.tensor([0, 0, 1, 0])),
        lambda: setattr(cell, "mask", torch.tensor([0, 1, 0, 0]).to(kind)),
        lambda: setattr(cell, "mask", cell.mask.float()),
    ):
        change()
        assert native(cell)
        agree(cell)


@pytest.mark.parametrize(
    ("look", "reason"),
    [
        ("list", "tolist reads a tensor"), ("numpy", "numpy reads a tensor"), ("wanted", "requires_grad reads"),
        ("rows", "number of rows"), ("many", "number of rows"), ("few", "number of rows"),
        ("dice", "uses random.random"), ("numpy dice", "uses numpy.random.rand"), ("narrow", "turns state.h from"),
    ],
)  # fmt: skip
def test_a_step_that_looks_at_more_than_an_operator_shows(look, reason):
    assert reason in explain(Looks(look))


@pytest.mark.parametrize(
    ("cell_type", "reason"),
    [
        (AsksForGradients, "uses torch.is_grad_enabled, which may depend on more"),
        (Counts, "stores something on the cell"),
        (Averages, "stores something on the cell"),
        (Sorted, "sort is not an operator the engine knows; weigh the columns"),
        (Random, "draws random numbers in step"),
        (Writes, "mul_ writes into a tensor in place"),
        (ReadsANumber, "reads a number out of a tensor"),
        (Remembers, "step stores something on the cell"),
        (StraightThrough, r"autograd.Function of its own"),
        (Hooked, "register_hook changes how a gradient is computed"),
        (NoGrad, "turns gradients on or off"),
    ],
)
def test_what_cannot_be_lowered_runs_on_the_loop_and_says_why(cell_type, reason):
    cell = cell_type()
    text = explain(cell)
    assert "runs on the loop engine" in text
    assert reason in text.replace("\n", " ")
    with pytest.raises(ValueError, match="cannot run on the native engine"):
        elman.unroll(cell, torch.zeros(2, 1, 3), engine="native")
    elman.unroll(cell, torch.zeros(2, 1, 3))[0].sum().backward()


def test_explain_names_the_line_of_step():
    assert "torch.sort(drive + state.h, -1).values" in explain(Sorted())
    assert "before the loop" in explain(elman.cells.LSTMCell(3, 5))


def test_a_random_step_is_native_once_it_is_not_random():
    cell = Random()
    assert not native(cell)
    assert native(cell.eval())
    assert not native(cell.train())


def test_changes_of_a_cell_are_noticed():
    cell = elman.cells.RNNCell(3, 4)
    agree(cell)
    cell.nonlinearity = "relu"
    agree(cell)
    torch.nn.utils.parametrizations.weight_norm(cell, "weight_hh")
    agree(cell)
    cell.double()
    agree(cell, torch.randn(5, 3, 3, dtype=torch.float64))
    cell.float().step = lambda drive, state: State(drive)  # an attribute the engine cannot follow: the loop runs
    agree(cell)


def squash(x):
    return torch.tanh(x)


class Outside(Plain):
    def step(self, drive, state):
        return State(squash(drive + state.h))


def test_a_helper_that_is_written_anew_is_noticed(monkeypatch):
    cell, scale = Outside(), 2.0
    agree(cell)
    monkeypatch.setitem(globals(), "squash", lambda x: torch.sigmoid(x) * scale)
    agree(cell)
    scale = 3.0  # and what the new one reads
    agree(cell)
    assert native(cell)
    monkeypatch.setattr(Outside, "step", lambda self, drive, state: State(torch.tanh(drive) * scale))
    agree(cell)
    scale = 4.0
    agree(cell)
    assert native(cell)


class Settings:
    scale = 2.0


settings = types.ModuleType("settings")


class ReadsAround(Plain):
    """Depends on a module, a class, a list, a default, methods of every kind."""

    gains: ClassVar = [1.0]

    @staticmethod
    def squash(x):
        return torch.tanh(x) * Settings.scale

    @classmethod
    def shift(cls, x, by=0.5):
        return x + by * cls.gains[0]

    @property
    def gain(self):
        return settings.gain

    def step(self, drive, state):
        return State(self.change(self.squash(self.shift(drive + state.h))) * self.gain + settings.bend(drive))


def test_whatever_a_step_reads_is_noticed_when_it_changes(monkeypatch):
    settings.gain, settings.bend, scale = 2.0, torch.sin, 1.0
    cell = ReadsAround(lambda x: x * scale)
    x = torch.randn(5, 3, 3)
    before = elman.unroll(cell, x, engine="native")[0]
    for change in (
        lambda: setattr(settings, "gain", 3.0),
        lambda: setattr(settings, "bend", lambda x: torch.cos(x) * Settings.scale),
        lambda: setattr(Settings, "scale", 5.0),
        lambda: ReadsAround.gains.append(ReadsAround.gains.pop() + 1),
        lambda: monkeypatch.setattr(ReadsAround.shift.__func__, "__defaults__", (0.7,)),
        lambda: monkeypatch.setattr(ReadsAround, "squash", staticmethod(lambda x: torch.sigmoid(x))),
        lambda: monkeypatch.setattr(ReadsAround, "gain", property(lambda self: 7.0)),
        lambda: monkeypatch.setattr(ReadsAround.step, "__code__", Outside.step.__code__),  # as autoreload does
    ):
        change()
        agree(cell, x)
        after = elman.unroll(cell, x, engine="native")[0]
        assert not torch.equal(before, after)
        before = after
    scale = 4.0
    cell = ReadsAround(functools.partial(torch.mul, other=scale))
    agree(cell, x)
    assert native(cell)


def test_an_attribute_that_follows_a_schedule():
    cell, x = ReadsAColumn(0.0), torch.randn(2, 1, 3)
    for epoch in range(native_engine.CHANGES + 3):
        cell.change = float(epoch)
        agree(cell, x)
    assert "register_buffer" in explain(cell)


class ReadsAColumn(Plain):
    def step(self, drive, state):
        return State(torch.tanh(drive) * self.change + state.h)


class LaysOut(Plain):
    """A parameter for every row, on its own and beside the state."""

    def __init__(self):
        super().__init__()
        self.gain, self.R = nn.Parameter(torch.randn(4)), nn.Linear(8, 4)

    def step(self, drive, state):
        beside = torch.cat([state.h, self.gain.expand(len(drive), -1)], -1)
        return State(torch.tanh(drive + self.R(beside)) * self.gain.expand_as(drive))


def test_parameters_laid_out_to_the_rows():
    cell, grads = LaysOut().double(), []
    x = torch.randn(4, 3, 3, dtype=torch.float64, requires_grad=True)
    for engine in ("native", "loop"):
        outputs, _ = elman.unroll(cell, x, lengths=[4, 1, 3], engine=engine)
        grads.append([outputs, *torch.autograd.grad(outputs.square().sum(), [x, *cell.parameters()])])
    assert_close(grads[0], grads[1])


class WritesConstants(Plain):
    def step(self, drive, state):
        h = torch.tanh(drive + state.h) * torch.arange(4.0, dtype=drive.dtype) @ torch.eye(
            4, dtype=drive.dtype
        ) + torch.tensor(2.0, dtype=drive.dtype)
        more = h - h.amax(-1, keepdim=True) * (drive > 0) + (h > 0).sum(-1, keepdim=True) * state.h
        return State(torch.where((h > 0) == (drive > 0), more, -h))


def test_constants_and_truth_values_in_a_step():
    cell, grads = WritesConstants().double(), []
    x = torch.randn(4, 3, 3, dtype=torch.float64, requires_grad=True)
    for engine in ("native", "loop"):
        outputs, _ = elman.unroll(cell, x, engine=engine)
        grads.append([outputs, *torch.autograd.grad(outputs.square().sum(), [x, *cell.parameters()])])
    assert_close(grads[0], grads[1])


class Written(Plain):
    """tanh(drive + f(h)), with a function handed in."""

    def step(self, drive, state):
        return State(torch.tanh(drive + self.change(state.h)))


def agree_exactly(cell, engine="native"):
    """Hold an engine to the loop, values and gradients."""
    torch.manual_seed(0)
    cell, grads = cell.double(), []
    x = torch.randn(4, 3, 3, dtype=torch.float64, requires_grad=True)
    start = State(torch.randn(3, 4, dtype=torch.float64, requires_grad=True))
    for name in (engine, "loop"):
        outputs, _ = elman.unroll(cell, x, start, [4, 1, 3], engine=name)
        grads.append([outputs, *torch.autograd.grad(outputs.square().sum(), [x, *start, *cell.parameters()])])
    assert_close(grads[0], grads[1])


def test_a_sum_of_one_column_reduced_again():
    for step in (
        lambda h: h * (h * h).sum(-1, keepdim=True).amax(-1, keepdim=True),
        lambda h: h * torch.softmax((h * h).sum(-1, keepdim=True), -1),
        lambda h: h * (h.sum(-1, keepdim=True) - h.sum(-1, keepdim=True).amax(-1, keepdim=True)).exp(),
        lambda h: h.sum(-1, keepdim=True).sum(-1, keepdim=True).mean(-1, keepdim=True),
    ):
        agree_exactly(Written(step))


def test_norms():
    for step in (
        lambda h: nn.functional.normalize(torch.relu(h), dim=-1),
        lambda h: torch.relu(h[:, :2]).norm(dim=-1, keepdim=True) * h,  # rows of zeros too, where it has no gradient
        lambda h: h / (1 + torch.linalg.vector_norm(h, torch.inf, -1).unsqueeze(-1)),
        lambda h: h.norm(p=1, dim=-1, keepdim=True) * h,
        lambda h: nn.functional.rms_norm(h, (4,)),
        lambda h: nn.functional.rms_norm(h, (4,), eps=0.1),
    ):
        agree_exactly(Written(step))


class RMSNormed(Plain):
    def __init__(self):
        super().__init__()
        self.norm = nn.RMSNorm(4)
        nn.init.normal_(self.norm.weight)

    def step(self, drive, state):
        return State(torch.tanh(drive + self.norm(state.h)))


def test_rms_norm_with_a_gain():
    agree_exactly(RMSNormed())


def test_a_copy_has_the_values_of_what_is_copied():
    agree_exactly(Written(lambda h: torch.ops.aten.copy(torch.zeros_like(h.detach()), h.detach()) * h), "auto")


def test_explain_tells_of_the_cell_that_a_pass_draws():
    cell = WeightDrop(elman.cells.GRUCell(3, 4), 0.5)
    state = torch.get_rng_state()
    assert explain(cell).startswith("WeightDrop(p=0.5, names=('weight_hh',)) runs on the native engine")
    assert torch.equal(torch.get_rng_state(), state)


def mixed(h):
    """Every row sees every other: [B] + [B, 1] is [B, B]."""
    row = h.sum(-1).detach()
    return h * (row + row.unsqueeze(-1)).mean(-1, keepdim=True)


@pytest.mark.parametrize(
    ("step", "reason"),
    [
        (mixed, "combines each row of the batch with every other: [B, B]"),
        (lambda h: h * torch.arange(len(h), dtype=h.dtype).sum(), "number of rows"),
        (lambda h: h / torch.scalar_tensor(h.shape[0], dtype=h.dtype), "number of rows"),
        (lambda h: h * (h[:, 2:2] + h[:, :1]).sum(-1, keepdim=True), "add of no columns"),
        (lambda h: h * (h[:, :1].expand(-1, 4)[:, 1:1] * 2).sum(-1, keepdim=True), "mul of no columns"),
        (lambda h: h + h[:, :0].sum(-1, keepdim=True), "sum of no columns"),
        (lambda h: h * ~(h > 0)[:, :1].sum(-1, keepdim=True), "bitwise_not of numbers"),
        (lambda h: h * ((h > 0).sum(-1, keepdim=True, dtype=torch.uint8) - 3), "sum computes in torch.uint8"),
        (lambda h: h * torch.full_like(h, 2.7, dtype=torch.int64), "full_like computes in torch.int64"),
        (lambda h: h * ((h > 0).sum(-1, keepdim=True) / 3), "div computes in torch.float32, not in torch.float64"),
    ],
)
def test_what_the_loop_alone_gets_right(step, reason):
    agree_exactly(cell := Written(step), "auto")
    assert reason in explain(cell)


class Laid(Plain):
    def step(self, drive, state):
        return State(torch.tanh(drive + state.h * self.W.bias[:, None].expand(4, len(drive)).sum(-1)))


def test_a_number_of_rows_hidden_in_what_depends_on_parameters_alone():
    agree_exactly(cell := Laid(), "auto")
    assert "number of rows" in explain(cell)


def test_numbers_of_another_type_are_rounded_as_torch_does():
    agree_exactly(Written(lambda h: h * torch.full((4,), 2.7, dtype=torch.int64)))
    agree_exactly(Written(lambda h: h * torch.where(h > 0, 0.1, 0.3)))


class Halves(Cell):
    def step(self, drive, state):
        return State(torch.cat([half.tanh() for half in (drive + state.h).chunk(2, -1)], -1))


@pytest.mark.parametrize("width", [14, 22, 26, 194])
def test_no_width_is_taken_for_the_number_of_rows(width):
    cell = Halves(width, width)
    assert native(cell)
    agree(cell)


@pytest.mark.parametrize("attribute", [torch.zeros(4), object(), nn.Linear(3, 4).forward])
def test_attributes_that_cannot_be_watched(attribute):
    cell = Plain(attribute)
    assert not native(cell)
    agree(cell)


def test_surroundings_it_steps_aside_for():
    cell, x = elman.cells.GRUCell(3, 4), torch.randn(5, 2, 3)
    with torch.autocast("cpu", torch.bfloat16):
        assert elman.unroll(cell, x)[0].shape == (5, 2, 4)
        with pytest.raises(ValueError, match="autocast"):
            elman.unroll(cell, x, engine="native")
    expected = torch.stack([elman.unroll(cell, part[:, None])[0][:, 0] for part in x.unbind(1)], 1)
    assert_close(torch.vmap(lambda part: elman.unroll(cell, part[:, None])[0][:, 0], 1, 1)(x), expected)
    assert elman.unroll(cell.to(torch.bfloat16), x.bfloat16())[0].dtype == torch.bfloat16
    assert elman.unroll(cell.to("meta"), x.bfloat16().to("meta"))[0].device.type == "meta"


def test_inputs_of_any_stride_and_a_state_that_is_expanded():
    cell = elman.cells.LSTMCell(3, 5)
    x = torch.randn(3, 4, 7).permute(2, 1, 0)
    state = cell.state_type(torch.randn(1, 5).expand(4, 5), torch.randn(5, 4).t())
    agree(cell, x, state=state)


def test_nan_and_infinity_pass_as_in_torch():
    cell = elman.cells.LSTMCell(3, 4)
    x = torch.randn(4, 4, 3)
    x[1, 0], x[1, 1], x[1, 2] = float("nan"), float("inf"), -float("inf")
    a, b = (elman.unroll(cell, x, engine=engine)[0] for engine in ("native", "loop"))
    assert_close(a, b, equal_nan=True)
    assert a[1:, 0].isnan().all()

    class Signs(Plain):
        def step(self, drive, state):
            return State(torch.sign(drive + state.h) + drive.abs())

    agree(Signs(), x[:1].nan_to_num(posinf=0) * float("nan"))


def test_second_gradients():
    torch.manual_seed(0)
    cell = elman.cells.GRUCell(2, 3).double()
    x = torch.randn(3, 2, 2, dtype=torch.float64, requires_grad=True)
    state = State(torch.randn(2, 3, dtype=torch.float64, requires_grad=True))
    assert torch.autograd.gradgradcheck(
        lambda x, h: elman.unroll(cell, x, State(h), [3, 2], engine="native")[0], (x, state.h)
    )


def test_many_gradients_at_once():
    cell, x = elman.cells.LSTMCell(3, 4), torch.randn(5, 2, 3)

    def total(x, engine="native"):
        return elman.unroll(cell, x, lengths=[5, 2], engine=engine)[0].sum(0)

    slow, fast = (torch.autograd.functional.jacobian(total, x, vectorize=vectorize) for vectorize in (False, True))
    assert_close(fast, slow)
    basis = torch.eye(8).reshape(8, 2, 4)
    x.requires_grad_()
    (rows,) = torch.autograd.grad(total(x), x, basis, is_grads_batched=True)
    assert_close(rows.reshape(2, 4, 5, 2, 3), slow)


def test_what_is_saved_can_be_made_anew_or_kept_elsewhere():
    cell, x = elman.cells.GRUCell(3, 4), torch.randn(5, 2, 3, requires_grad=True)
    (expected,) = torch.autograd.grad(elman.unroll(cell, x, engine="loop")[0].sum(), x)
    outputs = checkpoint(lambda x: elman.unroll(cell, x, engine="native")[0], x, use_reentrant=False)
    assert_close(torch.autograd.grad(outputs.sum(), x)[0], expected)
    with torch.autograd.graph.save_on_cpu():
        outputs, _ = elman.unroll(cell, x, engine="native")
    assert_close(torch.autograd.grad(outputs.sum(), x)[0], expected)


def test_several_forward_passes_before_a_backward():
    cell = elman.cells.LSTMCell(3, 4)
    x, y = torch.randn(6, 2, 3), torch.randn(4, 2, 3)
    grads = []
    for engine in ("native", "loop"):
        first, state = elman.unroll(cell, x, engine=engine)
        second, _ = elman.unroll(cell, y, state, engine=engine)
        loss = first.sum() * second.square().sum()
        grads.append(torch.autograd.grad(loss, list(cell.parameters()), retain_graph=True))
        again = torch.autograd.grad(loss, list(cell.parameters()))
        assert all(torch.equal(a, b) for a, b in zip(grads[-1], again, strict=True))
    assert_close(grads[0], grads[1])


def test_weights_put_in_by_functional_call_get_gradients():
    cell = elman.cells.RNNCell(3, 4)
    base = {name: p.detach().clone().requires_grad_() for name, p in cell.named_parameters()}
    x = torch.randn(5, 2, 3)

    class Wrapper(nn.Module):
        def __init__(self):
            super().__init__()
            self.cell = cell

        def forward(self, x):
            return elman.unroll(self.cell, x, engine="native")[0]

    doubled = {f"cell.{name}": 2 * p for name, p in base.items()}
    torch.func.functional_call(Wrapper(), doubled, (x,)).sum().backward()
    assert all(p.grad is not None and p.grad.any() for p in base.values())


def test_inference_saves_nothing():
    cell = elman.cells.LSTMCell(3, 4)
    with torch.no_grad():
        outputs, state = elman.unroll(cell, torch.randn(5, 2, 3), engine="native")
    assert outputs.grad_fn is None
    assert state.c.grad_fn is None


def test_a_single_row_shared_out_by_columns(monkeypatch):
    monkeypatch.setattr(kernels, "WIDE_FROM", 0)
    for cell in (elman.cells.LSTMCell(3, 50), elman.cells.ResetBeforeGRUCell(3, 33)):
        x, grads = torch.randn(9, 1, 3), []
        for engine in ("native", "loop"):
            outputs, _ = elman.unroll(cell, x, engine=engine)
            grads.append([outputs, *torch.autograd.grad(outputs.square().sum(), list(cell.parameters()))])
        assert_close(grads[0], grads[1], rtol=1e-4, atol=1e-5)


def test_several_python_threads_at_once():
    torch.manual_seed(0)
    cells = [elman.cells.GRUCell(5, width) for width in (8, 16, 24, 8)]
    x = torch.randn(20, 6, 5)
    expected = [elman.unroll(cell, x, engine="loop")[0] for cell in cells]
    with ThreadPoolExecutor(4) as pool:
        for _ in range(5):
            for got, wanted in zip(pool.map(lambda cell: elman.unroll(cell, x)[0], cells), expected, strict=True):
                assert_close(got, wanted)


def _child(queue):
    torch.set_num_threads(1)  # as PyTorch's own workers do: its threads do not survive a fork
    cell = elman.cells.LSTMCell(8, 64)
    x = torch.randn(60, 16, 8)
    elman.unroll(cell, x, engine="native")[0].sum().backward()
    queue.put(float(cell.weight_hh.grad.abs().sum()) > 0)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_forked_child():
    cell = elman.cells.LSTMCell(8, 64)
    elman.unroll(cell, torch.randn(60, 16, 8), engine="native")  # the parent's threads and kernels exist
    context = multiprocessing.get_context("fork")
    queue = context.Queue()
    process = context.Process(target=_child, args=(queue,))
    process.start()
    assert queue.get(timeout=600)
    process.join(600)
    assert process.exitcode == 0


def test_a_spawned_child():
    cell, x = elman.cells.LSTMCell(8, 64).requires_grad_(False), torch.randn(60, 16, 8)
    expected, _ = elman.unroll(cell, x, engine="native")
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        outputs, _ = pool.submit(elman.unroll, cell, x, engine="native").result(60)
    assert_close(outputs, expected)


@pytest.mark.parametrize("setting", ["OMP_THREAD_LIMIT=1", "OMP_DYNAMIC=true"])
def test_fewer_threads_than_asked_for(setting):
    """oneDNN, and torch.nn.LSTM with it, computes wrongly then; the engine must not."""
    name, value = setting.split("=")
    code = (
        "import torch, elman; torch.set_num_threads(2)\n"
        "for B in (1, 8):\n"
        "    cell, x = elman.cells.LSTMCell(256, 512), torch.randn(9, B, 256)\n"
        "    def run(engine):\n"
        "        outputs, _ = elman.unroll(cell, x, engine=engine)\n"
        "        return torch.autograd.grad(outputs.sum(), [*cell.parameters()])\n"
        "    for a, b in zip(run('native'), run('loop')): torch.testing.assert_close(a, b, rtol=1e-3, atol=1e-3)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, env={**os.environ, name: value}, timeout=600)


class Alone(Cell):
    """A step that does something else where there is one row."""

    def __init__(self, how):
        super().__init__(3, 3)
        self.how, self.w = how, nn.Parameter(torch.ones(3))

    def step(self, drive, state):
        if self.how == "asks":
            return State(state.h * self.w + drive * (2 if len(drive) == 1 else 1))
        if self.how == "squeezes":
            kept = state.h.squeeze()
            return State(torch.tanh(self.w * drive + (kept if kept.dim() == 2 else kept - kept.amax(0))))
        return State(torch.tanh(self.w * drive) + state.h.squeeze().sum(1, keepdim=True))  # fails with one


@pytest.mark.parametrize("how", ["asks", "squeezes", "fails"])
def test_a_step_that_treats_a_single_row_otherwise(how):
    cell = Alone(how).double()
    x = torch.randn(6, 3, 3, dtype=torch.float64)
    assert_close(elman.unroll(cell, x, engine="native")[0], elman.unroll(cell, x, engine="loop")[0])
    for batch, lengths in ((x[:, :1], None), (x, [6, 3, 2])):
        if how == "fails":
            with pytest.raises(IndexError):
                elman.unroll(cell, batch, lengths=lengths)
        else:
            outputs = [elman.unroll(cell, batch, lengths=lengths, engine=e)[0] for e in ("auto", "loop")]
            assert_close(*outputs)
        with pytest.raises(ValueError, match="behaves differently for a batch of one row"):
            elman.unroll(cell, batch, lengths=lengths, engine="native")


@pytest.mark.parametrize("later", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_built_in_cells_treat_a_single_row_as_many(later):
    for name, kind in public_cells().items():
        if (name not in FIRST) != later:
            continue
        found = kernels_of(kind(3, 4), torch.float32)
        assert isinstance(found, Unsupported) or found.trace.single is None, name
