"""Fit a model to files: read, split, train, score beside a baseline, save."""

import json
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from elman.apps.fitting.budget import updates_within
from elman.apps.fitting.contract import Fitted, Found, Judged, Request, Task
from elman.apps.fitting.folder import CHECKPOINT, PLAN, REPORT, begun, plan_of
from elman.apps.fitting.report import Report, compared
from elman.apps.fitting.saving import load, request_of, save
from elman.apps.fitting.splitting import Parts, split
from elman.apps.fitting.training import Silent, Watch, trained
from elman.files import write_text

__all__ = ["fit", "score"]


def fit(
    task: str,
    files: Sequence[str | Path],
    folder: str | Path,
    *,
    valid: Sequence[str | Path] = (),
    test: Sequence[str | Path] = (),
    request: Request | None = None,
    minutes: float = 5.0,
    updates: int | None = None,
    watch: Watch | None = None,
) -> Report:
    """Fit a model to files, score it on held-out records beside a baseline, and save it.

    An interrupted fit resumes: call it again with the same arguments.

    Args:
        task: name of a task, such as ``"classify"``.
        files: files or folders to learn from.
        folder: folder of the model; created if missing.
        valid: files of validation data; default a part of ``files``.
        test: files to score the model on; default a part of ``files``.
        request: columns, cell, seed and settings.
        minutes: time for the training, turned into a number of updates when it begins; default 5.
        updates: number of updates, in place of ``minutes``.
        watch: sees what happens.

    Returns:
        The report, also saved as ``report.json`` in the folder.

    Raises:
        DataError: if a file cannot be read.
        UnknownName: if the task, a column, the cell or a setting does not exist.
        ValueError: if there is too little to learn from, or the folder holds another model.
        OSError: if the folder cannot be written.
    """
    from elman.apps.tasks import find_task

    chosen, folder, request, watch = find_task(task), Path(folder), request or Request(), watch or Silent()
    plan = plan_of(task, files, valid, test, request, minutes, updates)
    held = begun(folder, plan)
    if "report" in held:
        watch.said(f"{folder} holds this model already; nothing is done again")
        return Report.from_json(held["report"])
    parts, said = _parts(chosen, files, valid, test, request)
    for sentence in said:
        watch.said(sentence)
    torch.manual_seed(request.seed)
    learner = chosen.learner(parts.training, parts.validation, request)
    total = held.get("updates") or updates or updates_within(learner, minutes)
    write_text(folder / PLAN, json.dumps({"plan": plan, "updates": total}, indent=1))
    began = time.monotonic()
    curve = trained(learner, total, folder / CHECKPOINT, watch)
    fitted = learner.finish()
    save(folder, fitted, request)
    judged = fitted.judge(parts.test)
    scores = compared("the model", judged.score, *learner.baseline(parts.test))
    report = _report(fitted, judged, said, scores, curve, time.monotonic() - began)
    write_text(folder / REPORT, report.to_json())
    (folder / CHECKPOINT).unlink(missing_ok=True)
    return report


def score(folder: str | Path, files: Sequence[str | Path], request: Request | None = None) -> Report:
    """Score a saved model on further files.

    Args:
        folder: the model's folder.
        files: files of the form that the model was trained on.
        request: columns, and how a series is resampled and filled; default as in the training.

    Raises:
        DataError: if a file cannot be read.
        ValueError: if the folder holds no model.
    """
    from elman.apps.tasks import find_task

    fitted = load(folder)
    held = request_of(fitted)
    if request is not None:
        named = {name: value for name, value in vars(request.columns).items() if value}
        held = replace(
            held, columns=replace(held.columns, **named), resample=request.resample or held.resample,
            fill=request.fill or held.fill,
        )  # fmt: skip
    found = find_task(fitted.task).read([Path(file) for file in files], held)
    judged = fitted.judge(found.records)
    return _report(fitted, judged, found.said, compared("the model", judged.score))


def _parts(
    task: Task, files: Sequence[Any], valid: Sequence[Any], test: Sequence[Any], request: Request
) -> tuple[Parts, list[str]]:
    """Read and split the files; parts given as files of their own are not split off."""

    def read(paths: Sequence[Any]) -> Found:
        return task.read([Path(path) for path in paths], request)

    main = read(files)
    said = list(main.said)
    given = {name: read(paths) for name, paths in (("validation", valid), ("test", test)) if paths}
    for name, found in given.items():
        said += [f"{name}: {sentence}" for sentence in found.said]
    if len(given) == 2:
        training: Sequence[Any] = main.records
        how = "parts as given"
        parts = Parts(training, given["validation"].records, given["test"].records, how)
    elif "validation" in given:
        raise ValueError("got --valid without --test; give both, or --test alone, which splits validation data off")
    else:
        parts = split(main, request.seed, test="test" not in given)
        if "test" in given:
            parts = replace(parts, test=given["test"].records)
    said.append(parts.said)
    return parts, said


def _report(
    fitted: Fitted, judged: Judged, said: Sequence[str], scores: Any, curve: Sequence[Any] = (), seconds: float = 0.0
) -> Report:
    return Report(fitted.task, tuple(said), scores, tuple(judged.said), tuple(curve), tuple(judged.mistakes), seconds)
