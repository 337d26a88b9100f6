"""Models of all tasks in folders of one form."""

import json
from pathlib import Path
from typing import Any

from elman.apps.fitting.contract import Columns, Fitted
from elman.nn.saving import save_made

__all__ = ["columns_of", "load", "save"]


def save(folder: Path, fitted: Fitted, columns: Columns) -> None:
    """Write a trained model into a folder.

    Args:
        folder: the folder; created if missing.
        fitted: the model.
        columns: the columns that it was trained on, read again when a table is scored.

    Raises:
        OSError: if the folder cannot be written.
    """
    notes = fitted.notes | {"task": fitted.task, "columns": vars(columns)}
    save_made(folder, fitted.module, fitted.settings, notes)


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


def columns_of(fitted: Fitted) -> Columns:
    """Return the columns that a loaded model was trained on."""
    kept = dict(fitted.notes.get("columns") or {})
    kept["values"] = tuple(kept.get("values", ()))
    return Columns(**kept)
