"""The tasks of ``elman fit``, one module each; a module's ``TASK`` is found by the module's name."""

import importlib
import pkgutil
from typing import Any

from elman.apps.fitting.contract import Task
from elman.errors import named

__all__ = ["find_task", "task_names"]


def task_names() -> list[str]:
    """Return the names of all tasks, in alphabetical order."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__) if not module.name.startswith("_"))


def find_task(name: str) -> Task[Any]:
    """Return a task by its name.

    Raises:
        UnknownName: if there is no such task; suggests the nearest.

    Example:
        >>> find_task("classify").name
        'classify'
    """
    return importlib.import_module(f"{__name__}.{named('task', name, task_names())}").TASK
