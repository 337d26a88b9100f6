"""The cache key of a traced step: everything but tensors that the step depends on. A new key means a new trace."""

import enum
import functools
import types
from collections import OrderedDict
from collections.abc import Iterator
from typing import Any

import torch
from torch import nn

from elman.cell import Cell
from elman.engine.tracing.permitted import permitted, trusted
from elman.engine.tracing.reading import Reading, named
from elman.engine.unsupported import Unsupported

__all__ = ["Holdings", "structure"]

INTERNAL = frozenset(nn.Module().__dict__)
SIMPLE = frozenset([int, str, bool, type(None), type(NotImplemented), type(...)])
DATA = (int, float, complex, str, bytes, torch.dtype, torch.device, enum.Enum)
LIMIT = 4096  # readings in the cache


def structure(cell: Cell) -> tuple[Any, ...]:
    """Return a key that two cells share only if they run the same operators on the same shapes.

    Raises:
        Unsupported: if the cell holds an object whose changes the key cannot detect.
    """
    try:
        return torch.get_default_dtype(), _module(cell, "", True)
    except RecursionError:
        raise Unsupported("a list or dict that the cell reads contains itself") from None


def _module(module: nn.Module, path: str, top: bool = False) -> tuple[Any, ...]:
    held, kind = module.__dict__, type(module)
    if not top and (
        held["_forward_hooks"] or held["_forward_pre_hooks"] or held["_backward_hooks"] or held["_backward_pre_hooks"]
    ):
        raise Unsupported(f"{path[:-1]} has hooks, which the engine would not call")
    key: list[Any] = [_reads(kind), held["training"]]
    for table in (held["_parameters"], held["_buffers"]):
        for name, tensor in table.items():
            if tensor is None:
                key.append(name)
            else:
                key += name, tensor.shape, tensor.dtype
                if tensor.__dict__:
                    key.append(_marks(tensor.__dict__, f"{path}{name}"))
    for name, value in held.items():
        if name not in INTERNAL:
            kind = type(value)
            if kind in SIMPLE:
                key += name, kind, value
            else:
                key += name, _plain(value, f"attribute {path}{name}")
    for name, child in held["_modules"].items():
        key += (name,) if child is None else (name, _module(child, f"{path}{name}."))
    return tuple(key)


def _marks(attributes: dict[str, Any], what: str) -> tuple[Any, ...]:
    """Return the attributes set on a tensor whose names occur in any code read so far."""
    read = attributes if "*" in named else [name for name in attributes if name in named]
    return tuple((name, _plain(attributes[name], f"{what}.{name}")) for name in read)


def _plain(value: Any, what: str) -> Any:
    """Return a key for a value: its type, its contents, and the attributes set on it."""
    kind = type(value)
    if kind in SIMPLE:
        return kind, value
    if kind is float:
        return kind, value if value and value == value else repr(value)  # -0.0 is not 0.0, and nan is nan
    if kind is types.FunctionType:
        return kind, _reads(value), _plain(value.__dict__, what) if value.__dict__ else None
    if kind is functools.partial:
        return kind, _plain((value.func, value.args, value.keywords), what)
    if isinstance(value, (tuple, list)):
        return _kind(value, what), tuple([_plain(part, what) for part in value])
    if isinstance(value, dict) and (kind is dict or kind is OrderedDict or not trusted(kind)):
        return _kind(value, what), tuple([(_plain(k, what), _plain(v, what)) for k, v in value.items()])
    if isinstance(value, type) and not trusted(value):
        return kind, value, _reads(value)
    if isinstance(value, (type, types.BuiltinFunctionType)):
        if permitted(value):
            return kind, value
        raise Unsupported(f"{what} is {value.__name__}, whose results may depend on more than its arguments")
    if isinstance(value, DATA) and (trusted(kind) or isinstance(value, enum.Enum)):
        return _kind(value, what), repr(value) if isinstance(value, (float, complex)) else value
    if isinstance(value, torch.Tensor):
        raise Unsupported(f"{what} is a tensor; use register_buffer, so that the engine sees it")
    raise Unsupported(f"{what} is a {kind.__name__}, whose changes the engine could not notice")


def _kind(value: Any, what: str) -> Any:
    kind = type(value)
    if trusted(kind):
        return kind
    extra = {name: own for name, own in getattr(value, "__dict__", {}).items() if not name.startswith("_")}
    return kind, _reads(kind), _plain(extra, what) if extra else None


_readings: dict[Any, Reading] = {}
_settled: set[type[nn.Module]] = set()  # modules of PyTorch


def _reading(root: Any) -> Reading | None:
    """Return what the code of a class or a function reads; None for trusted code."""
    reading = _readings.get(root)
    if reading is None or not reading.holds():
        if trusted(root) and not (isinstance(root, type) and root.__module__.startswith("elman.")):
            return None
        if len(_readings) > LIMIT:
            _readings.clear()
        reading = _readings[root] = Reading(root, _plain)
    return reading


def _reads(root: Any) -> Any:
    """Return a key for the variables on which the behaviour of a class or a function depends."""
    if root in _settled:
        return root, root.forward
    reading = _reading(root)
    if reading is None:
        if isinstance(root, type) and issubclass(root, nn.Module):
            _settled.add(root)
        if isinstance(root, type):
            return root, getattr(root, "forward", None)
        if not permitted(root):
            raise Unsupported(f"{root.__qualname__} may depend on more than its arguments")
        return root
    if reading.problem is not None:
        raise Unsupported(reading.problem.reason)
    if not reading.loose:
        return reading.token
    return reading.token, *[_plain(value, f"the variable {name} outside the class") for name, value in reading.loose]


class Holdings:
    """The objects that the key of a cell covers.

    Args:
        cell: a cell that has a key.

    Attributes:
        codes: the code that was read.
        containers: the lists and dicts that the code could change.
        unread: class attributes that the key does not cover, so that a step must not read them.
    """

    def __init__(self, cell: Cell):
        self.codes: set[types.CodeType] = set()
        self.containers: list[list[Any] | dict[Any, Any]] = []
        self.unread: set[str] = set()
        self._seen: set[int] = set()
        for module in cell.modules():
            self._read(type(module))
            for value in module.__dict__.values():
                self._visit(value)

    def _read(self, root: Any) -> None:
        reading = _reading(root)
        if reading is not None and id(reading) not in self._seen:
            self._seen.add(id(reading))
            self.unread |= reading.unread
            for code in reading.bodies():
                self.codes.update(_nested(code))
            for _, value in reading.loose:
                self._visit(value)

    def _visit(self, value: Any) -> None:
        if id(value) in self._seen:
            return
        self._seen.add(id(value))
        if isinstance(value, (types.FunctionType, type)):
            self._read(value)
        elif isinstance(value, functools.partial):
            self._visit((value.func, value.args, value.keywords))
        elif isinstance(value, (list, dict, tuple)):
            if not isinstance(value, tuple):
                self.containers.append(value)
            if not trusted(type(value)):
                self._read(type(value))
            for part in value.values() if isinstance(value, dict) else value:
                self._visit(part)


def _nested(code: types.CodeType) -> Iterator[types.CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _nested(constant)
