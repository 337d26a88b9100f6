"""What a reader makes of a user's files: the records, and sentences that say what was read and what was left out."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

__all__ = ["Records", "listed", "many"]

Record = TypeVar("Record")
SHOWN = 5  # examples in a sentence


@dataclass(frozen=True)
class Records(Generic[Record]):
    """Records of a user's files.

    Args:
        records: in the order of the files.
        understood: plain sentences: what was read, what was left out and why.
    """

    records: list[Record]
    understood: list[str]


def many(count: int, noun: str) -> str:
    """Return a number of things.

    Example:
        >>> many(1, "line"), many(1200, "line"), many(2, "class")
        ('1 line', '1,200 lines', '2 classes')
    """
    ending = "" if count == 1 else "es" if noun.endswith("s") else "s"
    return f"{count:,} {noun}{ending}"


def listed(found: Sequence[str]) -> str:
    """Return the first few of several things and the number of the others.

    Example:
        >>> listed(["a", "b"]), listed(list("abcdefg"))
        ('a, b', 'a, b, c, d, e and 2 more')
    """
    more = f" and {len(found) - SHOWN:,} more" if len(found) > SHOWN else ""
    return ", ".join(found[:SHOWN]) + more
