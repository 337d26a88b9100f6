"""The command line. Each command imports its modules when it runs, so that the program starts fast."""

import io
import os
import re
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import typer
from typer.core import TyperGroup

import elman
from elman.cli import (
    cells,
    compose,
    correct,
    count,
    data,
    detect,
    fitting,
    generate,
    lab,
    names,
    new,
    playground,
    reading,
    reverse,
    teaching,
    translate,
)
from elman.errors import UnknownName
from elman.terminal import guarded_streams, printable

__all__ = ["app", "main"]

LONGEST = 600  # characters of an error message, which may quote the input
INTERRUPTED = 130  # typer's exit status for Ctrl-C


class _Commands(TyperGroup):
    """Commands whose usage errors quote the input with its control characters escaped."""

    def make_context(self, *args: Any, **kwargs: Any) -> Any:
        """Parse the options before the command."""
        with _quoted():
            return super().make_context(*args, **kwargs)

    def invoke(self, ctx: Any) -> Any:
        """Parse the command's arguments, and run it."""
        with _quoted():
            return super().invoke(ctx)


@contextmanager
def _quoted() -> Iterator[None]:
    try:
        yield
    except Exception as error:
        if hasattr(error, "format_message"):  # ClickException, from Click or from Typer's own copy
            error.message = printable(error.message)  # pyright: ignore[reportAttributeAccessIssue]
        raise


app = typer.Typer(
    cls=_Commands,
    help="Recurrent sequence models: run studies, use trained models, manage data sets.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
app.command("list")(lab.list_studies)
app.command("study", cls=lab.StudyHelp)(lab.study)
app.command("lab")(lab.lab)
app.command("report")(lab.report)
app.command("answer")(teaching.answer)
app.command("quiz")(teaching.quiz)
app.command("fit")(fitting.fit)
app.command("score")(fitting.score)
app.command("use")(fitting.use)
app.command("cells")(cells.cells)
app.command("count")(count.count)
app.command("generate")(generate.generate)
app.command("names")(names.names)
app.command("compose")(compose.compose)
app.command("correct")(correct.correct)
app.command("detect")(detect.detect)
app.command("playground")(playground.playground)
app.command("reverse")(reverse.reverse)
app.command("translate")(translate.translate)
app.command("classify")(reading.classify)
app.command("tag")(reading.tag)
app.add_typer(data.app, name="data")
app.add_typer(new.app, name="new")


@app.callback(invoke_without_command=True)
def _version(version: bool = typer.Option(False, "--version", help="Print the version and stop.")) -> None:
    if version:
        print(elman.__version__)
        raise typer.Exit


def main() -> None:
    """Run the command line. Errors are printed in one line; the exit status is 2 for a wrong argument, 130 after
    Ctrl-C, and 1 for any other error. ``ELMAN_TRACEBACK=1`` shows the traceback."""
    _make_streams_safe()
    with guarded_streams():
        _run()


def _run() -> None:
    try:
        app()
    except SystemExit as stop:
        if stop.code == INTERRUPTED:
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # a second Ctrl-C must not interrupt the exit
            print("stopped; finished work is saved, and the same command resumes it", file=sys.stderr)
        raise
    except Exception as error:
        if os.environ.get("ELMAN_TRACEBACK"):
            raise
        print(f"elman: {_line(error)}", file=sys.stderr)
        sys.exit(2 if isinstance(error, UnknownName) else 1)


def _make_streams_safe() -> None:
    """Escape output that the terminal cannot encode, replace undecodable input so that readers reject its line, treat
    a closed standard input as empty, and ignore a terminal width of zero."""
    if sys.stdin is None:
        sys.stdin = open(os.devnull)  # noqa: PTH123, SIM115
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace" if stream is sys.stdin else "backslashreplace")
    if not os.environ.get("COLUMNS", "1").strip("0"):
        del os.environ["COLUMNS"]


def _line(error: Exception) -> str:
    text = _reason(error)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 100]} ... {text[-95:]}"


def _reason(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}: {error.filename}" if error.filename else error.strerror
    text = " ".join(str(error).split())
    if isinstance(error, MemoryError) or "DefaultCPUAllocator" in text:
        asked = re.search(r"(\d+) bytes", text)
        return "not enough memory" + (f": {int(asked[1]):,} bytes were requested at once" if asked else "")
    expected = isinstance(error, ValueError | RuntimeError | ArithmeticError) and text
    return text if expected else f"unexpected {type(error).__name__}: {text} (ELMAN_TRACEBACK=1 shows the traceback)"
