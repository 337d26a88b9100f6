"""An engine that cannot start says so once, and every cell runs on the loop."""

import subprocess
import sys

import pytest

CODE = """
import sys, warnings
{breaks}
warnings.simplefilter("always")
with warnings.catch_warnings(record=True) as said:
    import elman, torch
    layer, x = elman.nn.LSTM(3, 4), torch.randn(5, 2, 3)
    outputs = [layer(x)[0] for _ in range(2)]
    found = elman.explain(elman.cells.GRUCell(3, 4))
with elman.use_engine("loop"):
    assert torch.equal(outputs[1], layer(x)[0])
said = [str(one.message) for one in said if "engine" in str(one.message)]
assert len(said) == 1, said
assert "the native engine cannot start, it needs llvmlite 0.45 or newer" in said[0], said
assert "runs on the loop engine: the native engine cannot start" in found, found
"""
BREAKS = {
    "missing": "sys.modules['llvmlite'] = None",
    "broken": "sys.modules['llvmlite.binding'] = None",
    "too old": """
import llvmlite.binding
def parse_assembly(text):
    raise RuntimeError("LLVM IR parsing error: expected type")
llvmlite.binding.parse_assembly = parse_assembly
""",
}


@pytest.mark.parametrize("breaks", BREAKS)
def test_an_engine_that_cannot_start(breaks):
    done = subprocess.run(
        [sys.executable, "-c", CODE.format(breaks=BREAKS[breaks])], capture_output=True, text=True, timeout=600,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
