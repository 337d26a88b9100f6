"""What a traced step depends on besides tensors: if any of it changes, the cell is traced again."""

import builtins
import dis
import enum
import functools
import itertools
import sys
import sysconfig
import types
from collections.abc import Iterator
from typing import Any

import torch
from torch import nn

from elman.cell import Cell
from elman.engine.unsupported import Unsupported

__all__ = ["structure"]

INTERNAL = frozenset(nn.Module().__dict__)
PLAIN = (int, float, complex, str, bytes, type(None), torch.dtype, torch.device, enum.Enum)
STABLE = (type, types.ModuleType, types.BuiltinFunctionType)
HOOKS = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")
CONTAINERS = (list, dict, tuple)
METHODS = (types.FunctionType, staticmethod, classmethod, property, type(functools.cache(len)))
#: Of the methods between underscores, those that a step may run.
RUN = frozenset(["__call__", "__getattr__", "__getattribute__", "__getitem__"])
SURROUNDINGS = frozenset(["is_grad_enabled", "is_inference_mode_enabled"])
STANDARD = sysconfig.get_path("stdlib")
LIMIT = 4096  # readings remembered


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
    key: list[Any] = [_reads(type(module)), held["training"]]
    for table in ("_parameters", "_buffers"):
        for name, tensor in held[table].items():
            key += (name,) if tensor is None else (name, tensor.shape, tensor.dtype)
    for name, value in held.items():
        if name not in INTERNAL:
            key += (name, _plain(value, f"attribute {path}{name}"))
    for name, child in held["_modules"].items():
        key += (name,) if child is None else (name, _module(child, f"{path}{name}."))
    return tuple(key)


def _plain(value: Any, what: str) -> Any:
    kind = type(value)
    if kind is int or kind is str or kind is float or kind is bool or value is None:
        return kind, value
    if isinstance(value, (*PLAIN, *STABLE)):
        return kind, value
    if kind is types.FunctionType:
        return kind, _reads(value)
    if kind is functools.partial:
        return kind, _plain((value.func, value.args, value.keywords), what)
    if isinstance(value, (tuple, list)):
        return kind, tuple(_plain(part, what) for part in value)
    if isinstance(value, dict):
        return kind, tuple((_plain(k, what), _plain(v, what)) for k, v in value.items())
    if isinstance(value, torch.Tensor):
        raise Unsupported(f"{what} is a tensor; register_buffer lets the engine see it")
    raise Unsupported(f"{what} is a {kind.__name__}, whose changes the engine could not notice")


@functools.cache
def _settled(package: str) -> bool:
    """Return whether a package's code stays as it is while it is in use."""
    if package in ("torch", "numpy", "elman"):
        return True
    file = getattr(sys.modules.get(package), "__file__", None)
    library = file is None or file.startswith(STANDARD)
    return package in sys.stdlib_module_names and library and package != "__main__"


def _trusted(value: Any) -> bool:
    module = value.__name__ if isinstance(value, types.ModuleType) else getattr(value, "__module__", None)
    return _settled((module or "").partition(".")[0])


