"""Records on disk: one folder a trial, ``record.json`` with ``arrays.npz`` beside it."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import TypeAdapter

from elman.files import write_atomically, write_text
from elman.lab.study import Record, Trial

__all__ = ["load_record", "save_record"]


def save_record(folder: Path, record: Record, fingerprint: str) -> None:
    """Write a record; it counts as saved only once ``record.json`` stands, which is written last.

    Raises:
        OSError: if the folder cannot be written or the disk is full.
    """
    if record.arrays:
        write_atomically(folder / "arrays.npz", lambda file: np.savez(file, **record.arrays))
    plain = asdict(record)
    plain["arrays"] = sorted(record.arrays)
    write_text(folder / "record.json", json.dumps({"fingerprint": fingerprint, **plain}, indent=1))


def load_record(folder: Path, fingerprint: str) -> Record | None:
    """Return the record saved in ``folder``, or None where there is none, or it was made from something
    else, or it is damaged: the trial is then to be run (again)."""
    try:
        plain: dict[str, Any] = json.loads((folder / "record.json").read_bytes())
        if plain.pop("fingerprint") != fingerprint:
            return None
        names = plain.pop("arrays")
        _ADAPTER.validate_json(json.dumps(plain), strict=True)
        arrays = {}
        if names:
            with (folder / "arrays.npz").open("rb") as file, np.load(file, allow_pickle=False) as saved:
                arrays = {name: saved[name] for name in names}
        return Record(**{**plain, "arrays": arrays, "trial": Trial(**plain["trial"])})
    except Exception:  # whatever a damaged byte leads json, zipfile and numpy to
        return None


_ADAPTER = TypeAdapter(Record)
