"""Check all arguments of the native engine's kernels against the trace.

A kernel reads and writes memory by address, so a tensor of another size or dtype would corrupt memory. A call that
fails the check runs on the loop; a backward pass fails it if the saved tensors have changed, and raises the reason.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import torch
from torch import Tensor
from torch._C._functorch import peek_interpreter_stack
from torch.nn.modules import module as torch_module

from elman.cell import Cell
from elman.engine.backend import Rows
from elman.engine.tracing.trace import Trace
from elman.engine.unsupported import Unsupported

__all__ = ["Door", "admit", "plain", "returned", "surroundings"]

Form = tuple[tuple[int, ...], torch.dtype]  # a tensor's shape and type


class Door:
    """Checks the arguments of one trace's kernels. Every method raises :class:`Unsupported` if a check fails.

    Args:
        trace: the trace of a cell.
        cell: the traced cell, for the sizes of its parameters and buffers.
        device: the type of device on which the kernels run.
    """

    def __init__(self, trace: Trace, cell: Cell, device: str):
        self.trace, self.device = trace, device
        self.names = [*trace.names, *(name for name in trace.linear or () if name is not None)]
        self.forms: list[Form] = [(tensor.shape, tensor.dtype) for tensor in _held(cell, self.names)]

    def state(self, state: Any, rows: Rows) -> None:
        """Check a state of B rows."""
        trace = self.trace
        if rows.batch_sizes[-1] == 1 and trace.single is not None:
            raise Unsupported("step behaves differently for a batch of one row", trace.single.source)
        for name, field, shape, dtype in zip(
            state._fields, state, trace.state_shapes, trace.state_types, strict=True
        ):
            admit(f"state.{name}", field, (rows.batch, *shape), dtype, self.device)
            if dtype == torch.int64 and not self.exact(field):
                raise Unsupported(f"state.{name} holds whole numbers too large for {trace.dtype}")

    def exact(self, field: Tensor) -> bool:
        """Return whether the kernels, which compute in the trace's type, hold these whole numbers exactly."""
        largest = 1 << (22 if self.trace.dtype == torch.float32 else 51)
        return field.dtype != torch.int64 or not field.numel() or bool((field.abs() < largest).all())

    def drive(self, drive: Any, rows: int) -> tuple[Tensor, ...]:
        """Check what ``cell.drive`` returned for this number of inputs; return its tensors."""
        trace = self.trace
        drives = drive if isinstance(drive, tuple) else (drive,)
        if isinstance(drive, tuple) != trace.drive_is_tuple or len(drives) != len(trace.drive_shapes):
            raise Unsupported(
                f"drive returned {len(drives)} tensors, expected {len(trace.drive_shapes)} as in the trace"
            )
        for one, shape in zip(drives, trace.drive_shapes, strict=True):
            admit("drive", one, (rows, *shape), trace.dtype, self.device)
        return drives

    def parameters(self, cell: Cell) -> list[Tensor]:
        """Check and return the parameters and buffers that the kernels read, those of the drive last."""
        tensors = _held(cell, self.names)
        for name, tensor, (shape, dtype) in zip(self.names, tensors, self.forms, strict=True):
            admit(name, tensor, shape, dtype, self.device)
        return tensors

    def thetas(self, thetas: list[Tensor]) -> list[Tensor]:
        """Check and return the thetas, the parameters or tensors computed from them that the step reads."""
        for theta, node in zip(thetas, self.trace.thetas, strict=True):
            admit("a value that depends on parameters", theta, node.shape, self.trace.dtype, self.device)
        return thetas


def returned(tensors: Sequence[Tensor], forms: Iterable[Form], device: str) -> None:
    """Check tensors that were saved for the backward pass.

    Raises:
        RuntimeError: if a tensor differs from the saved one in type, shape or dtype.
    """
    try:
        for tensor, (shape, dtype) in zip(tensors, forms, strict=True):
            admit("a tensor", tensor, shape, dtype, device)
    except Unsupported as why:
        raise RuntimeError(
            f"backward needs the tensors of the forward pass, but {why.reason}: "
            "resize or replace parameters after backward, and let a hook on saved tensors return them unchanged"
        ) from None


def admit(name: str, tensor: Any, shape: Sequence[int], dtype: torch.dtype, device: str) -> None:
    """Check one tensor; its name is for the message.

    Raises:
        Unsupported: if the tensor is not a strided one of this shape and dtype on the device.
    """
    if not plain(tensor, device):
        only = f"the native engine supports only strided {device.upper()} tensors"
        raise Unsupported(f"{name} is {described(tensor)}; {only}")
    if tensor.shape != shape or tensor.dtype is not dtype:
        raise Unsupported(f"{name} is {described(tensor)}, expected {list(shape)} of {dtype}")


def plain(tensor: Any, device: str) -> bool:
    """Return whether this is an ordinary strided tensor in the device's memory."""
    kind = type(tensor)
    return (
        (kind is Tensor or kind is torch.nn.Parameter)
        and tensor.device.type == device
        and tensor.layout is torch.strided
        and not tensor.is_neg()
        and not tensor._is_zerotensor()
        and torch._C._has_storage(tensor)
    )


def described(tensor: Any) -> str:
    """Describe a tensor for a message."""
    if not isinstance(tensor, Tensor):
        return f"a {type(tensor).__name__}"
    kind = "" if type(tensor) in (Tensor, torch.nn.Parameter) else f", a {type(tensor).__name__}"
    layout = "" if tensor.layout is torch.strided else f", {tensor.layout}"
    lazy = ", negated lazily" if tensor.layout is torch.strided and tensor.is_neg() else ""
    return f"{list(tensor.shape)} of {tensor.dtype} on {tensor.device}{layout}{kind}{lazy}"


def surroundings(device: str) -> str | None:
    """Return why the present context prevents the native engine from running, or None."""
    if torch.is_autocast_enabled(device):
        return "autocast is on, under which each operator chooses its own type"
    if torch.compiler.is_compiling() or torch._C._is_tracing():
        return "the call is being compiled, exported or traced"
    if peek_interpreter_stack() is not None:
        return "the call is inside a torch.func transform"
    if torch._C._len_torch_dispatch_stack() or torch._C._len_torch_function_stack():
        return "a torch mode watches every operator"
    if torch.autograd.forward_ad._current_level >= 0:
        return "forward-mode differentiation is on"
    kinds = ("forward_pre", "forward", "backward_pre", "backward")
    if any(getattr(torch_module, f"_global_{kind}_hooks") for kind in kinds):
        return "global module hooks are set"
    return None


def _held(cell: Any, names: list[str]) -> list[Any]:
    found = []
    for name in names:
        module, leaf = cell, name
        while "." in leaf:
            head, leaf = leaf.split(".", 1)
            module = module._modules[head]
        tensor = module._parameters.get(leaf)
        found.append(module._buffers.get(leaf) if tensor is None else tensor)
    return found
