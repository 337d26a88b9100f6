"""What the native engine could not notice is refused, even if the step catches the refusal."""

import contextlib
import contextvars
import dataclasses
import datetime
import functools
import importlib
import inspect
import math
import os
import random
import secrets
import sys
import threading
import time
import uuid
from pathlib import Path

import numpy
import pytest
import torch
from torch import nn

import elman
from elman import Cell, State

from .written import Written, agree, why

THIS = sys.modules[__name__]


class Swallows(Cell):
    """Multiplies by 2 where it saw a large value, if it could look."""

    def __init__(self, how, look=lambda h: bool(h.abs().max() > 0.5)):
        super().__init__(3, 4)
        self.W, self.how, self.look = nn.Linear(3, 4), how, look

    def drive(self, x):
        return self.W(x)

    def big(self, h):
        big = False
        if self.how == "exception":
            try:
                big = self.look(h)
            except Exception:
                big = False
        if self.how == "bare":
            try:
                big = self.look(h)
            except:  # noqa: E722
                big = False
        if self.how == "suppress":
            with contextlib.suppress(Exception):
                big = self.look(h)
        if self.how == "finally":
            try:
                big = self.look(h)
            finally:
                return big  # noqa: B012
        return big

    def step(self, drive, state):
        return State(torch.tanh(drive + state.h) * (2 if self.big(drive) else 1))


LOOKS = {
    "a number": lambda h: bool(h.abs().max() > 0.5),
    "a list": lambda h: h.tolist()[0][0] > 0,
    "in place": lambda h: h.add_(0).sum() is None,
    "the time": lambda h: time.time() > 0,
    "no gradient": lambda h: h.data is not None,
}


@pytest.mark.parametrize("how", ["exception", "bare", "suppress", "finally"])
@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.filterwarnings("ignore::SyntaxWarning")
def test_a_refusal_that_the_step_catches(how, look):
    cell = Swallows(how, LOOKS[look])
    assert why(cell)
    if look != "in place":
        agree(cell)


class Part(nn.Module):
    def forward(self, h):
        try:
            return 2 if h.max() > 0.1 else 1
        except Exception:
            return 1


class SwallowsInAPart(Written):
    def __init__(self):
        super().__init__(None)
        self.part = Part()

    def step(self, drive, state):
        return State(torch.tanh(drive + state.h) * self.part(drive))


class SwallowsInDrive(Written):
    def drive(self, x):
        try:
            big = bool(x.abs().max() > 1)
        except Exception:
            big = False
        return 2 * self.W(x) if big else self.W(x)


class LooksInDrive(Written):
    def drive(self, x):
        return 2 * self.W(x) if x.tolist()[0][0] > 0 else self.W(x)


def test_a_refusal_that_a_part_or_the_drive_catches():
    assert why(SwallowsInAPart())
    agree(SwallowsInAPart())
    for kind in (SwallowsInDrive, LooksInDrive):
        cell = kind(lambda self: 1)
        assert why(cell) is None  # the drive is run as it is in each call
        for _ in range(6):
            agree(cell)


local, variable = threading.local(), contextvars.ContextVar("variable", default=2.0)
local.value = 2.0
FILE, RANDOM = Path(__file__), random.Random(0)


@dataclasses.dataclass
class Setting:
    value: float = 2.0


SETTING, OTHER = Setting(), nn.Linear(2, 2)


@functools.cache
def cached():
    return 2.0


