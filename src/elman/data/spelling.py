"""A dictionary with word frequencies, pairs of wrong and right spellings, and the split of both by word."""

import hashlib
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from elman.data.catalogue import find_set
from elman.data.errors import DataError, NotHere
from elman.data.files import find
from elman.data.reading import decoded, read_bytes, read_text

__all__ = ["Dictionary", "dictionary", "misspellings", "of_part", "part", "read_counts", "read_pairs"]

LETTERS = re.compile("[a-z]+")
SAME = 5  # words that share this many first letters are in the same part
Part = Literal["train", "check", "test"]


@dataclass(frozen=True)
class Dictionary:
    """Words of letters a to z with their counts, source and checksum."""

    name: str
    counts: dict[str, int]
    sha256: str


def dictionary(name: str = "auto") -> Dictionary:
    """Return a dictionary.

    Args:
        name: ``"subtitles"``, 47,000 words of the data set ``spelling``; ``"pydoc"``, 3,000 words of the prose that
            comes with Python; ``"auto"``, the first if this machine has it, else the second.

    Raises:
        NotHere: if the dictionary is not on this machine; the message says how to get it.
        DataError: if the name is unknown.

    Example:
        >>> dictionary("pydoc").counts["the"] > 100
        True
    """
    if name == "auto":
        try:
            return dictionary("subtitles")
        except NotHere:
            return dictionary("pydoc")
    if name == "subtitles":
        raw = read_bytes(path := find(find_set("spelling"), "word_frequency_en_50k.txt"))
        return Dictionary(name, read_counts(decoded(path, raw)), hashlib.sha256(raw).hexdigest())
    if name == "pydoc":
        from elman.data.texts import text

        prose = text("pydoc")
        found = Counter(word for word in LETTERS.findall(prose.text.lower()) if len(word) > 1)
        return Dictionary(name, dict(found), prose.sha256)
    raise DataError(f"no dictionary {name!r}; choose auto, subtitles or pydoc")


def read_counts(text: str) -> dict[str, int]:
    """Read lines ``word count``, keeping words of at least two letters a to z.

    Raises:
        DataError: if a line is malformed (the message names it), or no word is left.

    Example:
        >>> read_counts("you 28787591\\n's 14291013\\n")
        {'you': 28787591}
    """
    counts: dict[str, int] = {}
    for number, line in enumerate(text.splitlines(), 1):
        word, _, count = line.strip().partition(" ")
        if not count.isascii() or not count.isdigit() or int(count) < 1:
            raise DataError(f"line {number}: expected a word and a count of at least 1, got {line!r}")
        if LETTERS.fullmatch(word) and len(word) > 1:
            counts[word] = counts.get(word, 0) + int(count)
    if not counts:
        raise DataError("a dictionary needs at least one word of letters a to z, got none")
    return counts


def misspellings() -> list[tuple[str, str]]:
    """Return real misspellings and their corrections, from Wikipedia's list of common misspellings.

    Raises:
        NotHere: if the data set ``spelling`` is not on this machine; the message says how to get it.
    """
    return read_pairs(read_text(find(find_set("spelling"))))


def read_pairs(text: str) -> list[tuple[str, str]]:
    """Read lines ``wrong->right``, keeping pairs of different words of letters a to z.

    Raises:
        DataError: if a line is malformed; the message names it.

    Example:
        >>> read_pairs("absense->absence\\nabsense->absence\\nalot->a lot\\n")
        [('absense', 'absence')]
    """
    pairs: dict[tuple[str, str], None] = {}
    for number, line in enumerate(text.splitlines(), 1):
        wrong, arrow, right = (side.strip() for side in line.partition("->"))
        if not (wrong and arrow and right):
            raise DataError(f"line {number}: expected wrong->right, got {line!r}")
        if LETTERS.fullmatch(wrong) and LETTERS.fullmatch(right) and wrong != right:
            pairs[wrong, right] = None
    return list(pairs)


def part(word: str) -> Part:
    """Return the part that a right word and its misspellings belong to: half train, a tenth checks, four tenths test.

    Words that begin with the same five letters are in the same part, so that a model trained on misspellings of
    "definite" is not tested on "definitely".

    Example:
        >>> part("definite") == part("definitely")
        True
    """
    place = hashlib.sha256(word[:SAME].encode()).digest()[0] * 10 // 256
    return "train" if place < 5 else "check" if place == 5 else "test"


def of_part(words: Iterable[str], wanted: Part) -> list[str]:
    """Return the words of one part, in the given order.

    Example:
        >>> of_part(["absence", "spelling"], "test")
        []
    """
    return [word for word in words if part(word) == wanted]
