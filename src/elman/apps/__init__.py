"""Tasks from a user's file to a saved model and back: fit, score, use.

>>> from elman.apps import task_names
>>> "classify" in task_names()
True
"""

from typing import TYPE_CHECKING

from elman.lazy import lazily

if TYPE_CHECKING:
    from elman.apps.fitting.contract import Columns, Request
    from elman.apps.fitting.run import fit, score
    from elman.apps.fitting.saving import load
    from elman.apps.tasks import task_names

__all__ = ["Columns", "Request", "fit", "load", "score", "task_names"]

__getattr__, __dir__ = lazily(
    __name__,
    {
        "Columns": "elman.apps.fitting.contract",
        "Request": "elman.apps.fitting.contract",
        "fit": "elman.apps.fitting.run",
        "load": "elman.apps.fitting.saving",
        "score": "elman.apps.fitting.run",
        "task_names": "elman.apps.tasks",
    },
)
