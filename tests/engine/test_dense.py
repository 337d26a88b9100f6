"""The large products: right by either library, and in memory that does not grow with the shapes seen."""

import subprocess
import sys

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.testing import assert_close

from elman.engine.cpu import dense

reads_proc = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


@given(st.integers(0, 1 << 24))
def test_rows_are_rounded_up_by_little(rows):
    assert rows <= dense.round_up(rows) <= rows * 17 / 16


def test_few_numbers_of_rows_remain():
    assert len({dense.round_up(n) for n in range(1, 1 << 16)}) <= 16 * 16


@pytest.mark.parametrize("rows", [1000, 1024, 1025])
@pytest.mark.parametrize("bias", [False, True])
def test_oneDNN_on_rounded_rows(rows, bias, monkeypatch):
    monkeypatch.setattr(dense, "_onednn_is_faster", lambda: True)
    x, weight = torch.randn(rows, 64), torch.randn(32, 64)
    b = torch.randn(32) if bias else None
    expected = torch.nn.functional.linear(x.double(), weight.double(), None if b is None else b.double())
    assert_close(dense.linear(x, weight, b), expected.float(), rtol=1e-4, atol=1e-4)


GROWTH = """
import random, torch
from elman.engine.cpu import dense

def resident():
    return int(open("/proc/self/statm").read().split()[1]) * 4096 / 2**20

torch.set_num_threads(1)
if {forced}:
    dense._onednn_is_faster = lambda: True
weight, bias = torch.randn(192, 16), torch.randn(192)
dense.linear(torch.randn(4800, 16), weight, bias)
before = resident()
for rows in random.Random(0).sample(range(1000, 4800), 250):
    dense.linear(torch.randn(rows, 16), weight, bias)
print(resident() - before)
"""


@reads_proc
@pytest.mark.parametrize("forced", [False, True])
def test_memory_does_not_grow_with_the_shapes(forced):
    code = GROWTH.format(forced=forced)
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert float(done.stdout) < 40  # MiB; 160 with a product prepared for each of the 250 numbers of rows
