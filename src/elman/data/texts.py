"""Text for language models: by name, from the user's own file, or from Python's documentation."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from elman.data.catalogue import find_set
from elman.data.errors import DataError, NotHere
from elman.data.files import find
from elman.data.reading import read_text
from elman.errors import nearest

__all__ = ["Text", "split", "text"]

SHORTEST = 2
NAMED = ("tinyshakespeare", "wikitext2")


@dataclass(frozen=True)
class Text:
    """A text, its checksum and its licence."""

    name: str
    text: str
    sha256: str
    licence: str


def text(name: str = "auto") -> Text:
    """Return a text.

    Args:
        name: ``"tinyshakespeare"`` or ``"wikitext2"``; ``"pydoc"``, the English prose that comes with every
            CPython, about 465,000 characters; ``"auto"``, tinyshakespeare if this machine has it, else
            pydoc; or the path of a UTF-8 file.

    Raises:
        NotHere: if a named text is not on this machine; the message says how to get it.
        DataError: if the file is missing, empty, too short, binary or not UTF-8, or its checksum is wrong.

    Example:
        >>> text("pydoc").text[:12].strip() != ""
        True
    """
    if name == "auto":
        try:
            return text("tinyshakespeare")
        except NotHere:
            return text("pydoc")
    if name == "pydoc":
        return _pydoc()
    if name in NAMED:
        data_set = find_set(name)
        return _read(find(data_set), name, data_set.licence)
    path = Path(name)
    if not path.exists():
        raise DataError(
            f"no text {name!r}: it is neither a file nor a name{nearest(name, [*NAMED, 'pydoc', 'auto'])}"
        )
    return _read(path, path.name, "the user's own")


def split(text: str, training: float = 0.9) -> tuple[str, str]:
    """Split a text into a first part for training and the rest for validation.

    Args:
        text: the text.
        training: share of the first part, between 0 and 1.

    Raises:
        ValueError: if a part would have fewer than two characters.

    Example:
        >>> split("abcdefghij", 0.8)
        ('abcdefgh', 'ij')
    """
    cut = int(training * len(text))
    if min(cut, len(text) - cut) < SHORTEST:
        raise DataError(
            f"a text of {len(text)} characters is too short to be split at {training:.0%}; "
            f"both parts need at least {SHORTEST}"
        )
    return text[:cut], text[cut:]


def _read(path: Path, name: str, licence: str) -> Text:
    if path.is_dir():
        raise DataError(f"{path} is a folder; give a text file")
    return _checked(name, read_text(path), licence, str(path))


def _checked(name: str, content: str, licence: str, shown: str) -> Text:
    if not content.strip():
        raise DataError(f"{shown} holds no text")
    if len(set(content)) < SHORTEST:
        raise DataError(f"{shown} holds only the character {content[0]!r}; a model needs at least two distinct ones")
    return Text(name, content, hashlib.sha256(content.encode()).hexdigest(), licence)


def _pydoc() -> Text:
    """Return the help topics of this Python, sorted by name; they differ a little between versions."""
    from pydoc_data import topics

    content = "\n".join(topics.topics[name] for name in sorted(topics.topics))
    return _checked("pydoc", content, "PSF licence (Python's documentation)", "pydoc_data.topics")
