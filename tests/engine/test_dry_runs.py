"""Tracing a step leaves nothing behind, and ordinary steps can be traced."""

import collections
import dataclasses
import functools
import math
import os
import random
import subprocess
import sys
import time

import numpy
import pytest
import torch
import torch.nn.functional as F
from torch import nn

import elman
from elman import State

from .written import Written, agree, why

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
    "elman.State": lambda self: elman.State(self.W.bias).h,
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


def test_a_collection_of_garbage_during_a_dry_run_is_not_the_step_s():
    import gc

    seen = []

    def on_collection(phase, info):
        seen.append(phase)

    class Wasteful(elman.Cell):
        def step(self, drive, state):
            return elman.State(torch.tanh(drive + state.h))

    threshold = gc.get_threshold()
    gc.callbacks.append(on_collection)
    gc.set_threshold(1)  # a collection at nearly every allocation
    try:
        assert "runs on the native engine" in elman.explain(Wasteful(3, 3))
    finally:
        gc.set_threshold(*threshold)
        gc.callbacks.remove(on_collection)
    assert seen
    assert gc.isenabled()


def test_a_signal_handler_during_a_dry_run_is_not_the_step_s():
    import signal

    ran = []

    def handler(number, frame):
        ran.append(helper(number))

    def helper(number):
        return number

    class Slow(elman.Cell):
        def step(self, drive, state):
            h = state.h
            for _ in range(60):
                h = torch.tanh(h + drive)
            return elman.State(h)

    before = signal.signal(signal.SIGALRM, handler)
    signal.setitimer(signal.ITIMER_REAL, 0.01, 0.01)
    try:
        found = elman.explain(Slow(3, 3))
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert ran
    assert "runs on the native engine" in found


FINALISERS = """
import gc, sys, threading, torch, elman

ran, inside, done = [], [], threading.Event()
inner, x = elman.cells.RNNCell(2, 2), torch.randn(3, 1, 2)


class Cycle:
    def __init__(self):
        self.itself = self  # so that only a collection ends it

    def __del__(self):
        inside.append(sys.gettrace() is not None)  # a dry run follows its thread
        ran.append(bool(torch.isfinite(elman.unroll(inner, x)[0]).all()))


class Slow(elman.Cell):
    def step(self, drive, state):
        h = state.h
        for _ in range(10):
            h = torch.tanh(h + drive)
        return elman.State(h)


def litter():
    while not done.wait(0.005):
        Cycle()


elman.unroll(inner, x)
thread = threading.Thread(target=litter)
thread.start()
gc.set_threshold(200)  # frequent collections, in either thread
found = elman.explain(Slow(3, 3))
done.set()
thread.join()
gc.collect()
assert gc.isenabled()
assert "runs on the native engine" in found, found
assert ran and all(ran) and not any(inside), (len(ran), sum(inside))
"""


def test_finalisers_that_run_a_cell_do_not_run_inside_a_dry_run():
    done = subprocess.run([sys.executable, "-c", FINALISERS], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr  # a crash of the interpreter as well fails here
