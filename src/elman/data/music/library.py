"""Collections of melodies by name or from files, and their split by tune."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from elman.data.catalogue import find_set
from elman.data.errors import DataError, NotHere
from elman.data.files import find
from elman.data.music.melody import Melody, edit_distance, spelled
from elman.errors import nearest

__all__ = ["Tunes", "split_tunes", "tunes"]

NAMED = ("nottingham", "grammar")
GRAMMAR_TUNES = 500
ALIKE = 0.4  # normalised edit distance up to which two tunes count as versions of one


@dataclass(frozen=True)
class Tunes:
    """A collection: its name, tunes without repetitions, checksum, terms, and what was left aside and why."""

    name: str
    tunes: tuple[Melody, ...]
    sha256: str
    licence: str
    left_aside: dict[str, int]


def tunes(source: str = "auto") -> Tunes:
    """Return a collection of melodies; of tunes that are the same but for their key, the first is kept.

    Args:
        source: ``"nottingham"``, English folk tunes; ``"grammar"``, tunes that
            :func:`elman.data.music.folk.write_tune` makes, not music that anybody played; ``"auto"``, nottingham
            where this machine has it, else grammar; or an ABC file, a MIDI file, or a folder of such files.

    Raises:
        NotHere: if a named set is not on this machine, with how to get it.
        DataError: if there is nothing of that name, or a file cannot be read.

    Example:
        >>> made = tunes("grammar")
        >>> made.name, len(made.tunes) > 400
        ('grammar', True)
    """
    if source == "auto":
        try:
            return tunes("nottingham")
        except NotHere:
            return tunes("grammar")
    if source == "nottingham":
        data_set = find_set("nottingham")
        places = [file.path.partition("/")[2] for file in data_set]
        books = [find(data_set, place) for place in places if place.endswith(".abc")]
        return _collect(source, tuple(books), data_set.licence)
    if source == "grammar":
        return _grammar()
    path = Path(source)
    if not path.exists():
        known = nearest(source, [*NAMED, "auto"])
        raise DataError(f"no tunes {source!r}: it is neither a file, a folder nor a name{known}")
    inside = sorted(path.rglob("*")) if path.is_dir() else [path]
    files = tuple(file for file in inside if file.suffix.lower() in (".abc", ".mid", ".midi"))
    if not files:
        raise DataError(f"{path} holds no ABC or MIDI file (.abc, .mid, .midi)")
    return _collect(path.name, files, "the user's own")


def split_tunes(
    collection: Sequence[Melody], held_out: float = 0.1
) -> tuple[list[Melody], list[Melody], list[Melody]]:
    """Cut a collection by tune into training, validation and test.

    Versions of one tune, whatever their keys, stay together: those whose shapes differ in fewer than four notes of
    ten (normalised edit distance) form a family. Families go, in an order that only their content decides, to the
    test until it has its share, then to validation, then to training.

    Args:
        collection: the tunes.
        held_out: share of validation, and of the test.

    Raises:
        DataError: if a part would be empty.
        RuntimeError: if rapidfuzz is not installed.
    """
    groups = sorted(_families(tuple(collection)), key=lambda group: min(_digest(tune) for tune in group))
    wanted = max(1, round(held_out * len(collection)))
    parts: list[list[Melody]] = [[], [], []]
    for group in groups:
        place = next((k for k in (2, 1) if len(parts[k]) < wanted), 0)
        parts[place] += group
    if not all(parts):
        raise DataError(
            f"{len(collection)} tunes in {len(groups)} families are too few to split into training, validation and "
            f"test; give at least 3 that differ"
        )
    return parts[0], parts[1], parts[2]


@lru_cache(maxsize=4)
def _families(collection: tuple[Melody, ...]) -> list[list[Melody]]:
    measure = edit_distance()

    words = spelled(collection)
    root = list(range(len(words)))

    def top(k: int) -> int:
        while root[k] != k:
            k = root[k]
        return k

    order = sorted(range(len(words)), key=lambda k: len(words[k]))
    for i, a in enumerate(order):
        for b in order[i + 1 :]:
            if len(words[a]) < (1 - ALIKE) * len(words[b]):
                break  # too different in length, as are all that follow
            limit = int(ALIKE * len(words[b]))
            if measure.distance(words[a], words[b], score_cutoff=limit) <= limit:
                root[top(b)] = top(a)
    groups: dict[int, list[Melody]] = {}
    for k, tune in enumerate(collection):
        groups.setdefault(top(k), []).append(tune)
    return list(groups.values())


def _digest(tune: Melody) -> str:
    return hashlib.sha256(repr(tune.shape).encode()).hexdigest()


def _distinct(found: Iterable[Melody]) -> tuple[tuple[Melody, ...], int]:
    kept: dict[object, Melody] = {}
    count = 0
    for tune in found:
        count += 1
        kept.setdefault((tune.shape, tune.metre), tune)
    return tuple(kept.values()), count - len(kept)


@lru_cache(maxsize=4)
def _collect(name: str, files: tuple[Path, ...], licence: str) -> Tunes:
    from elman.data.music.abc_notation import read_abc
    from elman.data.music.midi import read_midi

    found: list[Melody] = []
    aside: Counter[str] = Counter()
    checksum = hashlib.sha256()
    for file in files:
        checksum.update(file.read_bytes())
        if file.suffix.lower() == ".abc":
            read, left = read_abc(file)
            found += read
            aside.update(left)
        else:
            found.append(read_midi(file))
    kept, repeated = _distinct(found)
    if not kept:
        raise DataError(f"{name} holds no melody that can be used: {dict(aside)}")
    return Tunes(name, kept, checksum.hexdigest(), licence, dict(aside) | {"the same as another": repeated})


@lru_cache(maxsize=1)
def _grammar() -> Tunes:
    from elman.data.music.folk import write_tune

    kept, repeated = _distinct(write_tune(seed) for seed in range(GRAMMAR_TUNES))
    checksum = hashlib.sha256(repr([(t.notes, t.metre, t.key) for t in kept]).encode()).hexdigest()
    return Tunes("grammar", kept, checksum, "made by this project", {"the same as another": repeated})
