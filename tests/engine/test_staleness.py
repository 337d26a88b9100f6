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
    wheres = [
        THIS,
        Settings,
        Settings.Inner,
        Base,
        Derived,
        gained,
        namespace,
        torch,
        torch.Tensor,
        F,
        math,
        builtins,
    ]
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


class Subclassed(nn.Linear):
    """Its forward is PyTorch's."""


class WithParts(Written):
    def __init__(self, function):
        super().__init__(function)
        self.part = Subclassed(4, 4)


def absent(read):
    def step(self):
        try:
            return read(self)
        except AttributeError:
            return 1.0

    return step


ABSENT = {
    "on torch": (absent(lambda self: torch.elman_new), torch),
    "on Tensor": (absent(lambda self: self.W.bias.elman_new), torch.Tensor),
    "on a class": (absent(lambda self: Settings.elman_new), Settings),
    "on a function": (absent(lambda self: helper.elman_new), helper),
    "on the cell's class": (absent(lambda self: self.elman_new), WithParts),
}


@pytest.mark.parametrize("where", ABSENT)
def test_an_attribute_that_comes_later(where):
    function, holder = ABSENT[where]
    cell = WithParts(function)
    before = why(cell)
    first = agree(cell)
    holder.elman_new = 3.0
    try:
        agree(cell)
        assert where == "on torch" or before is why(cell) is None
        assert first.shape == (4, 3, 4)
    finally:
        delattr(holder, "elman_new")


def test_a_forward_that_a_class_inherits_from_torch(monkeypatch):
    cell = WithParts(lambda self: self.part(self.W.bias))
    agree(cell)
    monkeypatch.setattr(nn.Linear, "forward", lambda self, x: x.mean(-1, keepdim=True) * torch.ones(4))
    agree(cell)


class Holds(Written):
    setting = Setting()


def test_an_object_on_the_class_that_other_code_reads():
    assert why(Holds(lambda self: 2.0)) is None
    assert "reads setting of a class" in why(Holds(lambda self: self.setting.value))


class Meta(type):
    gain = 2.0


class OfMeta(nn.Module, metaclass=Meta):
    def forward(self, x):
        return type(self).gain * x


def test_a_metaclass(monkeypatch):
    cell = Written(lambda self: self.part(self.W.bias))
    cell.part = OfMeta()
    before = agree(cell)
    monkeypatch.setattr(Meta, "gain", 3.0)
    assert not torch.equal(agree(cell), before)


# Gradients that would go missing -------------------------------------------------------------------------------


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


# What tracing leaves behind ------------------------------------------------------------------------------------

LOG, TABLE = [], {"inner": []}


def logs_by_default(self, log=[]):  # noqa: B006
    log.append(1)
    return 2.0


def closure_with_a_list():
    log = []

    def step(self):
        log.append(1)
        return 2.0

    return step, log


LOGS, AROUND = closure_with_a_list()


class Class:
    log: list = []  # noqa: RUF012


MARKS = {
    "a list on the cell": (lambda self: self.log.append(1) or 2.0, lambda cell: cell.log),
    "a list in a dict on the cell": (lambda self: self.table["inner"].append(1) or 2.0, lambda cell: cell.table),
    "a dict on the cell": (lambda self: self.table.update(a=1) or 2.0, lambda cell: cell.table),
    "a cache": (lambda self: self.table.setdefault("a", self.W.bias), lambda cell: cell.table),
    "a list on a part": (lambda self: self.W.log.append(1) or 2.0, lambda cell: cell.W.log),
    "a list in a global": (lambda self: LOG.append(1) or 2.0, lambda cell: LOG),
    "a list in a dict in a global": (lambda self: TABLE["inner"].append(1) or 2.0, lambda cell: TABLE),
    "a list in a closure": (LOGS, lambda cell: AROUND),
    "a default": (logs_by_default, lambda cell: logs_by_default.__defaults__[0]),
    "a list on a class": (lambda self: Class.log.append(1) or 2.0, lambda cell: Class.log),
    "an attribute of the cell": (lambda self: setattr(self, "count", 1) or 2.0, lambda cell: vars(cell).get("count")),
    "a hook": (lambda self: self.W.register_forward_hook(print) and 2.0, lambda cell: cell.W._forward_hooks),
    "Python's generator": (lambda self: random.random(), lambda cell: random.getstate()),
    "NumPy's generator": (lambda self: float(numpy.random.rand()), lambda cell: str(numpy.random.get_state())),
    "PyTorch's generator": (lambda self: torch.rand(4), lambda cell: torch.get_rng_state().tolist()),
    "a refusal after a change": (lambda self: self.log.append(1) or float(self.W.bias.sum()), lambda cell: cell.log),
    "an error after a change": (lambda self: self.log.append(1) or 1 / 0, lambda cell: cell.log),
}