class _Reading:
    """All that the code of a class, or of a function, reads besides its arguments, as it is now."""

    def __init__(self, root: Any):
        self.names: list[tuple[Any, str, Any]] = []  # a namespace, a name in it, and what the name means
        self.cells: list[tuple[types.CellType, Any]] = []  # variables of the functions around
        self.codes: list[tuple[types.FunctionType, Any, Any, Any]] = []  # with the body and the defaults
        self.loose: list[tuple[Any, str]] = []  # lists and dicts, which change while the name stays
        self.odd: list[tuple[Any, str, Any]] = []  # what a class holds that matters only if code reads it
        self.seen: set[Any] = set()
        self.attributes: set[str] = set()  # every name that is read of anything
        self.problem: Unsupported | None = None
        try:
            self.read_class(root) if isinstance(root, type) else self.read_function(root)
            for _, name, value in self.odd:
                if name in self.attributes:
                    _plain(value, f"{name} of the class")
            facts = (
                root,
                *((name, _fact(value, name)) for _, name, value in self.names),
                *(_fact(value, "around a function") for _, value in self.cells),
                *((f, code, _plain((a, b), f"a default of {f.__qualname__}")) for f, code, a, b in self.codes),
            )
        except Unsupported as why:
            self.problem = why
        else:
            if len(_tokens) > LIMIT:
                _tokens.clear()
            self.token = _tokens.setdefault(facts, next(_count))

    def holds(self) -> bool:
        """Return whether all that was read is still what it was."""
        for where, name, value in self.names:
            if where.get(name) is not value:
                return False
        for function, code, defaults, more in self.codes:
            if (
                function.__code__ is not code
                or function.__defaults__ is not defaults
                or function.__kwdefaults__ is not more
            ):
                return False
        return all(_inside(cell) is value for cell, value in self.cells) and all(
            where.get(name) is value for where, name, value in self.odd
        )

    def read_class(self, kind: type) -> None:
        if kind in self.seen:
            return
        self.seen.add(kind)
        for base in kind.__mro__:
            if base in (nn.Module, Cell, object) or (_trusted(base) and not _house(base)):
                continue
            for name, value in base.__dict__.items():
                function, entry = _function_in(value), (base.__dict__, name, value)
                if function is not None:
                    self.names.append(entry)
                    if not name.startswith("__") or name in RUN:
                        self.read_function(function, own=True)
                elif name.startswith("__"):
                    continue
                elif isinstance(value, CONTAINERS):
                    self.names.append(entry)
                    self.loose.append(entry[:2])
                elif isinstance(value, (*PLAIN, *STABLE)):
                    self.names.append(entry)
                else:
                    self.odd.append(entry)

    def read_function(self, function: types.FunctionType, own: bool = False) -> None:
        if function in self.seen or (_trusted(function) and not own):
            return
        self.seen.add(function)
        code, around = function.__code__, function.__closure__ or ()
        self.codes.append((function, code, function.__defaults__, function.__kwdefaults__))
        self.cells += [(cell, _inside(cell)) for cell in around]
        free = dict(zip(code.co_freevars, around, strict=True))
        for root, chain, outside in _loads(code):
            if root in SURROUNDINGS or not SURROUNDINGS.isdisjoint(chain):
                raise Unsupported(f"{function.__qualname__} asks whether gradients are on")
            self.attributes.update(chain)
            if outside:
                self.look_up(function.__globals__, root, chain)
            elif root in free:
                value = _inside(free[root])
                if value is _Reading:
                    raise Unsupported(f"the variable {root} around {function.__qualname__} has no value yet")
                self.follow(value, chain, free[root], root)

    def look_up(self, where: Any, name: str, chain: tuple[str, ...]) -> None:
        """Read a name, and what is then read of it."""
        value = where.get(name)
        self.names.append((where, name, value))
        self.follow(getattr(builtins, name, None) if value is None else value, chain, where, name)

    def follow(self, value: Any, chain: tuple[str, ...], where: Any, name: str) -> None:
        function = _function_in(value)
        if function is not None:
            self.read_function(function)
        elif isinstance(value, CONTAINERS):
            self.loose.append((where, name))
        elif isinstance(value, types.ModuleType) and not _trusted(value):
            if not chain or chain[0] not in value.__dict__:
                raise Unsupported(f"the module {name} is read in a way that the engine could not follow")
            self.look_up(value.__dict__, chain[0], chain[1:])
        elif isinstance(value, type) and not _trusted(value):
            if not issubclass(value, (tuple, nn.Module, BaseException, enum.Enum)):
                self.read_class(value)
            holder = next((base.__dict__ for base in value.__mro__ if chain and chain[0] in base.__dict__), None)
            if holder is not None:
                self.look_up(holder, chain[0], chain[1:])


def _house(kind: type) -> bool:
    return kind.__module__.partition(".")[0] == "elman"


def _fact(value: Any, name: str) -> Any:
    """What goes into the key. The bodies of functions are told apart by their codes, containers each time."""
    if isinstance(value, (*STABLE, *METHODS)):
        return value
    return type(value) if isinstance(value, CONTAINERS) else _plain(value, f"the variable {name} outside the class")


_tokens: dict[Any, int] = {}
_count = itertools.count()
_readings: dict[Any, _Reading] = {}


def _reads(root: Any) -> Any:
    """Return what tells apart the states in which a class, or a function, does different things."""
    if _trusted(root) and not (isinstance(root, type) and _house(root)):
        return root
    reading = _readings.get(root)
    if reading is None or not reading.holds():
        if len(_readings) > LIMIT:
            _readings.clear()
        reading = _readings[root] = _Reading(root)
    if reading.problem is not None:
        raise Unsupported(reading.problem.reason)
    if not reading.loose:
        return reading.token
    contents = (
        _plain(_value(where, name), f"the variable {name} outside the class") for where, name in reading.loose
    )
    return reading.token, *contents


def _value(where: Any, name: str) -> Any:
    return _inside(where) if isinstance(where, types.CellType) else where.get(name)


def _inside(cell: types.CellType) -> Any:
    try:
        return cell.cell_contents
    except ValueError:
        return _Reading  # nothing is in it yet


def _function_in(value: Any) -> types.FunctionType | None:
    """Return the function inside a method of any kind."""
    while isinstance(value, METHODS) and not isinstance(value, types.FunctionType):
        value = value.fget if isinstance(value, property) else getattr(value, "__wrapped__", None)
    return value if isinstance(value, types.FunctionType) else None


def _loads(code: types.CodeType) -> Iterator[tuple[str, tuple[str, ...], bool]]:
    """Yield every chain ``a.b.c`` that code reads, as ``a``, what is read of it, and whether ``a`` is global.

    The name is empty where the chain begins with a value.
    """
    root, chain, outside = "", [], False
    for instruction in dis.get_instructions(code):
        if instruction.opname in ("LOAD_ATTR", "LOAD_METHOD"):
            chain.append(instruction.argval)
            continue
        if root or chain:
            yield root, tuple(chain), outside
        outside = instruction.opname in ("LOAD_GLOBAL", "LOAD_NAME")
        root, chain = instruction.argval if outside or "DEREF" in instruction.opname else "", []
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _loads(constant)
