"""One trial in a process of its own: the function that the runner submits to an executor."""

import contextlib
import fcntl
import multiprocessing
import os
import sys
import threading
import time
import traceback
from dataclasses import replace
from pathlib import Path
from typing import Any

from elman.files import write_text
from elman.lab.store import save_record
from elman.lab.study import Study, Trial
from elman.lab.workspace import Desk, TrialFailed, clear_progress

__all__ = ["in_one_line", "run_trial", "start_worker"]


def start_worker() -> None:
    """Prepare a worker process: it uses one thread, and ends with its parent."""
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[name] = "1"
    parent = multiprocessing.parent_process()
    if parent is None:
        return
    threading.Thread(target=lambda: (parent.join(), os._exit(1)), daemon=True).start()
    if sys.platform == "linux":  # even where a call into C lets no other thread run: SIGIO ends the process
        fcntl.fcntl(parent.sentinel, fcntl.F_SETOWN, os.getpid())
        fcntl.fcntl(parent.sentinel, fcntl.F_SETFL, fcntl.fcntl(parent.sentinel, fcntl.F_GETFL) | os.O_ASYNC)


def run_trial(study: Study, plan: Any, trial: Trial, folder: Path, fingerprint: str) -> str | None:
    """Run one trial and save its record in ``folder``.

    Returns:
        None if the record was saved, or one line that says why not; the traceback of an unexpected error is then in
        ``failure.txt``.
    """
    if folder.is_symlink():
        return f"{folder} is a symbolic link; remove it"
    failure = folder / "failure.txt"
    started = time.process_time()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        failure.unlink(missing_ok=True)
        record = study.run(plan, trial, Desk(folder))
        save_record(folder, replace(record, trial=trial, seconds=time.process_time() - started), fingerprint)
    except TrialFailed as error:
        with contextlib.suppress(OSError):
            write_text(failure, f"{error}\n")
        return str(error)
    except OSError as error:
        return f"{error.strerror or error}: {error.filename or folder}"
    except Exception as error:
        with contextlib.suppress(OSError):
            write_text(failure, traceback.format_exc())
        return f"{in_one_line(error)} (see {failure})"
    finally:
        clear_progress(folder)
    return None


def in_one_line(error: Exception) -> str:
    """Return an error's type and its message, shortened.

    Example:
        >>> in_one_line(ValueError("no such\\nthing")), in_one_line(MemoryError())
        ('ValueError: no such thing', 'MemoryError')
    """
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text[:200]}" if text else type(error).__name__
