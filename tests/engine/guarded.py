"""Run cells with every buffer against a page that may not be touched: an access out of bounds ends the process.

``python guarded.py PART PARTS CELL ...`` runs its share of the cells, and prints what it is about to run.
``python guarded.py bite`` reads one byte too far.
"""

import ctypes
import faulthandler
import mmap
import sys
from contextlib import contextmanager

import torch
from torch import Tensor
from torch.testing import assert_close
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map_only

import elman
from elman.cells.lookup import public_cells
from elman.engine import compiled
from elman.engine.cpu import dense, kernels

libc = ctypes.CDLL(None, use_errno=True)
libc.mmap.restype = ctypes.c_void_p
libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, *[ctypes.c_int] * 3, ctypes.c_long]
libc.munmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
libc.mprotect.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
PAGE = mmap.PAGESIZE


class Fence:
    """Memory between two pages without access, flush against the last one or the first."""

    def __init__(self, at_end: bool):
        self.at_end = at_end
        self.regions: list[tuple[int, int]] = []

    def place(self, size: int) -> int:
        """Return the address of ``size`` bytes, filled with NaN."""
        inside = -(-max(size, 1) // PAGE) * PAGE
        start = libc.mmap(
            None, inside + 2 * PAGE, mmap.PROT_READ | mmap.PROT_WRITE, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, -1, 0
        )
        assert start not in (None, ctypes.c_void_p(-1).value)
        ctypes.memset(start, 0xFF, inside + 2 * PAGE)
        for guard in (start, start + PAGE + inside):
            assert libc.mprotect(guard, PAGE, 0) == 0
        self.regions.append((start, inside + 2 * PAGE))
        return start + PAGE + (inside - size if self.at_end else 0)

    def moved(self, tensor: Tensor) -> Tensor:
        """Return a copy of a tensor with the same strides, inside the fence."""
        if not tensor.numel():
            return tensor
        count = 1 + sum((n - 1) * step for n, step in zip(tensor.shape, tensor.stride(), strict=True))
        size = count * tensor.element_size()
        memory = (ctypes.c_char * size).from_address(self.place(size))
        copy = torch.frombuffer(memory, dtype=tensor.dtype).as_strided(tensor.shape, tensor.stride())
        if all(tensor.stride()) or tensor.dim() == 0:
            copy.copy_(tensor)
        else:  # expanded: every number is written once
            flat = tensor.as_strided((count,), (1,))
            copy.as_strided((count,), (1,)).copy_(flat)
        return copy

    def scratch(self, *sizes: int):
        """Lend memory as the engine's own ``scratch`` does, each piece behind its own fence."""

        @contextmanager
        def lent():
            yield [self.place(size) for size in sizes]

        return lent()

    def tear_down(self) -> None:
        for start, size in self.regions:
            libc.munmap(start, size)
        self.regions.clear()


class Fenced(TorchDispatchMode):
    """Within this context every tensor that an operator allocates is inside the fence."""

    def __init__(self, fence: Fence):
        super().__init__()
        self.fence = fence

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        result = func(*args, **kwargs)
        known = {t.untyped_storage().data_ptr() for t in tree_leaves((args, kwargs)) if isinstance(t, Tensor)}
        return tree_map_only(
            Tensor, lambda t: t if t.untyped_storage().data_ptr() in known else self.fence.moved(t), result
        )


def check(cell, steps, lengths, at_end, reverse):
    """Hold forward, training and backward inside the fence to the loop."""
    torch.manual_seed(0)
    batch, dtype = len(lengths), next(cell.parameters(), torch.empty(0)).dtype
    x = torch.randn(steps, batch, cell.input_size, dtype=dtype)
    state = [
        torch.randn_like(field) * 0.3 if name in cell.free_fields else field
        for name, field in cell.initial_state(batch)._asdict().items()
    ]
    expected = gradients(cell, x, state, lengths, reverse, "loop")
    assert isinstance(compiled.kernels_of(cell, dtype), compiled.Compiled), cell
    fence = Fence(at_end)
    kernels.scratch = dense.scratch = fence.scratch
    before = {name: p.data for name, p in cell.named_parameters()}
    try:
        for name, parameter in cell.named_parameters():
            parameter.data = fence.moved(before[name])
        with Fenced(fence):
            inputs = fence.moved(x), [fence.moved(field) for field in state]
            with torch.no_grad():
                outputs, _ = elman.unroll(
                    cell,
                    inputs[0],
                    type(cell.initial_state(1))(*inputs[1]),
                    lengths,
                    reverse=reverse,
                    engine="native",
                )
            got = gradients(cell, *inputs, lengths, reverse, "native")
        tolerance = {"rtol": 1e-3, "atol": 1e-4} if dtype == torch.float32 else {}
        assert_close(outputs.clone(), expected[0], **tolerance)
        assert_close([g.clone() for g in got], expected, **tolerance)
        del outputs, got, inputs
    finally:
        for name, parameter in cell.named_parameters():
            parameter.data, parameter.grad = before[name], None
        fence.tear_down()


def gradients(cell, x, state, lengths, reverse, engine):
    leaves = [t.detach().requires_grad_() for t in (x, *state)]
    begun = type(cell.initial_state(1))(*leaves[1:])
    outputs, final = elman.unroll(cell, leaves[0], begun, lengths, reverse=reverse, engine=engine)
    loss = sum((one * torch.cos(one.detach())).sum() for one in (outputs, *final))
    parameters = [p for p in cell.parameters() if p.requires_grad]
    found = torch.autograd.grad(loss, [*leaves, *parameters], allow_unused=True, materialize_grads=True)
    return [outputs.detach(), *(one.detach() for one in final), *found]


def run(part: int, parts: int, names: list[str]) -> None:
    torch.set_num_threads(1)
    compiled.surroundings = lambda device: None  # the fence is a mode that watches every operator
    made = [(name, public_cells()[name](3, 19)) for name in names]
    made += [("LSTM of 1", elman.cells.LSTMCell(1, 1)), ("GRU of 1", elman.cells.GRUCell(1, 1))]
    made += [("double GRU", elman.cells.GRUCell(3, 9).double()), ("wide LSTM", elman.cells.LSTMCell(3, 50))]
    for name, cell in made[part::parts]:
        for at_end in (True, False):
            for steps, lengths, reverse in ((1, [1], False), (3, [2, 0, 3, 0, 1], True), (2, [2] * 7, False)):
                print(f"{name}, {'end' if at_end else 'start'}, T={steps}, lengths {lengths}", flush=True)
                torch.set_num_threads(2 if name == "wide LSTM" else 1)
                kernels.WIDE_FROM = 0
                check(cell, steps, lengths, at_end, reverse)


if __name__ == "__main__":
    faulthandler.enable()
    if sys.argv[1] == "bite":
        ctypes.string_at(Fence(at_end=True).place(5), 5)
        ctypes.string_at(Fence(at_end=False).place(5), 5)
        print("inside", flush=True)
        ctypes.string_at(Fence(at_end=sys.argv[2] == "end").place(5) - (sys.argv[2] == "start"), 6)
    else:
        run(*map(int, sys.argv[1:3]), sys.argv[3:])
