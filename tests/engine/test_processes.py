"""Interruptions, threads and forks: a cell that runs in the middle of another must not disturb it, nor wait forever.

Each script runs in a process of its own, which is killed if it does not end.
"""

import os
import subprocess
import sys

import pytest

PATIENCE = 300  # seconds until a hang is called one; the scripts take a few

HEAD = """
import gc, os, signal, sys, threading, time
import torch, elman
from torch.testing import assert_close

def children(count, work):
    "Fork, run work in each child, and wait for all."
    for _ in range(count):
        pid = os.fork()
        if pid == 0:
            code = 1
            try:
                work()
                code = 0
            finally:
                os._exit(code)
        yield pid
        _, status = os.waitpid(pid, 0)
        assert status == 0, status

def run(cell, x, engine="native"):
    with torch.enable_grad():  # whatever is interrupted
        outputs, _ = elman.unroll(cell, x, engine=engine)
        leaves = [p for p in cell.parameters() if p.requires_grad]
        return [outputs.detach(), *torch.autograd.grad(outputs, leaves, torch.cos(outputs.detach()))]
"""


def script(code, **settings):
    """Run a script, and its children, within the patience of a test."""
    process = subprocess.Popen(
        [sys.executable, "-c", HEAD + code],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env={**os.environ, **settings},
        start_new_session=True,
    )  # fmt: skip
    try:
        said, _ = process.communicate(timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, 9)
        said, _ = process.communicate()
        pytest.fail(f"still running after {PATIENCE} seconds\n{said}")
    assert process.returncode == 0, said


forks = pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs interval timers")
def test_a_signal_handler_that_runs_cells():
    script("""
torch.set_num_threads(1)
torch.manual_seed(0)
outer, inner = elman.cells.GRUCell(5, 24), elman.cells.LSTMCell(3, 40)
x, y = torch.randn(6, 4, 5), torch.randn(4, 6, 3)
wanted, inside = run(outer, x), run(inner, y)
calls = 0

def handler(*_):
    global calls
    calls += 1
    for got, right in zip(run(inner, y), inside, strict=True):
        assert torch.equal(got, right)

signal.signal(signal.SIGALRM, handler)
for i in range(200):
    signal.setitimer(signal.ITIMER_REAL, 1e-5 + i % 40 * 2e-5)  # once, somewhere within the call
    for got, right in zip(run(outer, x), wanted, strict=True):
        assert torch.equal(got, right)
assert calls > 20, calls
""")


def test_a_callback_of_the_garbage_collector_that_runs_cells():
    script("""
torch.set_num_threads(1)
torch.manual_seed(0)
outer, inner = elman.cells.GRUCell(5, 24), elman.cells.LSTMCell(3, 40)
x, y = torch.randn(6, 4, 5), torch.randn(4, 6, 3)
wanted, inside = run(outer, x), run(inner, y)
calls, busy = 0, False

def between(phase, _):
    global calls, busy
    if not busy and phase == "stop":
        busy, calls = True, calls + 1
        outputs, _ = elman.unroll(inner, y, engine="native")
        assert torch.equal(outputs.detach(), inside[0])
        busy = False

gc.callbacks.append(between)
gc.set_threshold(5, 1000, 1000)
for _ in range(40):
    for got, right in zip(run(outer, x), wanted, strict=True):
        assert torch.equal(got, right)
gc.callbacks.clear()
assert calls > 20, calls
""")


def test_a_call_between_a_calls_own_steps():
    """The same as by signal, at every single place where memory is lent."""
    script("""
from elman.engine.cpu import kernels, dense
torch.manual_seed(0)
outer, inner = elman.cells.GRUCell(5, 24), elman.cells.LSTMCell(3, 40)
x, y = torch.randn(6, 4, 5), torch.randn(4, 6, 3)
wanted, inside = run(outer, x), run(inner, y)
pack, deep = kernels.pack, False

def packing(*arguments):
    global deep
    pack(*arguments)
    if not deep:
        deep = True
        for got, right in zip(run(inner, y), inside, strict=True):
            assert torch.equal(got, right)
        deep = False

kernels.pack = packing
for got, right in zip(run(outer, x), wanted, strict=True):
    assert torch.equal(got, right)
""")


