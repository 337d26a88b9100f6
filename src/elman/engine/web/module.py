"""Compile a cell to a WebAssembly module, and describe it to JavaScript."""

import json
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor
from torch.autograd.graph import saved_tensors_hooks

from elman.cell import Cell
from elman.engine.cpu.layout import Layout
from elman.engine.planning.deferred import Outer
from elman.engine.planning.language import Value
from elman.engine.planning.lower import KNOWN, lower
from elman.engine.planning.lowering import Meaning
from elman.engine.planning.plan import plan
from elman.engine.planning.program import Program
from elman.engine.planning.views import Laid
from elman.engine.tracing.recording import Node
from elman.engine.tracing.trace import Trace, record
from elman.engine.unsupported import Unsupported
from elman.engine.web.assemble import TILE, assemble
from elman.engine.web.graphs import ROWS, Json, recorded, sum_graph
from elman.engine.web.watch import Gate, gates_of, watching
from elman.tensors import tensors_of, with_tensors

__all__ = ["WebModule", "compile"]

FORMAT = 1
#: The number that stands for an input size which the page chooses; no other dimension should have it.
ANY = 1019


@dataclass(frozen=True)
class WebModule:
    """A cell as a WebAssembly module.

    Attributes:
        bytes: the module. It exports ``inference``, ``training``, ``backward`` and ``watch``, each a function of
            ``(job, thread, count)``, and imports ``env.memory`` and ``env.product``, a function of
            :func:`~elman.engine.web.products`.
        manifest: plain data that JavaScript reads to drive the module: the cell's parameters, each program's buffers
            and matrices, and the computations outside the kernels as lists of operators.
    """

    bytes: bytes
    manifest: Json

    def __post_init__(self) -> None:
        json.dumps(self.manifest, allow_nan=False)


def compile(cell: Cell, *, any_input: bool = False) -> WebModule:  # noqa: A001 - as in a back end
    """Compile a cell to WebAssembly, in float32.

    Args:
        cell: the cell; its parameters are not part of the module.
        any_input: whether JavaScript chooses the input size; the cell's own must then be :data:`ANY`.

    Returns:
        The module, for any batch and any number of steps.

    Raises:
        ValueError: if the native engine cannot run the cell; gives the reason.

    Example:
        >>> import elman
        >>> module = compile(elman.cells.GRUCell(3, 8))
        >>> module.bytes[:4], [p["name"] for p in module.manifest["parameters"]]
        (b'\\x00asm', ['weight_ih', 'weight_hh', 'bias', 'bias_hn'])
    """
    try:
        with torch.random.fork_rng(devices=[]), saved_tensors_hooks(_same, _same):
            return _compile(cell, any_input)
    except Unsupported as why:
        raise ValueError(f"{type(cell).__name__} cannot run in a page: {why.reason}") from None


def _same(tensor: Tensor) -> Tensor:
    return tensor


