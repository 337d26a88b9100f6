"""The catalogue: every data set there is, what it is, where it comes from and on what terms.

A data set is one file in ``data/sets``: its docstring says what it holds, its ``SET`` declares the rest. The
file's name is the set's name.
"""

import importlib
import pkgutil
from dataclasses import dataclass
from functools import cache

from elman.errors import named

__all__ = ["DataFile", "DataSet", "all_sets", "find_set"]

RAW = "https://raw.githubusercontent.com/{repository}/{commit}/{path}"


@dataclass(frozen=True)
class DataFile:
    """One file: its place below the data folder, size in bytes, checksum, and address.

    ``url`` is None where the file is not, byte for byte, to be had at its source.
    """

    path: str
    bytes: int
    sha256: str
    url: str | None


@dataclass(frozen=True)
class DataSet:
    """What is known of a data set.

    Args:
        title: one line.
        licence: terms as the source states them.
        citation: the work to cite.
        serves: what it is good for.
        folder: its folder below the data folder.
        sources: ``repository@commit`` of each source.
        files: a line a file, ``sha256 bytes path source:path``; the last is ``-`` for a file that was
            changed from its source.
    """

    title: str
    licence: str
    citation: str
    serves: str
    folder: str
    sources: tuple[str, ...]
    files: str

    def __iter__(self):
        """Iterate over the set's :class:`DataFile` s."""
        for line in self.files.split("\n"):
            if line.strip():
                sha256, size, path, origin = line.split()
                yield DataFile(f"{self.folder}/{path}", int(size), sha256, self._url(origin))

    def _url(self, origin: str) -> str | None:
        if origin == "-":
            return None
        source, _, path = origin.partition(":")
        repository, _, commit = self.sources[int(source)].partition("@")
        return RAW.format(repository=repository, commit=commit, path=path)

    @property
    def bytes(self) -> int:
        """Size of all files."""
        return sum(file.bytes for file in self)


@cache
def all_sets() -> dict[str, DataSet]:
    """Every data set, by name.

    Example:
        >>> all_sets()["tinyshakespeare"].bytes
        1115394
    """
    from elman.data import sets

    names = sorted(module.name for module in pkgutil.iter_modules(sets.__path__))
    return {name: importlib.import_module(f"elman.data.sets.{name}").SET for name in names}


def find_set(name: str) -> DataSet:
    """Return a data set by name.

    Raises:
        UnknownName: with the nearest names.
    """
    sets = all_sets()
    return sets[named("data set", name, sets)]


def about(name: str) -> str:
    """Return what a data set holds: its file's docstring, without the title."""
    find_set(name)
    doc = importlib.import_module(f"elman.data.sets.{name}").__doc__ or ""
    return doc.partition("\n")[2].strip()