@pytest.mark.slow
def test_threads_that_run_the_same_and_other_cells():
    script("""
torch.set_num_threads(2)
torch.manual_seed(0)
cells = [elman.cells.GRUCell(5, 24), elman.cells.LSTMCell(5, 40), elman.cells.GRUCell(5, 25)]
x = torch.randn(12, 9, 5)
wanted = [run(cell, x, "loop") for cell in cells]
wrong = []

def work(which):
    try:
        for i in range(15):
            place = (which + i) % 3 if which % 2 else which % 3
            for got, right in zip(run(cells[place], x), wanted[place], strict=True):
                assert_close(got, right, rtol=1e-4, atol=1e-4)
    except BaseException as error:
        wrong.append(error)

threads = [threading.Thread(target=work, args=(i,)) for i in range(6)]
[t.start() for t in threads]
[t.join() for t in threads]
assert not wrong, wrong
""")


@forks
@pytest.mark.slow
def test_a_fork_while_other_threads_compile():
    script("""
torch.set_num_threads(1)
elman.unroll  # imported now: a child has no thread that would finish an import begun in its parent
over = False

def compile_on(kind):
    size = 1
    while not over:
        size += 1
        run(kind(2, size), torch.randn(2, 2, 2))

threads = [threading.Thread(target=compile_on, args=(k,)) for k in (elman.cells.GRUCell, elman.cells.RNNCell)]
[t.start() for t in threads]

def work():
    cell, x = elman.cells.LSTMCell(3, 4), torch.randn(3, 2, 3)
    for got, right in zip(run(cell, x), run(cell, x, "loop"), strict=True):
        assert_close(got, right)

for _ in children(2, work):
    time.sleep(0.05)
over = True
[t.join() for t in threads]
""")


@forks
@pytest.mark.parametrize(
    "layer", ["elman.nn.LSTM(256, 256)", pytest.param("elman.nn.GRU(256, 256)", marks=pytest.mark.slow)]
)
def test_children_forked_after_large_products_in_two_threads(layer):
    script(f"""
torch.set_num_threads(2)
torch.manual_seed(0)
layer, x = {layer}, torch.randn(50, 32, 256)

def work():
    layer.zero_grad()
    layer(x)[0].sum().backward()
    return [p.grad.clone() for p in layer.parameters()]

wanted = work()

def again():
    assert torch.get_num_threads() == 2
    assert_close(work(), wanted, rtol=1e-3, atol=1e-2)
    for _ in children(1, work):  # and a child of the child
        pass

for _ in children(3, again):
    work()  # beside it
""")


@forks
@pytest.mark.slow
def test_children_of_a_library_that_cannot_dismiss_its_threads():
    """As OpenMP's before 5.0: the child computes in one thread."""
    script("""
from elman.engine.cpu import threads

class Old:
    real = threads._library()

    def __getattr__(self, name):
        if name == "omp_pause_resource_all":
            raise AttributeError(name)
        return getattr(self.real, name)

threads._library = Old
torch.set_num_threads(2)
layer, x = elman.nn.LSTM(256, 256), torch.randn(50, 32, 256)
layer(x)[0].sum().backward()

def work():
    assert torch.get_num_threads() == 1
    layer(x)[0].sum().backward()

for _ in children(2, work):
    layer(x)
""")


@forks
def test_a_fork_within_a_step():
    script("""
class Forks(elman.Cell):
    def step(self, drive, state):
        if self.armed and os.getpid() == parent:
            for _ in children(1, lambda: run(elman.cells.GRUCell(2, 3), torch.randn(2, 2, 2), "auto")):
                pass
        return elman.State(torch.tanh(drive + state.h))

parent, cell = os.getpid(), Forks(3, 3)
cell.armed = True
elman.unroll(cell, torch.randn(2, 2, 3))
""")
