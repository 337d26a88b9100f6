"""Worked answers (exercises 15.1 to 15.10) with the reader's own numbers; nothing is saved."""

import tempfile
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from elman.errors import UnknownName
from elman.lab.findings import Findings
from elman.lab.study import Study
from elman.lab.workspace import Desk

__all__ = ["WORKED", "answer"]

WORKED = tuple(f"15.{number}" for number in range(1, 11))


def answer(study: Study, settings: Mapping[str, Any] | None = None) -> Findings:
    """Compute a worked answer with the study's own code, under its quick plan.

    Args:
        study: one of the chapter's first ten exercises.
        settings: fields of the study's plan, as values or as text.

    Raises:
        UnknownName: if the exercise has no worked answer, or a setting does not fit its plan.
        TrialFailed: if a trial cannot continue.

    Example:
        >>> from elman.studies import find_study
        >>> answer(find_study("15.10"), {"gradient": "6,8", "threshold": "5"}).summary
        "The gradient's norm is 10; clipped at 5 it becomes [3, 4], of norm 5."
    """
    if study.exercise not in WORKED:
        raise UnknownName(
            f"got {study.exercise}, expected an exercise from 15.1 to 15.10; `elman study {study.exercise}` runs it"
        )
    plan = study.plan(True, settings)
    records, started = [], time.process_time()
    with tempfile.TemporaryDirectory() as folder:
        for trial in study.trials(plan):
            records.append(replace(study.run(plan, trial, Desk(Path(folder) / trial.name)), trial=trial))
    found = study.findings(plan, records)
    return replace(
        found, exercise=study.exercise, name=study.name, title=study.title, seconds=time.process_time() - started
    )