@pytest.mark.parametrize("mark", MARKS)
@pytest.mark.parametrize("of", ["step", "drive"])
def test_after_a_refusal_all_is_as_it_was(mark, of):
    function, look = MARKS[mark]
    cell = (Written if of == "step" else Marking)(function)
    cell.log, cell.table, cell.W.log = [], {"inner": []}, []
    before = repr(look(cell))
    assert why(cell) or of == "drive"
    assert repr(look(cell)) == before


class Marking(Written):
    """Leaves its marks in ``drive``."""

    def drive(self, x):
        return self.W(x) * self.function(self)

    def step(self, drive, state):
        return State(torch.tanh(drive + state.h))


def test_a_step_that_prints(capsys):
    cell = Written(lambda self: print("step") or 2.0)
    assert "uses print" in why(cell)
    assert capsys.readouterr().out == ""
    elman.unroll(cell, torch.randn(4, 3, 3))
    assert capsys.readouterr().out == 4 * "step\n"


def test_the_number_of_dry_runs(capsys, monkeypatch):
    runs, real = [], elman.engine.tracing.trace._DryRuns.run
    monkeypatch.setattr(
        elman.engine.tracing.trace._DryRuns, "run", lambda self, n: (runs.append(n), real(self, n))[1]
    )
    assert why(Marking(lambda self: print("drive") or 2.0)) is None
    assert capsys.readouterr().out == "drive\n"
    assert len(runs) == 3


def test_a_debugger_stays(monkeypatch):
    def follow(frame, event, argument):
        return None

    before = sys.gettrace()
    sys.settrace(follow)
    try:
        assert why(Written(lambda self: 2.0)) is None
        assert why(Written(lambda self: time.time())) is not None
        assert sys.gettrace() is follow
    finally:
        sys.settrace(before)


# Ordinary cells ------------------------------------------------------------------------------------------------


@dataclasses.dataclass
class Gates:
    i: torch.Tensor
    f: torch.Tensor


def gates(self):
    made = Gates(torch.sigmoid(self.W.bias), torch.tanh(self.W.bias))
    return made.i * made.f


def table(self):
    found = collections.defaultdict(list)
    for name in ("weight", "bias"):
        found[name].append(getattr(self.W, name).sum())
    return sum(part for parts in found.values() for part in parts)


ORDINARY = {
    "getattr(torch, name)": lambda self: getattr(torch, self.name)(self.W.bias),
    "getattr(self, name)": lambda self: sum(getattr(self, name).bias.sum() for name in ("W", "W")),
    "functions": lambda self: functools.reduce(torch.mul, [self.W.bias, F.softplus(self.W.bias)]),
    "einsum": lambda self: torch.einsum("i,i->i", self.W.bias, self.W.bias),
    "math": lambda self: math.sqrt(len(self.W.bias)) * numpy.sqrt(2.0),
    "type": lambda self: 2.0 if isinstance(self.W, nn.Linear) and type(self).__name__ else 1.0,
    "an object of its own": gates,
    "a dict of its own": table,
    "an error that is not raised": lambda self: 2.0 if self.name else exec("raise ValueError"),
    "formatting": lambda self: len(f"{self.name:>8}".strip()),
    "a sorted list": lambda self: sorted([3.0, 1.0], key=lambda one: -one)[0],
    "finfo": lambda self: 1 + torch.finfo(self.W.bias.dtype).eps,
    "zip and enumerate": lambda self: sum(i * x for i, (x, _) in enumerate(zip([1.0, 2.0], "ab", strict=True))),
    "a shape": lambda self: self.W.bias.new_ones(self.W.bias.shape) * self.W.bias.size(0),
}


