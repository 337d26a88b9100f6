"""What a step reads is compared before each call: a change is noticed, unless it is on the list in the manual."""

import builtins
import dataclasses
import enum
import functools
import math
import sys
import types
from pathlib import Path
from typing import NamedTuple

import pytest
import torch
import torch.nn.functional as F
from torch import nn

import elman
from elman import State

from .written import Written, agree, why

THIS = sys.modules[__name__]
FACTOR = 2.0


def helper(module):
    return module.pi


@dataclasses.dataclass
class Setting:
    value: float = 2.0


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
    "a forward of torch": (
        lambda self: self.same(self.W.bias), setting(nn.Identity, "forward", lambda self, x: 3 * x),
    ),
    "the default dtype": (
        lambda self: 1 + torch.ones(()).element_size() - 4, lambda cell: torch.set_default_dtype(torch.float64),
    ),
    "training of a child": (lambda self: 3.0 if self.W.training else 2.0, lambda cell: cell.W.eval()),
    "a function on the instance": (lambda self: 2.0, lambda cell: setattr(cell, "function", lambda self: 5.0)),
    "a step on the instance": (
        lambda self: 2.0, lambda cell: setattr(cell, "step", lambda drive, state: State(drive)),
    ),
    "a list on the cell": (lambda self: self.numbers[0][0], lambda cell: cell.numbers[0].__setitem__(0, 3.0)),
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


# The list in the manual

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
    "A function found with `getattr(torch, name)`": (
        lambda self: getattr(torch, "elman_" + "gain"), setting(torch, "elman_gain", 3.0),
    ),
    "A name with two underscores that `getattr` reads": (
        lambda self: getattr(helper, "__glob" + "als__")["FACTOR"], setting(THIS, "FACTOR", 3.0),
    ),
    "Whether two parameters are the same object, and the class of a parameter": (
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
