"""Find in bytecode what the code of a class or a function reads besides its arguments."""

import builtins
import dis
import enum
import functools
import itertools
import types
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from operator import is_, itemgetter
from typing import Any

import torch
from torch import nn

from elman.cell import Cell, State
from elman.engine.tracing.permitted import CACHED, trusted
from elman.engine.unsupported import Unsupported

__all__ = ["Load", "Reading", "loads", "named"]

EXACT = frozenset([
    int, float, complex, str, bytes, bool, type(None), type(NotImplemented), type(...), torch.dtype, torch.device,
])  # fmt: skip
DESCRIPTORS = (
    types.MethodDescriptorType, types.GetSetDescriptorType, types.MemberDescriptorType,
    types.ClassMethodDescriptorType, types.WrapperDescriptorType,
)  # fmt: skip
STABLE = (type, types.ModuleType, types.BuiltinFunctionType, *DESCRIPTORS)
CONTAINERS = (list, dict, tuple)
METHODS = (types.FunctionType, staticmethod, classmethod, property, CACHED)
FOLLOWED = (*EXACT, *STABLE, *METHODS)
FIELD = type(State.h)  # of a NamedTuple
IDLE = frozenset(["CACHE", "EXTENDED_ARG", "PUSH_NULL", "NOP", "PRECALL"])
CHANGES = frozenset([
    "DELETE_ATTR", "DELETE_DEREF", "DELETE_GLOBAL", "IMPORT_NAME", "STORE_ATTR", "STORE_DEREF", "STORE_GLOBAL",
])  # fmt: skip
MISSING = object()
#: The special methods of a module that a step may run.
RUN = frozenset(["__call__", "__getattr__", "__getattribute__", "__getitem__", "__len__", "__iter__"])
TENSOR = {base: base.__dict__ for base in nn.Parameter.__mro__[:3]}  # Parameter, Tensor and its base in C
LIMIT = 4096  # tokens in the cache

#: All attribute names that occur in code read so far; ``"*"`` if code computes an attribute name.
named: set[str] = set()

_tokens: dict[Any, int] = {}
_count = itertools.count()


@dataclass(eq=False)
class Load:
    """A chain ``a.b.c`` that code reads, or a variable that it stores.

    Attributes:
        scope: scope of ``a``: "global", "around" for a variable of an enclosing function, "local"; empty for a value.
        root: the name ``a``; empty if the chain begins with a value.
        chain: the attribute names after the root.
        line: the source line, None if unknown.
        after: the operation that uses the chain, and the operation's name argument.
        before: the root of the preceding chain.
    """

    scope: str
    root: str
    chain: tuple[str, ...] = ()
    line: int | None = None
    after: tuple[str, Any] = ("", None)
    before: str = ""


@functools.lru_cache(1024)
def loads(code: types.CodeType) -> tuple[Load, ...]:
    """Return every chain that code reads, in order, without nested functions."""
    found: list[Load] = []
    copied: list[Load] = []  # of ``a.b += 1``, where ``a`` is read long before ``a.b`` is stored
    current, previous = Load("", ""), ""
    for instruction in dis.get_instructions(code):
        name, what = instruction.opname, instruction.argval
        line = instruction.positions.lineno if instruction.positions else None
        if name in IDLE:
            continue
        if name in ("LOAD_ATTR", "LOAD_METHOD", "LOAD_SUPER_ATTR"):
            current.chain, current.line = (*current.chain, what), line if current.line is None else current.line
        else:
            if name in ("STORE_ATTR", "DELETE_ATTR") and previous == "SWAP" and copied:
                current = copied.pop()
            current.after = name, what
            if current.root or current.chain or name in CHANGES:
                current.line = line if current.line is None else current.line
                found.append(current)
            if name == "COPY" and what == 1:
                copied.append(replace(current))
                current = replace(current)
            else:
                scope, root = _scope(name, what, code)
                current = Load(scope, root, (), line, ("", None), current.root)
        previous = name
    return tuple(found)


def _scope(name: str, what: Any, code: types.CodeType) -> tuple[str, str]:
    """Return the scope of the variable that an operation loads or stores, and its name."""
    if name in ("LOAD_GLOBAL", "LOAD_NAME"):
        return "global", what
    if name in ("LOAD_DEREF", "LOAD_CLASSDEREF"):
        return ("around" if what in code.co_freevars else ""), what
    if name.startswith("LOAD_FAST") or name == "STORE_FAST_LOAD_FAST":
        return "local", what[-1] if isinstance(what, tuple) else what
    return "", ""


def _all_loads(code: types.CodeType) -> Iterator[Load]:
    yield from loads(code)
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _all_loads(constant)


