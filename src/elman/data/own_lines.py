r"""Text of a user's file in any of the usual encodings, and a sentence that says which one it was taken for."""

import codecs
from pathlib import Path

from elman.data.errors import DataError
from elman.data.reading import decoded, read_bytes

__all__ = ["any_lines", "any_text"]

MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"), (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)  # fmt: skip


def any_text(path: Path, encoding: str = "") -> tuple[str, list[str]]:
    r"""Read a text file in UTF-8, UTF-16, UTF-32 or Windows-1252.

    Args:
        path: the file.
        encoding: name of the encoding, such as ``"shift_jis"``; by default UTF-16 or UTF-32 if the file begins with
            their mark or every other byte is zero, else UTF-8, else Windows-1252.

    Returns:
        The text with ``"\n"`` as line end, and a sentence about the encoding if the file is not UTF-8.

    Raises:
        DataError: if the file cannot be read, is not text, or the encoding is unknown or not the file's.
    """
    raw = read_bytes(path)
    name = encoding or _guess(raw)
    if not encoding and name == "utf-8":
        return decoded(path, raw), []
    try:
        text = raw.decode(name)
    except LookupError:
        raise DataError(
            f"{path}: there is no encoding {encoding!r}; try utf-8, cp1252, latin-1 or shift_jis"
        ) from None
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is not {name}: byte {raw[error.start]:#04x} at offset {error.start:,}") from None
    if "\0" in text:
        raise DataError(f"{path} is not text: it holds a zero byte")
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    shown = "Windows-1252 (Western European)" if name == "cp1252" else name
    return text, [] if encoding else [f"{path.name} is not UTF-8; it was read as {shown}."]


def any_lines(path: Path, encoding: str = "") -> tuple[list[str], list[str]]:
    """Return a text file's lines without their ends, and what :func:`any_text` says of its encoding."""
    text, said = any_text(path, encoding)
    return (text.removesuffix("\n").split("\n") if text else []), said


def _guess(raw: bytes) -> str:
    for mark, name in MARKS:
        if raw.startswith(mark):
            return name
    pairs = len(raw) // 2
    for place, name in ((1, "utf-16-le"), (0, "utf-16-be")):
        if pairs and raw[place::2].count(0) > 0.4 * pairs and raw[1 - place :: 2].count(0) == 0:
            return name
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        controls = sum(byte < 32 and byte not in b"\t\n\r\f" for byte in raw)
        try:
            raw.decode("cp1252")
        except UnicodeDecodeError:
            return "utf-8"
        return "utf-8" if controls else "cp1252"  # binary data is refused as UTF-8 is, with the offset
    return "utf-8"
