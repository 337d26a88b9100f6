"""The runner: trials in parallel processes, each saved as it ends, so that a run can always be resumed.

A run is a study with a plan in a folder::

    results/15.12-char-lm/quick/plan.json           the plan and the claims, written before the run
                                trials/<trial>/     record.json, arrays.npz, models, checkpoints
                                findings.json       the findings
                                figures/            the figures of the book, as SVG
"""

import errno
import json
import os
import platform
import traceback
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, wait
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from pydantic import TypeAdapter

from elman.files import remove_unfinished, write_text
from elman.lab.findings import Claim, Findings
from elman.lab.processes import Processes, WorkerDied
from elman.lab.progress import Progress, Running
from elman.lab.store import load_record
from elman.lab.study import Record, Study, Trial
from elman.lab.worker import in_one_line, run_trial
from elman.lab.workspace import clear_progress, read_progress

__all__ = ["FolderInUse", "Run", "cores", "execute", "write_plan"]


class FolderInUse(RuntimeError):
    """Another process is running trials in the same folder."""


@dataclass
class Run:
    """A study with a plan in a folder, and the command that repeats the run."""

    study: Study
    plan: Any
    folder: Path
    command: str = ""
    failed: list[str] = field(default_factory=list)

    def stamp(self, trial: Trial) -> str:
        """Return the fingerprint that identifies the trial's record."""
        return self.study.fingerprint(self.plan, trial)

    def trial_folder(self, trial: Trial) -> Path:
        """Return the trial's folder, which depends on its fingerprint."""
        return self.folder / "trials" / f"{trial.name}-{self.stamp(trial)[:8]}"

    def record(self, trial: Trial) -> Record | None:
        """Return the trial's saved record, if it has one."""
        return load_record(self.trial_folder(trial), self.stamp(trial))


