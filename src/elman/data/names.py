"""Names by culture: a real list, the user's own lists, or names of invented cultures.

Lists are cleaned and deduplicated first: a name that occurs both in training and in the test would be memorised. A
name of two cultures keeps both.

The invented cultures are phonotactic grammars. Each has its own onsets, vowels, codas and endings, and shares letters
with the others, so that a classifier needs more than one letter.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from elman.data.catalogue import find_set
from elman.data.errors import DataError, NotHere
from elman.data.files import find
from elman.data.name_lists import LONGEST, MARKS, clean, cleaned, read_lists
from elman.data.reading import read_lines
from elman.errors import nearest

__all__ = ["LONGEST", "MARKS", "SHARES", "Names", "clean", "invented", "names", "of_lists", "split"]

REAL = "names_by_language"
SHARES = MappingProxyType({"training": 0.6, "check": 0.08, "judge": 0.17, "test": 0.15})

Pair = tuple[str, str]  # culture, name


@dataclass(frozen=True)
class Names:
    """Distinct names by culture, both sorted, the number of lines read, the licence, and what was left out."""

    name: str
    by_culture: Mapping[str, tuple[str, ...]]
    lines: int
    licence: str
    understood: tuple[str, ...] = ()

    @property
    def cultures(self) -> tuple[str, ...]:
        """The cultures, sorted."""
        return tuple(self.by_culture)

    @property
    def pairs(self) -> list[Pair]:
        """All pairs of a culture and one of its names."""
        return [(culture, name) for culture, own in self.by_culture.items() for name in own]

    @property
    def sha256(self) -> str:
        """Checksum of the names after cleaning."""
        return hashlib.sha256(json.dumps(self.pairs).encode()).hexdigest()


def names(source: str = "auto") -> Names:
    """Return names by culture.

    Args:
        source: ``"names_by_language"``, real surnames of 18 languages; ``"invented"``, names of :func:`invented`;
            ``"auto"``, the real names if this machine has them, else the invented ones; or a folder with a file
            ``Culture.txt`` per culture, or one such file, one name per line. What is left out of them is listed, with
            its line, in ``understood``.

    Raises:
        NotHere: if the real names are not on this machine; the message says how to get them.
        DataError: if the folder or its files are missing, or a file is not text or has no names.

    Example:
        >>> names("invented").cultures
        ('Brakh', 'Ilume', 'Keshti', 'Nwamba', 'Ostvik', 'Tareno')
    """
    if source == "auto":
        try:
            return names(REAL)
        except NotHere:
            return names("invented")
    if source == "invented":
        return of_lists("invented", {culture: invented(culture, 400) for culture in _GRAMMARS}, "our own")
    if source == REAL:
        data_set = find_set(REAL)
        files = [find(data_set, file.path.removeprefix(f"{data_set.folder}/")) for file in data_set]
        return of_lists(REAL, {file.stem: read_lines(file) for file in files}, data_set.licence)
    path = Path(source)
    if not path.exists():
        raise DataError(f"no names {source!r}: not a folder or a name{nearest(source, [REAL, 'invented', 'auto'])}")
    lists, said = read_lists(path)
    return of_lists(path.name, lists, "the user's own", said)


def split(pairs: Sequence[Pair], seed: int = 0) -> dict[str, list[Pair]]:
    """Split names at random; a name is in one part only, whatever its culture and capitals.

    Args:
        pairs: cultures with their names.
        seed: the same seed gives the same parts.

    Returns:
        The parts of :data:`SHARES`, each sorted: ``training``; ``check``, for model selection; ``judge``, to train
        the judges of samples; ``test``.

    Example:
        >>> parts = split(names("invented").pairs)
        >>> {part: round(len(own) / len(names("invented").pairs), 2) for part, own in parts.items()}
        {'training': 0.6, 'check': 0.08, 'judge': 0.17, 'test': 0.15}
    """
    distinct = sorted({name.casefold() for _, name in pairs})
    places = np.random.default_rng(seed).permutation(len(distinct))
    ends = np.cumsum(list(SHARES.values()))[:-1] * len(distinct)
    part = dict(zip(distinct, np.searchsorted(ends, places, side="right"), strict=True))
    shared: dict[str, list[Pair]] = {name: [] for name in SHARES}
    for culture, name in pairs:
        shared[list(SHARES)[part[name.casefold()]]].append((culture, name))
    return shared


def of_lists(
    source: str, lists: Mapping[str, Sequence[str]], licence: str = "the user's own", understood: Sequence[str] = ()
) -> Names:
    """Return the names in the lines of each culture.

    Args:
        source: name of the source.
        lists: lines by culture; a line that is no name is left out, and ``understood`` names it.
        licence: of the lists.
        understood: sentences about how the lists were read, to put first.

    Raises:
        DataError: if a culture has no name.

    Example:
        >>> of_lists("mine", {"X": ["Bea 2", "St. John", "Anna (f)"]}).understood
        ("X: left out 1 line: line 3 'Anna (f)' ('(' is not part of a name).",)
    """
    by_culture, said = cleaned(source, lists)
    return Names(source, by_culture, sum(map(len, lists.values())), licence, (*understood, *said))


class _Grammar(NamedTuple):
    """The parts of a culture's syllables; spaces separate the choices, and ``_`` is the empty choice."""

    onsets: str
    vowels: str
    codas: str
    endings: str
    syllables: tuple[float, ...]  # chances of one, two, ... before the ending
    harmony: tuple[str, str] = ("", "")  # vowels that do not occur together in a name