class Reading:
    """Everything that code reads besides its arguments, with its present values.

    Args:
        root: a class or a function.
        plain: returns a value's part of the key, or raises Unsupported.
    """

    def __init__(self, root: Any, plain: Callable[[Any, str], Any]):
        self.loose: list[tuple[str, Any]] = []  # mutable values, which change without a change of name
        self.unread: set[str] = set()  # class attributes that are not compared, so that a step must not read them
        self.problem: Unsupported | None = None
        self._plain = plain
        self._names: dict[tuple[int, str], tuple[Any, str, Any]] = {}  # namespace, name and value
        self._cells: list[tuple[types.CellType, Any]] = []  # variables of enclosing functions
        self._codes: list[tuple[types.FunctionType, Any, Any, Any]] = []  # with the body and the defaults
        self._odd: list[tuple[str, Any]] = []  # class attributes that matter only if code reads them
        self._spaces: dict[type, Any] = {}  # namespaces of the classes, which may get more attributes
        self._seen: set[Any] = set()
        self._attributes: set[str] = set()  # all attribute names that are read
        try:
            self._class(root) if isinstance(root, type) else self._function(root)
            self._of_tensors(root)
            read = [(name, value) for name, value in self._odd if not self._attributes.isdisjoint((name, "*"))]
            self.loose += read
            self.unread |= {name for name, _ in self._odd} - {name for name, _ in read}
            facts = (
                root,
                *((name, self._fact(value, name)) for _, name, value in self._names.values()),
                *(self._fact(value, "around a function") for _, value in self._cells),
                *((f, code) for f, code, _, _ in self._codes),
            )
        except Unsupported as why:
            self.problem = why
        else:
            if len(_tokens) > LIMIT:
                _tokens.clear()
            self.token = _tokens.setdefault(facts, next(_count))
        named.update(self._attributes)
        self._arrange()

    def bodies(self) -> Iterator[types.CodeType]:
        """Yield the code of every function that was read."""
        return (code for _, code, _, _ in self._codes)

    def holds(self) -> bool:
        """Return whether everything that was read is unchanged."""
        try:
            for where, get, values in self._groups:
                if not all(map(is_, get(where), values)):
                    return False
        except KeyError:
            return False
        for where, name, value in self._few:
            if where.get(name, MISSING) is not value:
                return False
        for where, size in self._sizes:
            if len(where) != size:
                return False
        for function, code, defaults, more in self._codes:
            if (
                function.__code__ is not code
                or function.__defaults__ is not defaults
                or function.__kwdefaults__ is not more
            ):
                return False
        return not self._cells or all(_inside(cell) is value for cell, value in self._cells)

    def _arrange(self) -> None:
        """Sort the names into the order of fastest comparison."""
        spaces: dict[int, list[tuple[Any, str, Any]]] = {}
        for entry in self._names.values():
            spaces.setdefault(id(entry[0]), []).append(entry)
        self._few, self._groups = [], []
        for entries in spaces.values():
            found = [entry for entry in entries if entry[2] is not MISSING]
            if len(found) > 2:
                names, values = [name for _, name, _ in found], tuple(value for _, _, value in found)
                self._groups.append((found[0][0], itemgetter(*names), values))
                entries = [entry for entry in entries if entry[2] is MISSING]
            self._few += entries
        self._sizes = [(where, len(where)) for where in self._spaces.values()]

    def _name(self, where: Any, name: str, value: Any) -> None:
        self._names[id(where), name] = where, name, value

    def _class(self, kind: type) -> None:
        if kind in self._seen:
            return
        self._seen.add(kind)
        if not trusted(type(kind)):
            self._class(type(kind))
        for base in kind.__mro__:
            own = base.__module__.startswith("elman.")
            if base in (nn.Module, Cell, object) or (trusted(base) and not own) or base in self._spaces:
                continue
            where = self._spaces[base] = base.__dict__
            runs_all = not issubclass(base, nn.Module) and not own
            for name, value in base.__dict__.items():
                function = _function_in(value)
                if function is not None:
                    self._name(where, name, value)
                    if _is_cached(value):
                        self.unread.add(name)
                    elif (runs_all and name != "__repr__") or not name.startswith("__") or name in RUN:
                        self._function(function, own)
                elif name.startswith("__") or isinstance(value, FIELD) or issubclass(base, enum.Enum):
                    continue
                else:
                    self._name(where, name, value)
                    self._attribute(name, value)

    def _attribute(self, name: str, value: Any) -> None:
        if isinstance(value, CONTAINERS):
            self.loose.append((name, value))
        elif isinstance(value, type) and not trusted(value):
            self._class(value)
        elif type(value) not in EXACT and not isinstance(value, (type, types.BuiltinFunctionType)):
            self._odd.append((name, value))

    def _function(self, function: types.FunctionType, own: bool = False) -> None:
        if function in self._seen or (trusted(function) and not own):
            return
        self._seen.add(function)
        code, around = function.__code__, function.__closure__ or ()
        defaults, more = function.__defaults__, function.__kwdefaults__
        self._codes.append((function, code, defaults, more))
        for index, value in enumerate(defaults or ()):
            self._names[id(defaults), str(index)] = {"": value}, "", value
            self._follow(value, (), f"a default of {function.__qualname__}")
        for name in more or ():
            self._look_up(more, name, ())
        self._cells += [(cell, _inside(cell)) for cell in around]
        free = dict(zip(code.co_freevars, around, strict=True))
        for load in _all_loads(code):
            self._attributes.update(load.chain)
            if load.scope == "global":
                if load.root in ("getattr", "hasattr"):
                    self._attributes.add("*")
                self._look_up(function.__globals__, load.root, load.chain)
            elif load.scope == "around" and load.root in free:
                value = _inside(free[load.root])
                if value is MISSING:
                    raise Unsupported(f"the variable {load.root} around {function.__qualname__} has no value yet")
                self._follow(value, load.chain, load.root)

    def _look_up(self, where: Any, name: str, chain: tuple[str, ...]) -> None:
        """Read a name, and the attributes that are then read from it."""
        if name not in where:
            self._name(where, name, MISSING)
            where = builtins.__dict__
        self._name(where, name, where.get(name, MISSING))
        self._follow(where.get(name), chain, name)

    def _follow(self, value: Any, chain: tuple[str, ...], name: str) -> None:
        function = _function_in(value)
        if isinstance(value, types.ModuleType):
            self._module(value, chain, name)
        elif function is not None:
            self._function(function)
            if chain and not chain[0].startswith("__"):
                self._attribute_of(function.__dict__, chain)
        elif isinstance(value, type):
            if not trusted(value) and not issubclass(value, (nn.Module, BaseException, enum.Enum)):
                self._class(value)
            holders = [value._member_map_] if isinstance(value, enum.EnumMeta) else []
            holders += [self._spaces.get(base, base.__dict__) for base in value.__mro__]
            holder = next((holder for holder in holders if chain and chain[0] in holder), None)
            if holder is not None:
                self._attribute_of(holder, chain)
            elif chain:
                self._spaces |= {base: base.__dict__ for base in value.__mro__ if not trusted(base)}
        elif type(value) not in EXACT and not isinstance(value, types.BuiltinFunctionType):
            self.loose.append((name, value))

    def _module(self, module: types.ModuleType, chain: tuple[str, ...], name: str) -> None:
        held = module.__dict__
        if not trusted(module):
            if not chain or chain[0] not in held:
                raise Unsupported(f"the module {name} is read in a way that the engine could not follow")
            self._attribute_of(held, chain)
        elif chain and isinstance(getattr(module, chain[0], None), FOLLOWED):
            # a step that reads any other attribute is refused when it runs
            self._name(held, chain[0], held.get(chain[0], MISSING))
            self._follow(getattr(module, chain[0], None), chain[1:], chain[0])

    def _attribute_of(self, held: Any, chain: tuple[str, ...]) -> None:
        self._name(held, chain[0], held.get(chain[0], MISSING))
        self._follow(held.get(chain[0]), chain[1:], chain[0])

    def _of_tensors(self, root: Any) -> None:
        """Look up the attribute names in code on a tensor, and on the base classes of a cell."""
        bases = {base: base.__dict__ for base in getattr(root, "__mro__", ()) if trusted(base) and base is not object}
        for kind, where in (TENSOR | bases).items():
            if kind not in self._spaces:
                self._spaces[kind] = where
                own = self._attributes if kind in (Cell, nn.Module) else self._attributes | {"forward"}
                for name in sorted(own & where.keys()):
                    self._name(where, name, where[name])

    def _fact(self, value: Any, name: str) -> Any:
        """Return a value's part of the key. Mutable values enter the key by their contents at each call."""
        if value is MISSING or isinstance(value, (*STABLE, *METHODS)):
            return value
        if type(value) in EXACT:
            return self._plain(value, name)
        if any(value is one for _, one in (*self.loose, *self._odd)):
            return type(value)
        return self._plain(value, f"the variable {name} outside the class")


def _inside(cell: types.CellType) -> Any:
    try:
        return cell.cell_contents
    except ValueError:
        return MISSING  # the variable has no value yet


def _is_cached(value: Any) -> bool:
    return isinstance(value, CACHED) or isinstance(getattr(value, "__wrapped__", None), CACHED)


def _function_in(value: Any) -> types.FunctionType | None:
    """Return the function of any kind of method."""
    while isinstance(value, METHODS) and not isinstance(value, types.FunctionType):
        value = value.fget if isinstance(value, property) else getattr(value, "__wrapped__", None)
    return value if isinstance(value, types.FunctionType) else None