def cores() -> int:
    """Return the number of CPU cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def execute(
    runs: Sequence[Run],
    workers: int | None = None,
    executor: Executor | None = None,
    show: Progress | None = None,
) -> Iterator[tuple[Run, Findings | None]]:
    """Run the trials that are not yet saved, and yield every run with its findings when it is complete.

    Args:
        runs: studies to run, all their trials in one queue.
        workers: parallel processes; default one per core.
        executor: an executor with the interface of ``concurrent.futures`` that shares this file system, such as a
            cluster's; default local processes of one thread each.
        show: progress display; default nothing.

    Yields:
        A run and its findings, or None if there are no findings, for example because every trial failed
        (``run.failed`` says why).

    Raises:
        FolderInUse: if another process uses one of the folders.
        OSError: if a folder cannot be written, or contains a symbolic link.
    """
    show = show or Progress.silent()
    with ExitStack() as stack:
        for run in runs:
            stack.enter_context(_locked(run.folder))
            _refuse_links(run.folder)
            remove_unfinished(run.folder)
        trials = {id(run): list(run.study.trials(run.plan)) for run in runs}
        for run in runs:
            write_plan(run)
        _tell_of_others([folder for run in runs for folder in _others(run, trials[id(run)])], show)
        pending = [
            (run, trial) for run in runs for trial in trials[id(run)] if run.record(trial) is None
        ]  # fmt: skip
        left = {id(run): sum(r is run for r, _ in pending) for run in runs}
        show.start(total=sum(map(len, trials.values())), done=sum(map(len, trials.values())) - len(pending))
        stack.callback(show.stop)
        for run in runs:
            if not left[id(run)]:
                yield run, _conclude(run, trials[id(run)])
        for run, trial, failure in _completed(pending, workers or cores(), executor, show):
            if failure is not None:
                run.failed.append(f"{trial.name}: {failure}")
            left[id(run)] -= 1
            show.finished(f"{run.study.name} {trial.name}", failure)
            if not left[id(run)]:
                yield run, _conclude(run, trials[id(run)])


def _others(run: Run, trials: Sequence[Trial]) -> list[Path]:
    """Return the folders of records that belong to other trials."""
    own = {run.trial_folder(trial) for trial in trials}
    return [path.parent for path in run.folder.glob("trials/*/record.json") if path.parent not in own]


def _tell_of_others(folders: Sequence[Path], show: Progress) -> None:
    if folders:
        where = os.path.commonpath([folder.parent for folder in folders])
        records = "1 record" if len(folders) == 1 else f"{len(folders)} records"
        show.note(
            f"{records} in {where} come from earlier code or from other data or settings; they are kept and not used"
        )


def _completed(
    pending: list[tuple[Run, Trial]], workers: int, executor: Executor | None, show: Progress
) -> Iterator[tuple[Run, Trial, str | None]]:
    """Run trials; yield each as it ends, with the reason if it failed."""
    if not pending:
        return
    for run, trial in pending:  # remove the last progress of a run that was killed
        clear_progress(run.trial_folder(trial))
    with nullcontext(executor) if executor else Processes(min(workers, len(pending))) as pool:
        futures = {
            pool.submit(run_trial, run.study, run.plan, trial, run.trial_folder(trial), run.stamp(trial)): (
                run,
                trial,
            )
            for run, trial in pending
        }
        waiting = set(futures)
        while waiting:
            done, waiting = wait(waiting, timeout=0.5, return_when=FIRST_COMPLETED)
            for future in done:
                try:
                    failure = future.result()
                except WorkerDied as error:
                    failure = str(error)
                except Exception as error:  # from a third-party executor
                    failure = in_one_line(error)
                run, trial = futures[future]
                if failure is None and run.record(trial) is None:
                    failure = f"its record cannot be read from {run.trial_folder(trial)}"
                yield run, trial, failure
            show.update(_running([futures[future] for future in waiting]))


def _running(waiting: Sequence[tuple[Run, Trial]]) -> list[Running]:
    """Return the trials that have reported progress."""
    reported = [(run, trial, read_progress(run.trial_folder(trial))) for run, trial in waiting]
    return [Running(f"{run.study.name} {trial.name}", *progress) for run, trial, progress in reported if progress]


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / ".lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise FolderInUse(f"another run is using {folder}; wait for it, or give another --out") from None
    try:
        yield
    finally:
        lock.release()


def _refuse_links(folder: Path) -> None:
    for part in ("trials", "figures"):
        if (folder / part).is_symlink():
            raise OSError(errno.ELOOP, "symbolic links are not followed; remove it", str(folder / part))


def write_plan(run: Run) -> None:
    """Write the plan and the claims of a run, before anything runs."""
    plain = {
        "plan": _plain(run.plan),
        "claims": json.loads(TypeAdapter(list[Claim]).dump_json(list(run.study.claims(run.plan)))),
    }
    write_text(run.folder / "plan.json", json.dumps(plain, indent=2))


def _plain(plan: Any) -> dict[str, Any]:
    return TypeAdapter(type(plan)).dump_python(plan, mode="json")


def _conclude(run: Run, trials: Sequence[Trial]) -> Findings | None:
    """Compute and save the findings of a run whose trials have all ended."""
    from elman.lab.figures import write_figures  # slow to import

    records = [record for trial in trials if (record := run.record(trial)) is not None]
    if not records:
        return None
    try:
        found = run.study.findings(run.plan, records)
    except Exception as error:  # for example, a study that needs a trial that failed
        run.failed.append(f"no findings from {len(records)} of {len(trials)} trials: {in_one_line(error)}")
        write_text(run.folder / "failure.txt", traceback.format_exc())
        return None
    findings = replace(
        found,
        exercise=run.study.exercise,
        name=run.study.name,
        title=run.study.title,
        article=run.study.article.partition("\n")[2].strip(),
        command=run.command,
        plan=_plain(run.plan),
        environment={
            "python": platform.python_version(),
            "torch": version("torch"),
            "elman": version("elman"),
            "machine": f"{platform.machine()}, {cores()} cores",
        },
        seconds=sum(record.seconds for record in records),
        failed=run.failed,
    )
    findings.save(run.folder / "findings.json")
    write_figures(findings, run.folder / "figures")
    return findings
