"""The functions of Python, its library and PyTorch that a step may use: those that depend only on their arguments.

Everything else that a step reads must be an attribute, a variable or a function that the cell's key covers.
"""

import builtins
import functools
import operator
import sys
import sysconfig
import types
from typing import Any

import numpy
import torch

__all__ = ["ASKED", "CACHED", "LOOKED_INTO", "is_hidden", "module_is_pure", "permitted", "settled", "trusted"]

#: Built-in functions. ``print``, ``open``, ``globals``, ``id`` and similar ones have side effects or hidden inputs.
BUILTINS = frozenset(
    getattr(builtins, name)
    for name in (
        "abs", "all", "any", "ascii", "bin", "callable", "chr", "divmod", "format", "getattr", "hasattr", "hex",
        "isinstance", "issubclass", "iter", "len", "max", "min", "next", "oct", "ord", "pow", "repr", "round",
        "sorted", "sum",
    )
)  # fmt: skip
LIBRARY = frozenset([
    "__future__", "abc", "builtins", "cmath", "collections", "collections.abc", "contextlib", "dataclasses", "enum",
    "functools", "itertools", "math", "numbers", "operator", "string", "typing", "_collections", "_operator",
    "_functools", "_collections_abc", "_abc",
])  # fmt: skip
TORCH = frozenset([
    "torch._C._fft", "torch._C._linalg", "torch._C._nn", "torch._C._special", "torch._jit_internal", "torch._ops",
    "torch._tensor", "torch._VF", "torch.autograd.function", "torch.autograd.grad_mode", "torch.func",
    "torch.functional", "torch.overrides", "torch.types", "torch.utils._contextlib", "torch.utils._python_dispatch",
])  # fmt: skip
PARTS = ("torch.nn.", "torch._functorch.", "torch.return_types", "elman.", "namedtuple_")
#: Modules from which ``getattr(module, name)`` may take a function; each function that is then called is checked.
LOOKED_INTO = (torch, torch.nn.functional, torch.special, torch.linalg, sys.modules["math"])
REFUSED = (operator.attrgetter, operator.methodcaller, functools.lru_cache, functools.cache, torch.nn.Parameter)
CACHED = type(functools.cache(len))
OPERATORS = (torch._ops.OpOverload, torch._ops.OpOverloadPacket)

#: Tensor methods whose results depend neither on the tensor's values nor on how it was computed.
ASKED = frozenset([
    "H", "T", "__len__", "device", "dim", "dtype", "element_size", "get_device", "imag", "is_complex", "is_cpu",
    "is_cuda", "is_floating_point", "is_meta", "is_nested", "is_quantized", "is_same_size", "is_signed", "is_sparse",
    "itemsize", "layout", "mH", "mT", "ndim", "ndimension", "nelement", "numel", "real", "shape", "size",
])  # fmt: skip

#: Attributes that give access to the variables of other code.
HIDDEN = frozenset([
    "ag_frame", "cr_frame", "f_back", "f_builtins", "f_code", "f_globals", "f_locals", "gi_frame", "tb_frame",
    "tb_next", "mro",
])  # fmt: skip
SPECIAL = frozenset(name for name in dir(int) + dir(list) + dir(dict) if name.startswith("__")) - {
    "__dir__", "__getstate__", "__hash__", "__reduce__", "__reduce_ex__", "__sizeof__", "__subclasshook__",
} | {"__call__", "__enter__", "__exit__", "__getattr__", "__matmul__", "__name__", "__next__", "__qualname__",
     "__rmatmul__"}  # fmt: skip

STANDARD = sysconfig.get_path("stdlib")


def is_hidden(name: str) -> bool:
    """Return whether an attribute of this name may give access to variables that the code does not name."""
    return name in HIDDEN or (name.startswith("__") and name.endswith("__") and name not in SPECIAL)


@functools.cache
def settled(package: str) -> bool:
    """Return whether a package's code does not change while it is in use."""
    if package in ("torch", "numpy", "elman") or package.startswith("namedtuple_"):  # the module of NamedTuples' code
        return True
    file = getattr(sys.modules.get(package), "__file__", None)
    library = file is None or file.startswith(STANDARD)
    return package in sys.stdlib_module_names and library and package != "__main__"


def trusted(value: Any) -> bool:
    """Return whether a module, class or function belongs to PyTorch, NumPy, Python or Elman."""
    module = value.__name__ if isinstance(value, types.ModuleType) else getattr(value, "__module__", None)
    return settled((module or "").partition(".")[0])


def module_is_pure(name: str) -> bool:
    """Return whether the functions of a trusted module depend only on their arguments."""
    return name in LIBRARY or name in TORCH or name.startswith(PARTS) or name == "elman"


def permitted(value: Any) -> bool:
    """Return whether a step may use a class, function or method of a trusted package."""
    if isinstance(value, types.BuiltinFunctionType):
        owner = value.__self__
        if owner is None:  # an operator of PyTorch, which the recording sees
            return value.__module__ == "torch"
        if isinstance(owner, types.ModuleType):
            return value in BUILTINS if owner is builtins else module_is_pure(owner.__name__)
        return permitted(owner if isinstance(owner, type) else type(owner))
    if isinstance(value, type):
        if value.__module__ == "torch" or value in (super, object):
            return True
        return value not in REFUSED and (module_is_pure(value.__module__) or issubclass(value, numpy.generic))
    if isinstance(value, types.FunctionType):
        return value is torch.is_tensor or (value not in REFUSED and module_is_pure(value.__module__ or ""))
    return isinstance(value, (numpy.ufunc, *OPERATORS))
