"""Records on disk: one folder per trial, with ``record.json`` and ``arrays.npz``."""

import io
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from elman.files import write_atomically
from elman.lab.study import Record, Trial
from elman.sealing import UNSEALED, check_seal, seal

__all__ = ["load_record", "save_record"]


def save_record(folder: Path, record: Record, fingerprint: str) -> None:
    """Write a record; ``record.json`` is written last, and the record counts as saved only if it exists.

    Raises:
        OSError: if the folder cannot be written or the disk is full.
    """
    arrays = b""
    if record.arrays:
        file = io.BytesIO()
        np.savez(file, **record.arrays)
        arrays = file.getvalue()
        write_atomically(folder / "arrays.npz", lambda file: file.write(arrays))
    plain = {"sha256": UNSEALED, "fingerprint": fingerprint, **asdict(record), "arrays": sorted(record.arrays)}
    sealed = seal(json.dumps(plain, indent=1).encode(), arrays)
    write_atomically(folder / "record.json", lambda file: file.write(sealed))


def load_record(folder: Path, fingerprint: str) -> Record | None:
    """Return the record saved in ``folder``, or None if it is missing, damaged, or has another fingerprint; the trial
    must then be run (again)."""
    try:
        data = _read(folder / "record.json")
        plain: dict[str, Any] = json.loads(data)
        if plain.pop("fingerprint") != fingerprint:
            return None
        names = plain.pop("arrays")
        beside = _read(folder / "arrays.npz") if names else b""
        check_seal(data, beside)
        del plain["sha256"]
        arrays = {}
        if names:
            with np.load(io.BytesIO(beside), allow_pickle=False) as saved:
                arrays = {name: saved[name] for name in names}
            if not all(isinstance(array, np.ndarray) for array in arrays.values()):
                return None
        return Record(**{**plain, "arrays": arrays, "trial": Trial(**plain["trial"])})
    except Exception:  # whatever is wrong with the record, the trial can be run again
        return None


def _read(path: Path) -> bytes:
    """Read a regular file; a pipe, for example, might never end."""
    if not path.is_file():
        raise FileNotFoundError(path)
    return path.read_bytes()
