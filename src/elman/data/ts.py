"""Reader of the UEA archive's ``.ts`` files: labelled sequences of vectors, each of its own length."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from elman.data.errors import DataError

__all__ = ["Labelled", "read_ts"]


@dataclass(frozen=True)
class Labelled:
    """One sequence ``[T, C]`` and its label."""

    values: np.ndarray
    label: str


def read_ts(path: Path) -> list[Labelled]:
    """Read a file: after ``@data`` each line holds the channels, separated by ``:``, and last the label.

    Raises:
        DataError: naming the line that is not so.
    """
    records = []
    data = False
    for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1):
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        if not data:
            data = line.lower() == "@data"
            continue
        *channels, label = line.split(":")
        try:
            values = np.array([[float(v) for v in channel.split(",")] for channel in channels], dtype=np.float32)
        except ValueError:
            raise DataError(f"{path}, line {number}: channels must be numbers, all of one length") from None
        if values.ndim != 2 or not np.isfinite(values).all():
            raise DataError(f"{path}, line {number}: a sequence needs at least one channel of finite numbers")
        records.append(Labelled(values.T, label.strip()))
    if not records:
        raise DataError(f"{path} holds no sequences after @data")
    return records
