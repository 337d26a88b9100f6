"""Follow a dry run of a step line by line, and refuse what neither the recording nor the key covers."""

import functools
import gc
import signal
import sys
import types
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

from elman.engine.tracing.cell_key import Holdings
from elman.engine.tracing.permitted import (
    ASKED,
    CACHED,
    LOOKED_INTO,
    is_hidden,
    module_is_pure,
    permitted,
    settled,
    trusted,
)
from elman.engine.tracing.reading import EXACT, Load, loads
from elman.engine.tracing.recording import IN_PLACE, Recording
from elman.engine.tracing.replaced import REPLACED

__all__ = ["NoReading", "Watch", "uncollected"]

SHAPES = (torch.Size, torch.dtype, torch.device, torch.layout)
CHANGES = frozenset(
    ["backward", "register_hook", "register_post_accumulate_grad_hook", "requires_grad_", "retain_grad"]
)
#: The methods that ``h[0] = x`` and ``h += x`` call.
WRITES = frozenset(["__setitem__", *(f"__i{name}__" for name in (
    "add", "and", "div", "floordiv", "lshift", "mod", "mul", "or", "pow", "rshift", "sub", "truediv", "xor",
))])  # fmt: skip
CALLABLE = (type, types.FunctionType, types.BuiltinFunctionType, CACHED)


@contextmanager
def uncollected() -> Iterator[None]:
    """Collect no garbage inside the block: the callbacks and finalisers of a collection are no part of a step."""
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collects:
            gc.enable()


class Watch:
    """Refuses a line of the cell's own code before it runs, if the engine cannot track what it reads or changes.

    Args:
        recording: keeps the refusal, even if the step catches the exception.
        held: the objects that the cell's key covers.
    """

    def __init__(self, recording: Recording, held: Holdings):
        self.recording, self.codes, self.unread = recording, held.codes, held.unread
        self.changes = False  # whether a line was refused because it changes something

    def __enter__(self) -> "Watch":
        self.before = sys.gettrace(), sys.getprofile()
        sys.setprofile(self._on_profile)
        sys.settrace(self._on_call)
        return self

    def __exit__(self, *_: object) -> None:
        trace, profile = self.before
        sys.settrace(trace)
        sys.setprofile(profile)

    def _on_call(self, frame: types.FrameType, event: str, _: Any) -> Callable[..., Any] | None:
        """Follow only the cell's own functions."""
        code = frame.f_code
        if code in self.codes:
            for load in _by_line(code).get(None, ()):
                self._check(frame, load)
            return self._on_line
        module = frame.f_globals.get("__name__") or ""
        if not settled(module.partition(".")[0]) and not _interrupts(frame):
            self._refuse(f"step runs {code.co_name}, which the engine did not find by reading its code")
        caller = frame.f_back
        if caller is not None and caller.f_code in self.codes and not module_is_pure(module):
            self._refuse(f"step uses {module}.{code.co_name}, whose result may depend on more than its arguments")
        return None

    def _on_line(self, frame: types.FrameType, event: str, _: Any) -> Callable[..., Any]:
        if event == "line":
            for load in _by_line(frame.f_code).get(frame.f_lineno, ()):
                self._check(frame, load)
        return self._on_line

    def _on_profile(self, frame: types.FrameType, event: str, function: Any) -> None:
        if event == "c_call" and frame.f_code in self.codes and not permitted(function):
            self._refuse(f"step calls {function.__name__}, whose result may depend on more than its arguments")

    def _refuse(self, reason: str) -> None:
        self.recording.refuse(reason)

    def _refuse_change(self, reason: str) -> None:
        self.changes = True
        self._refuse(reason)

    def _check(self, frame: types.FrameType, load: Load) -> None:
        operation, what = load.after
        if operation.startswith("IMPORT_"):
            self._refuse(f"step imports {what} when it runs; import it at the top of the file")
        if operation in ("STORE_GLOBAL", "DELETE_GLOBAL"):
            self._refuse_change(f"step changes the variable {what}, which lies outside it")
        if operation in ("STORE_DEREF", "DELETE_DEREF") and what in frame.f_code.co_freevars:
            self._refuse_change(f"step changes the variable {what}, which lies outside it")
        if operation in ("STORE_ATTR", "DELETE_ATTR"):
            self._check_target(frame, load, what)
        for name in load.chain:
            if is_hidden(name):
                self._refuse(f"step reads {name}, through which the engine could not follow it")
            if name in self.unread:
                self._refuse(f"step reads {name} of a class, whose changes the engine could not notice")
        if load.scope == "global":
            value = frame.f_globals.get(load.root, frame.f_builtins.get(load.root))
            self._check_value(value, load)
        elif load.scope == "around":
            self._check_value(frame.f_locals.get(load.root), load)

    def _check_value(self, value: Any, load: Load) -> None:
        path, chain = load.root, load.chain
        inside = False  # a trusted module
        while isinstance(value, types.ModuleType):
            if not chain:
                if not (load.before == "getattr" and value in LOOKED_INTO):
                    self._refuse(f"step uses the module {path} as a value, where the engine could not follow it")
                return
            module, name, inside = value, chain[0], trusted(value)
            value, path, chain = getattr(module, name, None), f"{path}.{name}", chain[1:]
            if value is not module.__dict__.get(name) and not isinstance(value, (*CALLABLE, types.ModuleType)):
                self._refuse(f"step reads {path}, which is computed when it is read")
        if type(value) in EXACT:
            return
        if isinstance(value, (type, types.FunctionType)) and not trusted(value):
            return
        if (inside or isinstance(value, CALLABLE)) and not permitted(value):
            self._refuse(f"step uses {path}, which may depend on more than its arguments, or change something")

    def _check_target(self, frame: types.FrameType, load: Load, name: str) -> None:
        """Refuse to set an attribute of anything but the cell (here a copy) or an object created in the step."""
        target = frame.f_locals.get(load.root) if load.scope == "local" else None
        for part in load.chain:
            target = getattr(target, part, None)
        if target is None or isinstance(target, (type, types.ModuleType, types.FunctionType)):
            self._refuse_change(f"step sets the attribute {name} of something outside it")


