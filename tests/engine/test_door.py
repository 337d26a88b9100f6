"""The door: whatever enters a kernel is checked against what the trace knows. Each case once gave wrong numbers."""

import copy
import pickle
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence
from torch.testing import assert_close

import elman
from elman import Cell, State
from elman.cells.lookup import public_cells
from elman.engine import compiled
from elman.engine.symbols import Symbols
from elman.nn import GRU, LSTM, Recurrent

from ..first_cells import FIRST

HERE = Path(__file__).parent


def results(cell, x, state=None, engine="auto", grad=None, **arguments):
    """Outputs, final state and gradients, as one engine has them."""
    leaves = [p for p in cell.parameters() if p.requires_grad]
    outputs, final = elman.unroll(cell, x, state, engine=engine, **arguments)
    back = torch.autograd.grad(
        outputs, leaves, torch.cos(outputs.detach()) if grad is None else grad(outputs),
        allow_unused=True, materialize_grads=True,
    )  # fmt: skip
    return [outputs.detach(), *(one.detach() for one in final), *back]


def agree(cell, x, state=None, **arguments):
    assert_close(*(results(cell, x, state, engine, **arguments) for engine in ("auto", "loop")))


# What a layer is given.


@pytest.mark.parametrize("sizes", [[2, 3, 1], [3, 4, 5], [4, 4], [2, 2], [4000] * 4000, [6, 0], [7, -1], []])
@pytest.mark.parametrize("layer", [LSTM(4, 8), Recurrent(elman.cells.GRUCell, 4, 8)])
def test_a_packed_sequence_whose_sizes_do_not_fit(layer, sizes):
    packed = PackedSequence(torch.randn(6, 4), torch.tensor(sizes, dtype=torch.int64))
    with pytest.raises(RuntimeError, match="never increase and sum to the 6 rows of data"):
        layer(packed)


def test_a_packed_sequence_that_fits():
    torch.manual_seed(0)
    theirs, ours = nn.GRU(4, 8), GRU(4, 8)
    ours.load_state_dict(theirs.state_dict())
    packed = pack_padded_sequence(torch.randn(5, 3, 4), [5, 2, 1])
    assert_close(ours(packed)[0].data, theirs(packed)[0].data)


# What a cell computes from its input and for its start.


class Pair(NamedTuple):
    h: Tensor
    c: Tensor


class Starts(Cell):
    """tanh(W x + R h + c), from a learned start that serves every row."""

    state_type = Pair

    def __init__(self, rows=(1, 1)):
        super().__init__(3, 4)
        self.rows = rows
        self.W, self.R = nn.Linear(3, 4), nn.Linear(4, 4)
        self.h0, self.c0 = nn.Parameter(torch.randn(1, 4)), nn.Parameter(torch.randn(1, 4))

    def initial_state(self, batch_size):
        fields = (self.h0, self.c0)
        return Pair(*(f.expand(n if n else batch_size, 4) for f, n in zip(fields, self.rows, strict=True)))

    def drive(self, x):
        return self.W(x)

    def step(self, drive, state):
        h = torch.tanh(drive + self.R(state.h) + state.c)
        return Pair(h, 0.5 * state.c + h)


@pytest.mark.parametrize("rows", [(1, 1), (0, 1), (1, 0)])
@pytest.mark.parametrize(("batch", "lengths"), [(1, None), (5, None), (64, None), (3, [2, 0, 4])])
def test_a_start_that_is_one_row_for_all(rows, batch, lengths):
    cell = Starts(rows).double()
    whole = Starts((0, 0)).double()
    whole.load_state_dict(cell.state_dict())
    x = torch.randn(4, batch, 3, dtype=torch.float64)
    for reverse in (False, True):
        expected = results(whole, x, engine="loop", lengths=lengths, reverse=reverse)
        for engine in ("native", "loop"):
            assert_close(results(cell, x, engine=engine, lengths=lengths, reverse=reverse), expected)
    given = whole.initial_state(batch)
    assert_close(elman.unroll(cell, x, given)[0], elman.unroll(whole, x, given)[0])
    layer = Recurrent.of([cell])
    assert_close(layer(x, lengths=lengths)[0], elman.unroll(whole, x, lengths=lengths)[0])


