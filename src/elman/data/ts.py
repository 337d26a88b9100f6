"""Reader of the UEA archive's ``.ts`` files: labelled sequences of vectors, of any length."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from elman.data.errors import DataError
from elman.data.reading import number, read_lines

__all__ = ["LabelledSequence", "read_ts"]


LARGEST = float(np.finfo(np.float32).max)


@dataclass(frozen=True)
class LabelledSequence:
    """One sequence ``[T, C]`` and its label."""

    values: np.ndarray
    label: str


def read_ts(path: Path) -> list[LabelledSequence]:
    """Read a file: after ``@data`` each line has the channels and then the label, separated by ``:``.

    Raises:
        DataError: if a line is malformed, has no label, or has another number of channels than the lines before; the
            message names the line.
    """
    records: list[LabelledSequence] = []
    data = False
    for line_number, line in enumerate(read_lines(path), start=1):
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        if not data:
            data = line.lower() == "@data"
            continue
        *channels, label = line.split(":")
        where = f"{path}, line {line_number}"
        read = [[number(v) for v in channel.split(",")] for channel in channels]
        if len(set(map(len, read))) != 1 or not (np.abs(values := np.array(read)) <= LARGEST).all():
            raise DataError(f"{where}: a sequence needs at least one channel of finite numbers, all of one length")
        if not label.strip():
            raise DataError(f"{where}: the label after the last colon is missing")
        if records and len(read) != (before := records[0].values.shape[1]):
            raise DataError(f"{where}: got {len(read)} channels, expected {before} as in the sequences before")
        records.append(LabelledSequence(values.T.astype(np.float32), label.strip()))
    if not records:
        raise DataError(f"{path} holds no sequences after @data")
    return records
