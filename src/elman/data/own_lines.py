"""Lines of a user's text file in any encoding, with a sentence if the encoding had to be guessed."""

from pathlib import Path

from elman.data.encodings import encoding_of
from elman.data.reading import read_bytes

__all__ = ["own_lines", "own_text"]


def own_text(path: Path, encoding: str = "") -> tuple[str, list[str]]:
    r"""Return a file's text, with ``"\n"`` as line end, and a sentence about its encoding if it is not UTF-8.

    Raises:
        DataError: if the file cannot be read, or as :func:`elman.data.encodings.encoding_of` does.
    """
    raw = read_bytes(path)
    name, said = encoding_of(path, raw, encoding)
    text = raw.decode(name).replace("\r\n", "\n").replace("\r", "\n")
    return text.removeprefix("\ufeff"), [f"{path.name}: {said}."] if said else []


def own_lines(path: Path, encoding: str = "") -> tuple[list[str], list[str]]:
    """Return a file's lines without their ends, and what :func:`own_text` says of its encoding."""
    text, said = own_text(path, encoding)
    return (text.removesuffix("\n").split("\n") if text else []), said
