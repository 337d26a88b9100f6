"""The native engine never repeats an old value: what a step reads is noticed, refused, or on the manual's list."""

import builtins
import collections
import contextlib
import contextvars
import dataclasses
import datetime
import enum
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
import types
import uuid
from pathlib import Path
from typing import NamedTuple

import numpy
import pytest
import torch
import torch.nn.functional as F
from torch import nn

import elman
from elman import Cell, State
from elman.engine.compiled import kernels_of
from elman.engine.explain import explain
from elman.engine.unsupported import Unsupported

THIS = sys.modules[__name__]


class Written(Cell):
    """tanh(drive + h), times what a function returns of the cell."""

    def __init__(self, function):
        super().__init__(3, 4)
        self.W, self.function, self.same = nn.Linear(3, 4), function, nn.Identity()

    def drive(self, x):
        return self.W(x)

    def step(self, drive, state):
        return State(torch.tanh(drive + state.h) * self.function(self))


def why(cell):
    """Return why a cell runs on the loop, None if it does not."""
    found = kernels_of(cell, torch.float32)
    return found.reason if isinstance(found, Unsupported) else None


def agree(cell):
    x = torch.randn(4, 3, 3)
    got, expected = (elman.unroll(cell, x, engine=engine)[0] for engine in ("auto", "loop"))
    torch.testing.assert_close(got, expected)
    return got


# A refusal that the step catches -------------------------------------------------------------------------------


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


# What a step reads ---------------------------------------------------------------------------------------------

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
    "open": lambda self: len(open(__file__).read()),  # noqa: SIM115
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


# What is noticed -----------------------------------------------------------------------------------------------


class Mode(enum.Enum):
    ONE = 1
    TWO = 2


class Base(Written):
    def gain(self):
        return 2.0


class Derived(Base):
    def gain(self):
        return super().gain()


class Settings:
    gain = 2.0

    class Inner:
        gain = 2.0


class Scaled(float):
    pass


class Pair(NamedTuple):
    a: float
    b: float

    @property
    def gain(self):
        return self.a * FACTOR


def by_default(self, gains=[2.0]):  # noqa: B006
    return gains[0]


def by_keyword(self, *, gain=2.0):
    return gain


def gained(self):
    return gained.gain


def inner(x, scale=None):
    return x * FACTOR


def by_function(self, function=inner):
    return function(1.0)


PARTIAL = functools.partial(inner, 1.0)
NESTED = {"a": [{"b": 2.0}], "functions": [inner]}
gained.gain = 2.0
MODE = Mode.ONE
namespace = types.ModuleType("namespace")
namespace.gain = 2.0
torch.elman_gain = 2.0
torch.Tensor.elman_gain = 2.0
rebound = 2.0


def closure():
    scale = [2.0, None]
    number = 2.0

    def rebind(value):
        nonlocal number
        number = value

    def step(self):
        def deeper():
            return number

        return deeper()

    step.rebind = rebind
    return step


CLOSURE = closure()


def of_parameter(value):
    return lambda cell: setattr(cell.W.weight, "gain", value)


def setting(where, name, value):
    return lambda cell: setattr(where, name, value)


