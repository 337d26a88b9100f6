"""What a shell can do to a program: closed and full pipes, other encodings, terminals of no width."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ELMAN = f'"{sys.executable}" -c "from elman.cli import main; main()"'


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize(
    ("line", "code", "out", "err"),
    [
        ("{} detect <&-", 1, "", "need 343 normal values to learn from, got 0"),
        ("printf 'x\\n\\377\\n' | {} detect", 1, "", "line 2: expected a finite number"),
        ("{} quiz --mark /dev/full/x", 1, "", "/dev/full/x cannot be read: Not a directory"),
        ("{} quiz --out /", 1, "", "Is a directory: /"),
        ("{} list > /dev/full", 1, "", "No space left on device"),
        ("{} list | head -1", 0, "15.1 ", ""),
        ("PYTHONIOENCODING=ascii {} answer 15.10", 0, "\\u221a", ""),
        ("COLUMNS=0 {} count rnn --input-size 2 --hidden-size 3", 0, "total", ""),
        ("COLUMNS=0 {} answer 15.10", 0, "of norm 2.5", ""),
        ("env -u HOME ELMAN_DATA=/dev/null {} data list", 1, "", "ELMAN_DATA is '/dev/null', which is not a folder"),
    ],
)
def test_shell(line, code, out, err, tmp_path):
    environment = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "ELMAN_DATA")}
    found = subprocess.run(
        ["bash", "-c", line.format(ELMAN)], cwd=tmp_path, capture_output=True, text=True, timeout=600, check=False,
        env=environment,
    )  # fmt: skip
    assert found.returncode == code, found.stderr
    assert out in found.stdout
    assert err in found.stderr
    assert len(found.stderr.splitlines()) == bool(err)