REFUSED = {
    "os.environ[]": lambda self: float(os.environ.get("ELMAN_SCALE", "2")),
    "os.environ": lambda self: len(os.environ),
    "os.getenv": lambda self: float(os.getenv("ELMAN_SCALE", "2")),
    "get_num_threads": lambda self: torch.get_num_threads(),
    "is_grad_enabled": lambda self: 2 if torch.is_grad_enabled() else 1,
    "is_inference_mode_enabled": lambda self: 2 if torch.is_inference_mode_enabled() else 1,
    "is_anomaly_enabled": lambda self: 2 if torch.is_anomaly_enabled() else 1,
    "deterministic": lambda self: 2 if torch.are_deterministic_algorithms_enabled() else 1,
    "precision": lambda self: len(torch.get_float32_matmul_precision()),
    "initial_seed": lambda self: torch.initial_seed() % 3,
    "get_default_dtype": lambda self: 2 if torch.get_default_dtype() == torch.float32 else 1,
    "get_default_device": lambda self: len(torch.get_default_device().type),
    "backends": lambda self: 2 if torch.backends.mkldnn.enabled else 1,
    "cudnn": lambda self: 2 if torch.backends.cudnn.benchmark else 1,
    "cuda": lambda self: 2 if torch.cuda.is_available() else 1,
    "globals": lambda self: globals()["FACTOR"],
    "globals.get": lambda self: globals().get("FACTOR"),
    "locals": lambda self: len(locals()),
    "vars": lambda self: vars(THIS)["FACTOR"],
    "vars of the cell": lambda self: len(vars(self)),
    "dir": lambda self: len(dir(self)),
    "eval": lambda self: eval("FACTOR"),
    "exec": lambda self: exec("FACTOR") or 2.0,
    "compile": lambda self: 2 if compile("1", "", "eval") else 1,
    "id": lambda self: id(self) % 7,
    "hash": lambda self: hash(self) % 7,
    "sys.modules": lambda self: sys.modules[__name__].FACTOR,
    "getattr(module)": lambda self: getattr(THIS, "FAC" + "TOR"),
    "getattr(torch)": lambda self: getattr(torch, "get_num_" + "threads")(),
    "getattr(elman)": lambda self: 2 if getattr(elman, "uns" + "et", None) else 1,
    "hasattr(torch)": lambda self: 2 if hasattr(torch, "elman_scale") else 1,
    "__import__": lambda self: __import__(__name__.partition(".")[0]) and 2,
    "importlib": lambda self: importlib.import_module("math").pi,
    "__dict__": lambda self: THIS.__dict__["FACTOR"],
    "__globals__": lambda self: cached.__globals__["FACTOR"],
    "function.__globals__": lambda self: why.__globals__["FACTOR"],
    "module as a value": lambda self: helper(math),
    "time": lambda self: time.time() % 2,
    "datetime": lambda self: datetime.datetime.now().second,
    "random": lambda self: random.random(),
    "a generator": lambda self: RANDOM.random(),
    "numpy.random": lambda self: float(numpy.random.rand()),
    "uuid": lambda self: uuid.uuid4().int % 3,
    "secrets": lambda self: secrets.randbelow(3),
    "open": lambda self: len(open(__file__).read()),  # noqa: SIM115, PTH123
    "a path": lambda self: len(FILE.read_text()),
    "numpy.load": lambda self: numpy.loadtxt(__file__),
    "threading.local": lambda self: local.value,
    "current_thread": lambda self: len(threading.current_thread().name),
    "contextvars": lambda self: variable.get(),
    "inspect": lambda self: len(inspect.stack()),
    "_getframe": lambda self: sys._getframe(1).f_lineno,
    "flags": lambda self: sys.flags.optimize + 1,
    "recursionlimit": lambda self: sys.getrecursionlimit(),
    "an object": lambda self: SETTING.value,
    "another module": lambda self: 2 if OTHER.training else 1,
    "a cached function": lambda self: cached(),
    "print": lambda self: print("step") or 2,
    "warnings": lambda self: __import__("warnings").warn("x") or 2,
    "a generator's frame": lambda self: (i for i in ()).gi_frame.f_globals["FACTOR"],
    "subclasses": lambda self: len(Cell.__subclasses__()),
    "a Parameter": lambda self: 2 if isinstance(self.W.weight, nn.Parameter) else 1,
}  # fmt: skip


def helper(module):
    return module.pi


FACTOR = 2.0


@pytest.mark.parametrize("read", REFUSED)
@pytest.mark.filterwarnings("ignore")
def test_a_step_that_reads_what_the_engine_could_not_notice(read):
    reason = why(Written(REFUSED[read]))
    assert reason
    assert "failed" not in reason