def _interrupts(frame: types.FrameType | None) -> bool:
    """Return whether a frame belongs to a signal handler, which may run between any two lines."""
    handlers = [getattr(signal.getsignal(one), "__code__", None) for one in signal.valid_signals()]
    while frame is not None:
        if frame.f_code in handlers:
            return True
        frame = frame.f_back
    return False


@functools.lru_cache(1024)
def _by_line(code: types.CodeType) -> dict[int | None, list[Load]]:
    found: dict[int | None, list[Load]] = {}
    for load in loads(code):
        found.setdefault(load.line, []).append(load)
    return found


class NoReading(TorchFunctionMode):
    """Refuses functions that read or change a tensor without an operator that the recording sees."""

    def __init__(self, recording: Recording):
        super().__init__()
        self.recording = recording

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Run one function of PyTorch."""
        name = getattr(func, "__name__", str(func))
        if name in ("__get__", "__set__", "__delete__"):
            what = func.__self__.__name__
            if name != "__get__" or what not in ASKED:
                self.recording.refuse(f"{what} reads or changes a tensor where the engine could not see it")
        if name == "_set_grad_enabled":
            self.recording.refuse("step turns gradients on or off")
        if name in CHANGES:
            self.recording.refuse(f"{name} changes how a gradient is computed, where the engine could not see it")
        if (
            name in WRITES
            or (name.endswith("_") and not name.endswith("__"))
            or (kwargs or {}).get("out") is not None
        ):
            self.recording.refuse(f"{name} {IN_PLACE}")
        run: Any = REPLACED.get(func, func)
        try:
            result = run(*args, **(kwargs or {}))
        except Exception as error:  # the step may catch it, and tracing may have caused it
            self.recording.refuse(f"{name} failed: {type(error).__name__}: {error}")
        asked = func.__self__.__name__ if name == "__get__" else name
        if not _seen(result) and asked not in ASKED:
            self.recording.refuse(f"{name} reads a tensor where the engine could not see it")
        return result


def _seen(result: Any) -> bool:
    """Return whether a result consists of tensors, which the recording knows, or of shapes and dtypes."""
    if isinstance(result, (tuple, list)) and not isinstance(result, torch.Size):
        return all(_seen(part) for part in result)
    return result is None or isinstance(result, (torch.Tensor, *SHAPES))