def _compile(own: Cell, any_input: bool) -> WebModule:
    cell: Cell = with_tensors(own, {name: tensor.detach().float() for name, tensor in tensors_of(own)})
    trace = record(cell, torch.float32, KNOWN)
    meanings: dict[Node, Meaning] = {}
    step = lower(trace, meanings)
    planned = plan(step)
    calls = [meanings.get(node) for node in trace.nodes if node.op == "sigmoid" and node.shape[:1] == (trace.batch,)]
    sigmoids = [laid.value for laid in calls if isinstance(laid, Laid)]
    gates = _gates(cell, sigmoids)
    fields: tuple[str, ...] = cell.initial_state(1)._fields  # pyright: ignore[reportAttributeAccessIssue]
    watch, shown = watching(step, fields, sigmoids, gates, len(trace.thetas))
    programs = {
        "inference": planned.inference,
        "training": planned.training,
        "backward": planned.backward,
        "watch": watch,
    }
    names = [name for name, _ in tensors_of(cell)]
    sums = list(planned.sums)
    manifest = {
        "format": FORMAT,
        "cell": type(cell).__name__,
        "input": "any" if any_input else cell.input_size,
        "hidden": own.hidden_size,
        "columns": TILE.columns,
        "parameters": _parameters(own, any_input),
        "states": [{"name": name, "width": value.width} for name, value in zip(fields, step.states, strict=True)],
        "moving": list(step.moving_states),
        "output": step.output.width,
        "drives": [value.width for value in step.drives],
        "programs": {name: _program(program) for name, program in programs.items()},
        "saved": {"output": planned.saved.output, "drives": list(planned.saved.drives)},
        "shown": [asdict(one) for one in shown],
        "sums": [
            {
                "parts": [
                    {"buffer": place.buffer.name, "column": place.column, "width": value.width}
                    for place, value in zip(planned.sums[total], total.parts, strict=True)
                ],
                "groups": total.groups if isinstance(total, Outer) else 1,
                "folds": total.folds if isinstance(total, Outer) else 1,
            }
            for total in sums
        ],
        "gradients": sum_graph(step.grad_thetas, sums),
        **_around(cell, trace, names, _sizes(cell, any_input)),
    }
    return WebModule(assemble(programs), manifest)


def _gates(cell: Cell, sigmoids: list[Value]) -> list[Gate]:
    """Return the gates to show: those of a step's own run, if it calls sigmoid as often as its trace does."""
    found = gates_of(cell)
    if {gate.call for gate in found} == set(range(len(sigmoids))) and all(
        gate.start + gate.width <= sigmoids[gate.call].width for gate in found
    ):
        return found
    return [Gate(f"gate {call + 1}", call, 0, value.width) for call, value in enumerate(sigmoids)]


def _sizes(cell: Cell, any_input: bool) -> dict[int, str]:
    sizes = {ROWS: "N"}
    if any_input:
        if cell.input_size != ANY:
            raise ValueError(f"with any_input the cell's input_size must be {ANY}, got {cell.input_size}")
        sizes |= {ANY: "I", ANY - 1: "I-1"}
    return sizes


def _parameters(cell: Cell, any_input: bool) -> list[Json]:
    sizes = _sizes(cell, any_input)
    return [
        {"name": name, "shape": [sizes.get(n, n) for n in tensor.shape], "trained": tensor.requires_grad}
        for name, tensor in tensors_of(cell)
    ]


def _program(program: Program) -> Json:
    layout = Layout(program, TILE)
    return {
        "buffers": [
            {"name": b.name, "kind": b.kind, "width": b.width, "stride": layout.stride(b), "carried": b.carried}
            for b in layout.buffers
        ],
        "matrices": [asdict(matrix) for matrix in layout.matrices],
        "thetas": layout.thetas,
        "carried": [buffer.name for buffer in layout.carried],
    }


def _around(cell: Cell, trace: Trace, names: list[str], sizes: dict[int, str]) -> dict[str, Any]:
    """Record what is computed outside the kernels, each from all of the cell's tensors."""
    tensors = [tensor for _, tensor in tensors_of(cell)]

    def drive(x: Tensor, *own: Tensor) -> tuple[Tensor, ...]:
        drive = with_tensors(cell, dict(zip(names, own, strict=True))).drive(x)
        return drive if isinstance(drive, tuple) else (drive,)

    def thetas(*own: Tensor) -> tuple[Tensor, ...]:
        by_name = dict(zip(names, own, strict=True))
        return tuple(trace.run_prologue([by_name[name] for name in trace.names]))

    def initial(*own: Tensor) -> tuple[Tensor, ...]:
        return tuple(with_tensors(cell, dict(zip(names, own, strict=True))).initial_state(1))

    x = torch.randn(ROWS, cell.input_size)
    return {
        "drive": recorded(drive, [x, *tensors], sizes, "drive"),
        "prologue": recorded(thetas, tensors, sizes, "what step computes from parameters"),
        "initial": recorded(initial, tensors, sizes, "initial_state"),
    }
