"""The catalogue of data sets: content, source and licence of each.

Each data set is one file in ``data/sets``. Its docstring describes the content, and its ``SET`` declares the rest.
The file's name is the set's name.
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
    """One file: its path below the data folder, size in bytes, checksum, and URL.

    ``url`` is None if the source does not offer the same bytes.
    """

    path: str
    bytes: int
    sha256: str
    url: str | None


@dataclass(frozen=True)
class DataSet:
    """The declaration of a data set.

    Args:
        title: one line.
        licence: terms as the source states them.
        citation: the work to cite.
        serves: tasks the set is suited to.
        folder: its folder below the data folder.
        sources: ``repository@commit`` of each source.
        files: one line per file, ``sha256 bytes path source:path``; ``source:path`` is ``-`` for a file that differs
            from its source.
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
        """Total size of the files."""
        return sum(file.bytes for file in self)


@cache
def all_sets() -> dict[str, DataSet]:
    """Return every data set, by name.

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
        UnknownName: if no set has this name; the message suggests the nearest names.
    """
    sets = all_sets()
    return sets[named("data set", name, sets)]


def about(name: str) -> str:
    """Return the description of a data set: its file's docstring without the title."""
    find_set(name)
    doc = importlib.import_module(f"elman.data.sets.{name}").__doc__ or ""
    return doc.partition("\n")[2].strip()