NOTICED = {
    "a global number": (lambda self: FACTOR, setting(THIS, "FACTOR", 3.0)),
    "zero and its sign": (lambda self: math.copysign(1, self.zero), lambda cell: setattr(cell, "zero", -0.0)),
    "a number in a closure": (CLOSURE, lambda cell: CLOSURE.rebind(5.0)),
    "a dict in a global": (lambda self: NESTED["a"][0]["b"], lambda cell: NESTED["a"][0].update(b=3.0)),
    "a function in a list": (lambda self: NESTED["functions"][0](1.0), setting(THIS, "FACTOR", 4.0)),
    "a partial": (lambda self: PARTIAL(), setting(THIS, "FACTOR", 5.0)),
    "an enum": (lambda self: MODE.value, setting(THIS, "MODE", Mode.TWO)),
    "an attribute of a class": (lambda self: Settings.gain, setting(Settings, "gain", 3.0)),
    "a class in a class": (lambda self: Settings.Inner.gain, setting(Settings.Inner, "gain", 3.0)),
    "type(self)": (lambda self: type(self).factor, setting(Written, "factor", 3.0)),
    "super()": (lambda self: self.gain(), setting(Base, "gain", lambda self: 3.0)),
    "a method that is added": (lambda self: self.gain(), setting(Derived, "gain", lambda self: 5.0)),
    "a default": (by_default, lambda cell: by_default.__defaults__[0].append(by_default.__defaults__[0].pop() + 1)),
    "a keyword's default": (by_keyword, lambda cell: by_keyword.__kwdefaults__.update(gain=3.0)),
    "a function as a default": (by_function, setting(THIS, "FACTOR", 6.0)),
    "an attribute of a function": (gained, setting(gained, "gain", 3.0)),
    "a module's variable": (lambda self: namespace.gain, setting(namespace, "gain", 3.0)),
    "an attribute set on torch": (lambda self: torch.elman_gain, setting(torch, "elman_gain", 3.0)),
    "an attribute set on Tensor": (lambda self: self.W.bias.elman_gain, setting(torch.Tensor, "elman_gain", 3.0)),
    "an attribute set on a parameter": (lambda self: getattr(self.W.weight, "gain", 1.0), of_parameter(3.0)),
    "a function set on torch": (lambda self: torch.sin(self.W.bias), setting(torch, "sin", torch.cos)),
    "a method set on Tensor": (lambda self: self.W.bias.sin(), setting(torch.Tensor, "sin", torch.Tensor.cos)),
    "a function of F": (lambda self: F.silu(self.W.bias), setting(F, "silu", F.mish)),
    "a function of a module": (lambda self: math.sin(2.0), setting(math, "sin", math.cos)),
    "a function of Python": (lambda self: divmod(7, 2)[0], setting(builtins, "divmod", lambda a, b: (5,))),
    "a name that hides Python's": (lambda self: min(1.0, 2.0), lambda cell: setattr(THIS, "min", max)),
    "a forward of torch": (lambda self: self.same(self.W.bias), setting(nn.Identity, "forward", lambda self, x: 3 * x)),
    "the default dtype": (
        lambda self: 1 + torch.ones(()).element_size() - 4, lambda cell: torch.set_default_dtype(torch.float64),
    ),
    "training of a child": (lambda self: 3.0 if self.W.training else 2.0, lambda cell: cell.W.eval()),
    "a function on the instance": (lambda self: 2.0, lambda cell: setattr(cell, "function", lambda self: 5.0)),
    "a step on the instance": (lambda self: 2.0, lambda cell: setattr(cell, "step", lambda drive, state: State(drive))),
    "a list on the cell": (lambda self: self.numbers[0][0], lambda cell: cell.numbers[0].append(cell.numbers[0].pop() + 1)),
    "a property of a tuple": (lambda self: Pair(1.0, 2.0).gain, setting(THIS, "FACTOR", 7.0)),
    "a tuple on the cell": (lambda self: self.pair.gain, setting(THIS, "FACTOR", 8.0)),
}  # fmt: skip


@pytest.fixture
def as_before():
    """Put back what the changes above change."""
    Written.factor = 2.0
    wheres = [THIS, Settings, Settings.Inner, Base, Derived, gained, namespace, torch, torch.Tensor, F, math, builtins]
    before = [(where, dict(where.__dict__)) for where in (*wheres, nn.Identity)]
    yield
    for where, values in before:
        for name in [name for name, value in where.__dict__.items() if value is not values.get(name)]:
            setattr(where, name, values[name]) if name in values else delattr(where, name)
    del Written.factor
    torch.set_default_dtype(torch.float32)


@pytest.mark.parametrize("read", NOTICED)
def test_a_change_that_is_noticed(read, as_before):
    function, change = NOTICED[read]
    cell = (Derived if read in ("super()", "a method that is added") else Written)(function)
    cell.numbers, cell.zero, cell.pair = [[2.0]], 0.0, Pair(1.0, 2.0)
    x = torch.randn(4, 3, 3)

    def run(engine):
        return elman.unroll(cell, x, engine=engine)[0]

    before = run("native")
    torch.testing.assert_close(before, run("loop"))
    change(cell)
    after = run("auto")
    torch.testing.assert_close(after, run("loop"))
    assert not torch.equal(before, after)