_GRAMMARS = MappingProxyType({
    "Brakh": _Grammar("b br d dr g gr k kr r t v z", "a o u au", "kh r rk g rd n _", "akh or ug ak und", (0.6, 0.4)),
    "Ilume": _Grammar("l m n v s f h _", "i e ia ea u ae", "_ _ _ l n", "me lis wen riel nue", (0.3, 0.5, 0.2)),
    "Keshti": _Grammar("k sh t p s n r y zh", "e i a", "_ _ sh k n st", "ti eshti ani ik ak", (0.5, 0.4, 0.1)),
    "Nwamba": _Grammar("nw mb k t nd ng w b s z", "a o e i u", "_", "a o amba eka uru", (0.2, 0.5, 0.3)),
    "Ostvik": _Grammar("s st sk h b j t v k l", "e i y a o u", "_ r l n nd rs", "vik sen dal strom by", (0.7, 0.3),
                       ("eiy", "aou")),
    "Tareno": _Grammar("t r n l c m p f b d tr br", "a e i o", "_ _ _ n r l", "eno ara etti ola one", (0.3, 0.5, 0.2))
})  # fmt: skip


@cache
def invented(culture: str, count: int, seed: int = 0) -> tuple[str, ...]:
    """Return distinct names of an invented culture.

    Args:
        culture: ``"Brakh"``, ``"Ilume"``, ``"Keshti"``, ``"Nwamba"``, ``"Ostvik"`` or ``"Tareno"``.
        count: number of names, at most 1,000.
        seed: the same seed gives the same names.

    Raises:
        KeyError: if the culture is unknown.
        ValueError: if the count is out of range.

    Example:
        >>> len(set(invented("Tareno", 50))), invented("Tareno", 50)[0].istitle()
        (50, True)
    """
    if not 0 <= count <= 1000:
        raise ValueError(f"count must be from 0 to 1000, got {count}")
    grammar, drawn = _GRAMMARS[culture], {}
    random = np.random.default_rng([seed, *culture.encode()])
    while len(drawn) < count:
        drawn[_written(grammar, random)] = None
    return tuple(drawn)


def _written(grammar: _Grammar, random: np.random.Generator) -> str:
    def pick(choices: str) -> str:
        return str(random.choice(choices.split())).replace("_", "")

    vowels = grammar.vowels
    if any(grammar.harmony):
        banned = grammar.harmony[random.integers(2)]
        vowels = " ".join(vowel for vowel in vowels.split() if vowel not in banned)
    count = 1 + random.choice(len(grammar.syllables), p=grammar.syllables)
    syllables = [pick(grammar.onsets) + pick(vowels) + pick(grammar.codas) for _ in range(count)]
    return ("".join(syllables) + pick(grammar.endings)).capitalize()
