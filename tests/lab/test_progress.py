"""Progress: bars on a terminal, lines elsewhere, nothing where nobody looks."""

from elman.lab import progress
from elman.lab.progress import Progress, Running


def test_lines_without_a_terminal(capsys, monkeypatch):
    now = 100.0
    monkeypatch.setattr(progress.time, "monotonic", lambda: now)
    shown = Progress(terminal=False)
    shown.start(total=3, done=1)
    shown.update([Running("study a", 10, 100, {"loss": 1.5})])
    now = 101.0
    shown.update([Running("study a", 12, 100, {"loss": 1.4})])  # too soon for another line
    now = 120.0
    shown.update([Running("study a", 50, 100, {"loss": 1.25})])
    shown.finished("study a", "it broke")
    assert capsys.readouterr().err.splitlines() == [
        "1 of 3 trials are already saved; running the rest",
        "[1/3 trials] study a 10/100 loss 1.5",
        "[1/3 trials] study a 50/100 loss 1.25 2/s, 25 s left",
        "study a failed: it broke",
    ]


def test_bars_on_a_terminal(capsys):
    shown = Progress(terminal=True)
    shown.start(total=2, done=0)
    shown.update([Running("study a", 10, 100, {"loss": 1.5}), Running("study b", 1, 2, {})])
    shown.update([Running("study b", 2, 2, {})])
    shown.finished("study a", None)
    shown.stop()
    out, err = capsys.readouterr()
    assert out == ""
    assert "trials" in err


def test_silence(capsys):
    shown = Progress.silent()
    shown.start(total=2, done=1)
    shown.update([Running("study a", 10, 100, {})])
    shown.finished("study a", "it broke")
    shown.stop()
    assert capsys.readouterr() == ("", "")