def imports(self):
    import math as found

    return found.pi


def imports_from(self):
    from math import pi

    return pi


def counts(self):
    global COUNT
    COUNT = COUNT + 1
    return 2.0


COUNT = 0


def counts_around():
    count = 0

    def step(self):
        nonlocal count
        count += 1
        return count

    return step


class Counter:
    count = 0


def counts_on_a_class(self):
    Counter.count += 1
    return 2.0


def counts_on_its_class(self):
    type(self).count = getattr(type(self), "count", 0) + 1
    return 2.0


def counts_on_a_local_class(self):
    kind = Counter
    kind.count = 3
    return 2.0


def counts_on_a_function(self):
    helper.count = 1
    return 2.0


def sets_on_torch(self):
    torch.elman_scale = 2.0
    return 2.0


def sets_by_name(self):
    setattr(Counter, "count", 3)  # noqa: B010
    return 2.0


CHANGES = [
    imports, imports_from, counts, counts_around(), counts_on_a_class, counts_on_its_class, counts_on_a_local_class,
    counts_on_a_function, sets_on_torch, sets_by_name,
]  # fmt: skip


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__qualname__)
def test_a_step_that_changes_what_lies_outside_it_is_refused_before_it_does(change):
    assert why(Written(change))
    assert (COUNT, Counter.count, hasattr(helper, "count"), hasattr(torch, "elman_scale")) == (0, 0, False, False)
    assert not hasattr(Written, "count")


def assigns(h):
    h.data = 0.5 * h.data
    return h


def swallows_data(h):
    try:
        h.data = 0.5 * h.data
    except Exception:
        return 2 * h
    return h


def without_gradients(h):
    with torch.inference_mode():
        scale = torch.sigmoid(h)
    return h * scale


def adds_in_place(h):
    h += 1
    return h


def sets_an_item(h):
    h[:, 0] = 0
    return h


GRADIENTS = {
    "data": lambda h: h.data,
    "data assigned": assigns,
    "data assigned, and caught": swallows_data,
    "data in place": lambda h: h.data.mul_(0.5),
    "set_": lambda h: h.set_(0.5 * h),
    "detach_": lambda h: (2 * h).detach_(),
    "requires_grad_": lambda h: (2 * h).requires_grad_(),
    "grad": lambda h: h if h.grad is None else 2 * h,
    "grad_fn": lambda h: h if h.grad_fn is None else 2 * h,
    "is_leaf": lambda h: h if h.is_leaf else 2 * h,
    "_version": lambda h: h * h._version,
    "_base": lambda h: h if h._base is None else 2 * h,
    "retain_grad": lambda h: h.retain_grad() or h,
    "register_hook": lambda h: h.register_hook(lambda grad: 2 * grad) and h,
    "backward": lambda h: h.sum().backward() or h,
    "autograd.grad": lambda h: h * torch.autograd.grad(h.sum(), h)[0],
    "out": lambda h: torch.add(h, 1, out=torch.empty(3, 4)),
    "inference_mode": without_gradients,
    "in place": adds_in_place,
    "an item": sets_an_item,
    "storage": lambda h: h * h.untyped_storage().nbytes(),
    "is_contiguous": lambda h: h if h.is_contiguous() else 2 * h,
    "stride": lambda h: h * h.stride(0),
}


class OfState(Written):
    def step(self, drive, state):
        return State(torch.tanh(drive + self.function(state.h)))


@pytest.mark.parametrize("how", GRADIENTS)
def test_what_autograd_would_not_see_is_refused(how):
    reason = why(OfState(GRADIENTS[how]))
    assert reason
    assert "failed" not in reason


class Caches(Written):
    @staticmethod
    @functools.cache
    def scale():
        return FACTOR


def test_a_cached_method():
    assert why(Caches(lambda self: 2.0)) is None
    assert "reads scale of a class" in why(Caches(lambda self: self.scale()))
