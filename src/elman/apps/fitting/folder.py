"""The folder of a fit: what was asked, how far it came, and what it found."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from elman.apps.fitting.contract import Request
from elman.data.errors import DataError

__all__ = ["CHECKPOINT", "PLAN", "REPORT", "begun", "plan_of"]

PLAN, REPORT, CHECKPOINT = "plan.json", "report.json", "checkpoint.safetensors"


def plan_of(
    task: str, files: Sequence[Any], valid: Sequence[Any], test: Sequence[Any], request: Request, minutes: float,
    updates: int | None,
) -> dict[str, Any]:  # fmt: skip
    """Return all that decides what is fitted, as plain data."""
    if not files:
        raise ValueError(f"fit {task} needs at least one file")
    read = {
        part: {str(path): _checksum(Path(path)) for path in paths}
        for part, paths in (("training", files), ("validation", valid), ("test", test))
    }
    asked = {"minutes": minutes} if updates is None else {"updates": updates}
    return json.loads(json.dumps({"task": task, "files": read, "request": asdict(request), **asked}))


def _checksum(path: Path) -> str:
    """Return the SHA-256 of a file, or of the names and contents of all files in a folder."""
    try:
        if not path.is_dir():
            with path.open("rb") as file:
                return hashlib.file_digest(file, "sha256").hexdigest()
        every = sorted(one for one in path.rglob("*") if one.is_file())
        return hashlib.sha256(repr([(str(one), _checksum(one)) for one in every]).encode()).hexdigest()
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror}") from None


def begun(folder: Path, plan: dict[str, Any]) -> dict[str, Any]:
    """Return what an earlier call with the same plan left in the folder: the number of updates and the report."""
    try:
        held = json.loads((folder / PLAN).read_bytes())
    except FileNotFoundError:
        if folder.is_dir() and any(folder.iterdir()):
            raise ValueError(f"{folder} is not empty and holds no model; give another --out") from None
        return {}
    except ValueError:
        held = {}
    if held.get("plan") != plan:
        differs = [name for name in plan if held.get("plan", {}).get(name) != plan[name]]
        raise ValueError(
            f"{folder} holds a model of other {', '.join(differs)}; give another --out, or delete the folder"
        )
    if (folder / REPORT).exists():
        held["report"] = (folder / REPORT).read_text("utf-8")
    return held
