"""Save and load the models of all tasks, in one folder format."""

import json
from pathlib import Path
from typing import Any

from elman.apps.fitting.contract import Columns, Fitted, Request
from elman.nn.saving import save_made

__all__ = ["kind_of", "load", "request_of", "save"]


def save(folder: Path, fitted: Fitted, request: Request) -> None:
    """Write a trained model into a folder.

    Args:
        folder: the folder; created if missing.
        fitted: the model.
        request: how its files were read; further files are read in the same way.

    Raises:
        OSError: if the folder cannot be written.
    """
    read = {"columns": vars(request.columns), "resample": request.resample, "fill": request.fill}
    save_made(folder, fitted.module, fitted.settings, fitted.notes | {"task": fitted.task, "read": read})


def load(folder: str | Path) -> Fitted[Any]:
    """Load a model that ``elman fit`` or a study wrote, ready to be used.

    Args:
        folder: the model's folder.

    Raises:
        ValueError: if the folder holds no such model.
        UnknownName: if its task is not known to this version.
    """
    from elman.apps.tasks import find_task

    folder = Path(folder)
    return find_task(task_of(folder)).load(folder)


def task_of(folder: Path) -> str:
    """Return the name of the task of a saved model.

    Raises:
        ValueError: if the folder holds no model, or one of no task.
    """
    try:
        about: Any = json.loads((folder / "model.json").read_bytes())
        return str(about["notes"]["task"])
    except FileNotFoundError:
        raise ValueError(f"no model in {folder}: model.json is missing; `elman fit` makes one") from None
    except (ValueError, LookupError, TypeError):
        raise ValueError(f"{folder} holds no model of `elman fit`; use the command of its study") from None


def kind_of(folder: Path) -> str:
    """Return the name of the task of a saved model, ``""`` if no fit made it."""
    try:
        return task_of(folder)
    except ValueError:
        return ""


def request_of(fitted: Fitted) -> Request:
    """Return how the files of a loaded model were read."""
    read = dict(fitted.notes.get("read") or {})
    columns = dict(read.get("columns") or {})
    columns["values"] = tuple(columns.get("values", ()))
    settings = {name: str(value) for name, value in fitted.reading.items()}
    return Request(
        Columns(**columns), resample=read.get("resample", ""), fill=read.get("fill", ""), settings=settings
    )