@pytest.mark.parametrize("engine", ["auto", "native", "loop"])
def test_a_start_of_another_number_of_rows(engine):
    with pytest.raises(ValueError, match=r"initial_state\(5\) of Starts returned c as \[2, 4\]: return \[5, ...\]"):
        elman.unroll(Starts((1, 2)), torch.randn(4, 5, 3), engine=engine)


class Drives(Cell):
    """A drive that is something else for large inputs."""

    def __init__(self, change):
        super().__init__(3, 4)
        self.W, self.change = nn.Linear(3, 4), CHANGES[change]

    def drive(self, x):
        drive = self.W(x)
        return self.change(drive) if float(x.abs().max()) > 10 else drive

    def step(self, drive, state):
        one = drive[0] if isinstance(drive, tuple) else drive
        return State(torch.tanh(one.to(state.h.dtype) + state.h))


class Several(Drives):
    def drive(self, x):
        drive = super().drive(x)
        return drive if isinstance(drive, tuple) else (drive, x[..., :1])


CHANGES = {
    "half": lambda d: d.half(), "single": lambda d: d.float(), "column": lambda d: d[..., :1],
    "rank": lambda d: d[..., None, :].expand(*d.shape[:-1], 1, 4).squeeze(-2).expand(d.shape),
    "tuple": lambda d: (d,), "two": lambda d: (d, d), "three": lambda d: (d, d, d),
    "strided": lambda d: d.t().contiguous().t(), "negated": lambda d: torch.complex(d, d).conj().imag,
    "fewer": lambda d: d[: len(d) // 2], "more": lambda d: torch.cat([d, d]), "one": lambda d: d[:1],
    "nothing": lambda d: d[:0],
}  # fmt: skip


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("kind", [Drives, Several])
def test_a_drive_that_depends_on_values(kind, change):
    cell, x = kind(change).double(), torch.randn(4, 5, 3, dtype=torch.float64)
    elman.unroll(cell, x, engine="native")  # traced as it is for small numbers
    if change in ("fewer", "more", "one", "nothing"):
        for engine in ("auto", "loop"):
            with pytest.raises(ValueError, match=r"drive of \w+ returned .* for 20 inputs"):
                elman.unroll(cell, 100 * x, engine=engine)
    else:
        agree(cell, 100 * x)
    if change not in ("strided", "rank"):
        with pytest.raises(ValueError, match="drive"):
            elman.unroll(cell, 100 * x, engine="native")


class Pours(Drives):
    """A drive that draws random numbers, of another type for large inputs."""

    def drive(self, x):
        return super().drive(x + torch.rand_like(x))


def test_a_drive_is_not_computed_twice():
    cell, x = Pours("half"), torch.randn(4, 5, 3)
    elman.unroll(cell, x, engine="native")
    outputs = []
    for engine in ("auto", "loop"):
        torch.manual_seed(0)
        outputs.append(elman.unroll(cell, 100 * x, engine=engine)[0])
    assert torch.equal(*outputs)


class OneBias(Cell):
    def __init__(self):
        super().__init__(256, 512)
        self.W, self.b = nn.Parameter(torch.randn(512, 256) / 16), nn.Parameter(torch.randn(1))

    def drive(self, x):
        return nn.functional.linear(x, self.W, self.b)

    def step(self, drive, state):
        return State(torch.tanh(drive) + 0.5 * state.h)


def test_one_bias_for_all_columns_of_a_large_product():
    assert_close(*(results(OneBias(), torch.randn(20, 16, 256), engine=e)[0].shape for e in ("native", "loop")))
    cell, x = OneBias(), torch.randn(20, 16, 256)
    native, loop = (results(cell, x, engine=e) for e in ("native", "loop"))
    assert_close(native, loop, rtol=1e-4, atol=1e-2)


# Parameters that change.


@pytest.mark.parametrize("name", ["weight_ih", "weight_hh", "bias"])
def test_a_parameter_replaced_between_calls(name):
    cell, x = elman.cells.LSTMCell(3, 4), torch.randn(4, 5, 3)
    agree(cell, x)
    old = getattr(cell, name).data
    getattr(cell, name).data = torch.randn_like(old)
    agree(cell, x)
    getattr(cell, name).data = old[:-1]
    with pytest.raises(Exception, match=r"size|shape"):
        elman.unroll(cell, x)
    getattr(cell, name).data = old.double()
    with pytest.raises(Exception, match=r"dtype|type"):
        elman.unroll(cell, x)
    getattr(cell, name).data = old
    agree(cell, x)


@pytest.mark.parametrize("change", [lambda d: d[:1], lambda d: d[:0], torch.Tensor.double])
@pytest.mark.parametrize("name", ["weight_ih", "weight_hh", "bias"])
def test_a_parameter_resized_between_forward_and_backward(name, change):
    cell, x = elman.cells.LSTMCell(3, 64), torch.randn(4, 5, 3)
    outputs, _ = elman.unroll(cell, x, engine="native")
    parameter = getattr(cell, name)
    parameter.data = change(parameter.data)
    with pytest.raises(RuntimeError, match="backward needs the tensors of the forward pass"):
        outputs.sum().backward()


class Resizes(Cell):
    """A drive that replaces a parameter, after the engine has looked at the cell."""

    def __init__(self):
        super().__init__(3, 64)
        self.W, self.b = nn.Linear(3, 64), nn.Parameter(torch.randn(64))

    def drive(self, x):
        if float(x.abs().max()) > 10:
            self.b.data = self.b.data[:1]
        return self.W(x)

    def step(self, drive, state):
        return State(torch.tanh(drive + self.b) + 0 * state.h)


def test_a_parameter_resized_by_the_drive():
    cell, x = Resizes(), torch.randn(2, 3, 3)
    elman.unroll(cell, x, engine="native")
    outputs, _ = elman.unroll(cell, 100 * x)
    assert_close(outputs, torch.tanh(cell.W(100 * x) + cell.b))


@pytest.mark.parametrize("change", [torch.Tensor.half, lambda t: t[..., :1], lambda t: t.flatten()[:1]])
def test_a_hook_that_returns_something_else_than_was_saved(change):
    cell, x = elman.cells.LSTMCell(3, 64), torch.randn(4, 5, 3)
    with torch.autograd.graph.saved_tensors_hooks(lambda t: t, change):
        outputs, _ = elman.unroll(cell, x, engine="native")
    with pytest.raises(RuntimeError, match="let a hook on saved tensors return them unchanged"):
        outputs.sum().backward()


def test_a_cell_copied_and_pickled_between_forward_and_backward():
    cell, x = elman.cells.GRUCell(3, 4), torch.randn(4, 5, 3)
    expected = results(cell, x, engine="loop")
    outputs, _ = elman.unroll(cell, x, engine="native")
    twins = copy.deepcopy(cell), pickle.loads(pickle.dumps(cell))
    for one in (cell, *twins):
        assert_close(results(one, x, engine="native"), expected)
    assert_close(torch.autograd.grad(outputs, cell.bias, torch.cos(outputs.detach()))[0], cell_grad(expected, cell))


def cell_grad(expected, cell):
    names = [name for name, _ in cell.named_parameters()]
    return expected[len(expected) - len(names) + names.index("bias")]


# Tensors of every make.


class Sub(torch.Tensor):
    pass


def misaligned(t):
    memory = bytearray(t.numel() * t.element_size() + 1)
    moved = torch.frombuffer(memory, dtype=t.dtype, offset=1, count=t.numel()).view(t.shape)
    moved.copy_(t)
    assert moved.data_ptr() % t.element_size()
    return moved


MAKES = {
    "as it is": lambda t: t, "transposed": lambda t: t.transpose(0, -1).contiguous().transpose(0, -1),
    "expanded": lambda t: t[:1].expand(t.shape), "expanded columns": lambda t: t[..., :1].expand(t.shape),
    "overlapping": lambda t: torch.randn(t.numel()).as_strided(t.shape, (1,) * t.dim()),
    "every other": lambda t: torch.stack([t, t], -1)[..., 0], "misaligned": misaligned,
    "negated": lambda t: torch.complex(t, t).conj().imag, "conjugated": lambda t: torch.complex(t, t).conj().real,
    "zero": lambda t: torch._efficientzerotensor(t.shape), "subclass": lambda t: t.as_subclass(Sub),
    "parameter": lambda t: nn.Parameter(t), "inference": None,
}  # fmt: skip


def make(name, t):
    if name == "inference":
        with torch.inference_mode():
            return t.clone()
    return MAKES[name](t)


@pytest.mark.parametrize("name", MAKES)
def test_inputs_states_and_parameters_of_every_make(name):
    cell, x = elman.cells.LSTMCell(3, 5), torch.randn(4, 6, 3)
    state = [torch.randn(6, 5), torch.randn(6, 5)]
    kind = type(cell.initial_state(1))
    with torch.no_grad():
        for i in range(3):
            made = [make(name, t) if i == j else t for j, t in enumerate((x, *state))]
            outputs = [elman.unroll(cell, made[0], kind(*made[1:]), engine=e)[0] for e in ("auto", "loop")]
            assert_close(*(one.as_subclass(Tensor) for one in outputs))
        for parameter in cell._parameters:
            twin = copy.deepcopy(cell)
            twin._parameters[parameter] = make(name, twin._parameters[parameter].detach())
            outputs = [elman.unroll(twin, x, engine=e)[0] for e in ("auto", "loop")]
            assert_close(*(one.as_subclass(Tensor) for one in outputs))


@pytest.mark.parametrize("name", [name for name in MAKES if name not in ("parameter", "inference")])
def test_gradients_of_every_make(name):
    torch.manual_seed(0)
    cell, x = elman.cells.LSTMCell(3, 5), torch.randn(4, 6, 3, requires_grad=True)
    for which in (0, 1, 2):
        found = []
        grads = [torch.randn(4, 6, 5), torch.randn(6, 5), torch.randn(6, 5)]
        grads[which] = make(name, grads[which])
        for engine in ("native", "loop"):
            outputs, final = elman.unroll(cell, x, engine=engine)
            leaves = [x, *cell.parameters()]
            found.append(torch.autograd.grad([outputs, *final], leaves, grads))
        assert_close(*([g.as_subclass(Tensor) for g in one] for one in found))


def test_a_gradient_of_another_type_is_refused_or_converted():
    cell, x = elman.cells.LSTMCell(3, 5), torch.randn(4, 6, 3)
    outcomes = []
    for engine in ("native", "loop"):
        outputs, _ = elman.unroll(cell, x, engine=engine)
        wide = outputs.double()  # its gradient comes back in double
        outcomes.append(torch.autograd.grad(wide, cell.bias, torch.ones_like(wide))[0])
    assert_close(*outcomes)


@pytest.mark.parametrize("tokens", [[[0, 7]], [[-1, 0]], [[0, 2**31 - 1]]])
def test_symbols_that_the_table_does_not_have(tokens):
    cell, table = elman.cells.GRUCell(3, 5), torch.randn(4, 3)
    for repeats in (1, 10):  # looked up before the product, and after it
        with pytest.raises(IndexError, match="out of range"):
            elman.unroll(cell, Symbols(torch.tensor(tokens).repeat(repeats, 1), table))


# Sizes.


@pytest.mark.parametrize(("steps", "batch"), [(1, 1), (0, 3), (3, 0), (0, 0), (7, 1), (1, 7)])
def test_batches_of_one_row_and_of_none(steps, batch):
    for cell in (elman.cells.LSTMCell(3, 1), elman.cells.GRUCell(1, 5)):
        x = torch.randn(steps, batch, cell.input_size)
        if steps:
            agree(cell, x)
        else:
            assert_close(*(elman.unroll(cell, x, engine=engine) for engine in ("native", "loop")))
    if steps and batch:
        agree(elman.cells.LSTMCell(3, 1), torch.randn(steps, batch, 3), lengths=[0] * batch)


def test_a_wide_cell():
    torch.manual_seed(0)
    cell, x = elman.cells.RNNCell(3, 3000), torch.randn(2, 3, 3)
    native, loop = (results(cell, x, engine=e) for e in ("native", "loop"))
    assert_close(native, loop, rtol=1e-3, atol=1e-4)


class Sums(Cell):
    def step(self, drive, state):
        return State(drive + state.h)


def test_a_long_sequence():
    """Whole numbers below 2 ** 53 add up exactly, in any order."""
    x = torch.randint(-100, 100, (100_000, 3, 2)).double().requires_grad_()
    outputs, _ = elman.unroll(Sums(2, 2), x, State(torch.zeros(3, 2, dtype=torch.float64)), engine="native")
    assert torch.equal(outputs, x.detach().cumsum(0))
    (grad,) = torch.autograd.grad(outputs.sum(), x)
    assert torch.equal(grad[:, 0, 0], torch.arange(100_000, 0, -1, dtype=torch.float64))


def test_the_cache_of_structures_is_bounded(monkeypatch):
    monkeypatch.setattr(compiled, "LIMIT", 3)
    monkeypatch.setattr(compiled, "_known", {})
    monkeypatch.setattr(compiled, "_compile", lambda cell, *_: compiled.Unsupported(f"{cell.hidden_size}"))
    for _ in range(2):
        for hidden_size in range(1, 1001):
            elman.unroll(elman.cells.RNNCell(1, hidden_size), torch.zeros(1, 1, 1))
            assert len(compiled._known) <= 3


def test_a_cell_whose_kernels_were_forgotten_runs_backward(monkeypatch):
    monkeypatch.setattr(compiled, "LIMIT", 1)
    monkeypatch.setattr(compiled, "_known", {})
    cell, x = elman.cells.RNNCell(3, 6), torch.randn(4, 2, 3)
    outputs, _ = elman.unroll(cell, x, engine="native")
    elman.unroll(elman.cells.RNNCell(3, 7), x, engine="native")
    assert len(compiled._known) == 1
    back = torch.autograd.grad(outputs, cell.weight_hh, torch.cos(outputs.detach()))[0]
    assert_close(back, results(cell, x, engine="loop")[-2 if cell.bias is not None else -1])


# Everything at once.

INPUTS = st.fixed_dictionaries({
    "steps": st.integers(0, 3), "batch": st.integers(0, 3), "rows": st.integers(-1, 1), "columns": st.integers(-1, 1),
    "make": st.sampled_from([None, *MAKES]), "state_make": st.sampled_from([None, *MAKES]),
    "dtype": st.sampled_from([torch.float32, torch.float64, torch.bfloat16, torch.int64]),
    "state": st.sampled_from(["none", "right", "one row", "rank 3", "bare", "double"]),
    "lengths": st.one_of(st.none(), st.lists(st.integers(-1, 4), max_size=3)),
})  # fmt: skip


@given(call=INPUTS)
@settings(max_examples=60)
def test_a_malformed_call_does_as_the_loop_or_is_refused(call):
    torch.manual_seed(0)
    cell = CELL
    x = torch.randn(call["steps"], call["batch"], 3 + call["columns"] * (call["rows"] == 0)).to(call["dtype"])
    rows = max(0, call["batch"] + call["rows"])
    h, c = torch.randn(rows, 4), torch.randn(rows, 4)
    state = {
        "none": None, "right": (h, c), "one row": (h[:1], c), "rank 3": (h[:, None], c), "bare": h,
        "double": (h.double(), c),
    }[call["state"]]  # fmt: skip
    try:
        x = x if call["make"] is None else make(call["make"], x)
        if isinstance(state, tuple) and call["state_make"] is not None:
            state = tuple(make(call["state_make"], field) for field in state)
    except (RuntimeError, ValueError):  # PyTorch cannot make it so
        return
    outcomes = []
    for engine in ("auto", "loop"):
        try:
            outputs, final = elman.unroll(cell, x, state, call["lengths"], engine=engine)
            outcomes.append([one.detach().as_subclass(Tensor) for one in (outputs, *final)])
        except (ValueError, RuntimeError, TypeError) as error:
            outcomes.append(type(error))
    if isinstance(outcomes[1], list) and isinstance(outcomes[0], list):
        assert_close(*outcomes)
    else:
        assert outcomes[0] == outcomes[1]


CELL = elman.cells.LSTMCell(3, 4)


# Memory.


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="places memory with Linux's mmap")
@pytest.mark.parametrize("later", [False, pytest.param(True, marks=pytest.mark.slow)])
@pytest.mark.parametrize("part", range(4))
def test_no_kernel_touches_memory_beside_its_buffers(part, later):
    names = [name for name in public_cells() if (name not in FIRST) == later]
    command = [sys.executable, str(HERE / "guarded.py"), str(part), "4", *names]
    done = subprocess.run(command, capture_output=True, text=True, timeout=1200)
    assert done.returncode == 0, done.stdout[-300:] + done.stderr[-3000:]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="places memory with Linux's mmap")
@pytest.mark.parametrize("side", ["start", "end"])
def test_the_guard_pages_bite(side):
    command = [sys.executable, str(HERE / "guarded.py"), "bite", side]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600)
    assert done.stdout == "inside\n"
    assert done.returncode < 0
