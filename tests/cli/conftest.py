"""The command line without a new process: torch is imported once."""

import io
import sys

import pytest

from elman.__main__ import main


@pytest.fixture
def elman(capsys, monkeypatch):
    """``elman("classify", "good", code=0, given=b"")``: what it prints, or, if it must fail, what it complains of."""

    def run(*words, code=0, given=b""):
        monkeypatch.setenv("NO_COLOR", "1")
        monkeypatch.setenv("COLUMNS", "200")
        monkeypatch.setattr(sys, "argv", ["elman", *map(str, words)])
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(given), "utf-8"))
        capsys.readouterr()
        with pytest.raises(SystemExit) as stop:
            main()
        printed = capsys.readouterr()
        assert (stop.value.code or 0) == code, printed.err
        assert "Traceback" not in printed.err
        return printed.out if code == 0 else printed.err

    return run
