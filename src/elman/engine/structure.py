"""What a traced step depends on besides tensors: if any of it changes, the cell is traced again."""

import builtins
import dis
import enum
import types
from typing import Any, NamedTuple

import torch
from torch import nn

from elman.cell import Cell
from elman.engine.why import Unsupported

__all__ = ["structure"]

INTERNAL = frozenset(nn.Module().__dict__)
PLAIN = (int, float, complex, str, bytes, type(None), torch.dtype, torch.device, enum.Enum)
STABLE = (type, types.ModuleType, types.BuiltinFunctionType)
HOOKS = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")


def structure(cell: Cell) -> tuple[Any, ...]:
    """Return a key that two cells share only if they run the same operators on the same shapes.

    Raises:
        Unsupported: if the cell holds something whose changes could not be noticed.
    """
    return _module(cell, "", True)


def _module(module: nn.Module, path: str, top: bool = False) -> tuple[Any, ...]:
    held = module.__dict__
    if not top and any(held[hooks] for hooks in HOOKS):
        raise Unsupported(f"{path[:-1]} has hooks, which the engine would not call")
    kind = type(module)
    key: list[Any] = [kind, held["training"]]
    for table in ("_parameters", "_buffers"):
        for name, tensor in held[table].items():
            key += (name,) if tensor is None else (name, tensor.shape, tensor.dtype)
    for name, value in held.items():
        if name not in INTERNAL:
            key += (name, _plain(value, f"attribute {path}{name}"))
    key += _code(kind)
    watched = _watched_of(kind)
    key += [function for _, _, function in watched.functions]
    for where, name in watched.variables:
        key.append(_plain(_value(where, name), f"the variable {name} outside the class"))
    for name, child in held["_modules"].items():
        key += (name,) if child is None else (name, _module(child, f"{path}{name}."))
    return tuple(key)


def _plain(value: Any, what: str) -> Any:
    kind = type(value)
    if kind is int or kind is str or kind is float or kind is bool or value is None:
        return kind, value
    if isinstance(value, (*PLAIN, *STABLE)):
        return kind, value
    if isinstance(value, types.FunctionType) and not value.__closure__:
        return kind, value
    if isinstance(value, (tuple, list)):
        return kind, tuple(_plain(part, what) for part in value)
    if isinstance(value, dict):
        return kind, tuple((_plain(k, what), _plain(v, what)) for k, v in value.items())
    if isinstance(value, torch.Tensor):
        raise Unsupported(f"{what} is a tensor; register_buffer lets the engine see it")
    raise Unsupported(f"{what} is a {kind.__name__}, whose changes the engine could not notice")


def _code(kind: type) -> tuple[Any, ...]:
    """The functions a class runs now, so that replacing one is noticed, and its own plain attributes."""
    if kind.__module__.startswith("torch."):
        return ()
    found: list[Any] = []
    for base in kind.__mro__:
        if base is nn.Module or base is Cell or base.__module__.startswith("torch."):
            break
        for name, value in list(base.__dict__.items()):
            if isinstance(value, types.FunctionType) or (isinstance(value, PLAIN) and not name.startswith("__")):
                found += (name, value)
    return tuple(found)


class _Watched(NamedTuple):
    """What a class reads as it runs, besides itself. Each lies in a namespace or in the cell of a closure."""

    functions: list[tuple[Any, str, Any]]  # where, name, and the function that was there
    variables: list[tuple[Any, str]]


_watched: dict[type, _Watched] = {}


def _watched_of(kind: type) -> _Watched:
    """Return what to watch, looked for anew once any function has been replaced by another."""
    watched = _watched.get(kind)
    if watched is None or any(_value(where, name) is not f for where, name, f in watched.functions):
        if len(_watched) > 1024:
            _watched.clear()
        watched = _watched[kind] = _watch(kind)
    return watched


def _value(where: Any, name: str) -> Any:
    return where.cell_contents if isinstance(where, types.CellType) else where.get(name)


def _watch(kind: type) -> _Watched:
    functions: list[tuple[Any, str, Any]] = [
        (base.__dict__, name, value)
        for base in kind.__mro__
        if base not in (nn.Module, Cell, object) and not base.__module__.startswith("torch.")
        for name, value in base.__dict__.items()
        if isinstance(value, types.FunctionType) and not name.startswith("__")
    ]
    variables: dict[tuple[int, str], tuple[Any, str]] = {}
    seen: set[Any] = set()
    for _, _, function in functions:  # grows as it goes
        if function in seen or (function.__module__ or "").startswith("torch."):
            continue
        seen.add(function)
        read = list(zip(function.__closure__ or (), function.__code__.co_freevars, strict=True))
        read += [(function.__globals__, name) for name in _names(function.__code__)]
        for where, name in read:
            try:
                value = _value(where, name)
            except ValueError:
                raise Unsupported(f"the variable {name} around {function.__qualname__} has no value yet") from None
            if value is None and not isinstance(where, types.CellType):
                value = getattr(builtins, name, None)
            if isinstance(value, types.FunctionType):
                functions.append((where, name, value))
            elif not isinstance(value, STABLE):
                variables[id(where), name] = (where, name)
    return _Watched(functions, list(variables.values()))


def _names(code: types.CodeType) -> set[str]:
    names = {i.argval for i in dis.get_instructions(code) if i.opname == "LOAD_GLOBAL"}
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            names |= _names(constant)
    return names