@pytest.mark.parametrize("kind", ORDINARY)
def test_ordinary_code_runs_natively(kind):
    cell = Written(ORDINARY[kind])
    cell.name = "tanh"
    if kind == "an error that is not raised":  # on its own line
        cell.function = raises_if_unnamed
    assert why(cell) is None
    agree(cell)


def raises_if_unnamed(self):
    if not self.name:
        raise ValueError(f"{os.getenv('HOME')} at {time.time()}")
    return 2.0


# The list in the manual ----------------------------------------------------------------------------------------

PAGE = Path(__file__).parents[2] / "docs" / "explanation" / "unnoticed.md"


def tie(cell):
    cell.same.bias, cell.same.other = cell.W.bias, cell.W.bias


def change_during_the_call(cell):
    """Set a variable at the third step that the loop runs."""
    code, count = Written.step.__code__, [0]

    def follow(frame, event, argument):
        if frame.f_code is code:
            count[0] += 1
            if count[0] == 3:
                THIS.FACTOR = 9.0

    sys.settrace(follow)


UNNOTICED = {
    "Code of PyTorch, NumPy, Python or Elman that your step does not name": (
        lambda self: self.activation(self.W.bias), setting(F, "silu", F.mish),
    ),
    "An attribute of PyTorch's classes of layers, or of `Cell`": (
        lambda self: self.W.elman_gain, setting(nn.Linear, "elman_gain", 3.0),
    ),
    "What `getattr(torch, name)` finds": (
        lambda self: getattr(torch, "elman_" + "gain"), setting(torch, "elman_gain", 3.0),
    ),
    "A name with two underscores that `getattr` reads": (
        lambda self: getattr(helper, "__glob" + "als__")["FACTOR"], setting(THIS, "FACTOR", 3.0),
    ),
    "Whether two parameters are one, and of which class a parameter is": (
        lambda self: 2.0 if self.same.bias is self.same.other else 1.0, tie,
    ),
    "A variable that changes while a call runs": (lambda self: FACTOR, change_during_the_call),
}  # fmt: skip


def test_the_page_and_the_tests_agree():
    entries = [
        line[4:].split("**")[0].rstrip(".") for line in PAGE.read_text().splitlines() if line.startswith("- **")
    ]
    assert entries == list(UNNOTICED)


@pytest.mark.parametrize("entry", UNNOTICED)
def test_what_cannot_be_noticed(entry, as_before):
    """Each entry is real: the engine repeats what it traced. One that is noticed by now leaves the page."""
    function, change = UNNOTICED[entry]
    cell, x, trace = Written(function), torch.randn(4, 3, 3), sys.gettrace()
    cell.activation, nn.Linear.elman_gain = nn.SiLU(), 2.0
    cell.same.bias, cell.same.other = (nn.Parameter(torch.zeros(1)) for _ in range(2))
    try:
        before = elman.unroll(cell, x, engine="native")[0]
        torch.testing.assert_close(before, elman.unroll(cell, x, engine="loop")[0])
        change(cell)
        assert torch.equal(elman.unroll(cell, x, engine="native")[0], before)
        assert not torch.allclose(elman.unroll(cell, x, engine="loop")[0], before)
    finally:
        sys.settrace(trace)
        del nn.Linear.elman_gain
