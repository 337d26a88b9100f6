"""The encoding of a text file: a byte order mark, UTF-8, UTF-16, or a code page, never without saying which."""

import codecs
from collections.abc import Iterator
from pathlib import Path

from elman.data.errors import DataError

__all__ = ["encoding_of", "text_of"]

MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"),
)  # fmt: skip
# Code pages of other scripts than the Latin one. Western files have few bytes above 127, too few to guess from.
SCRIPTS = [
    "cp1251", "koi8_r", "cp1253", "cp1255", "cp1256", "cp874", "cp932", "euc_jp", "gb18030", "big5", "cp949",
]  # fmt: skip
SAMPLE = 1 << 18  # bytes that the guess of a code page looks at
CHUNK = 1 << 20


def encoding_of(path: Path, raw: bytes, encoding: str = "") -> tuple[str, str]:
    r"""Return the encoding of a file's bytes, and a sentence on how it was found (empty for UTF-8).

    A byte order mark decides; then UTF-8 without a fault; then UTF-16 without a mark, if every second byte is zero;
    then, if most letters lie above ASCII and charset-normalizer recognises the language, a code page of that script;
    else Windows-1252 (or Latin-1, where Windows-1252 has no such character).

    Args:
        path: the file, for the message.
        raw: its bytes.
        encoding: the encoding, if it is known; the bytes must then decode.

    Raises:
        DataError: if the bytes are not text, or do not decode by the encoding given or marked.

    Example:
        >>> encoding_of(Path("a.csv"), "größer".encode("utf-16"))[0]
        'utf-16'
        >>> encoding_of(Path("a.csv"), "größer".encode("cp1252"))[1]
        'the text is not UTF-8 and was read as cp1252; name its encoding if it is another'
    """
    if encoding:
        try:
            encoding = codecs.lookup(encoding).name
        except (LookupError, ValueError):
            raise DataError(f"no encoding {encoding[:40]!r}; there are utf-8, utf-16, cp1252 and others") from None
        if encoding == "utf-8":
            encoding = "utf-8-sig"
        return _checked(path, raw, encoding), ""
    for mark, marked in MARKS:
        if raw.startswith(mark):
            return _checked(path, raw, marked), "" if marked == "utf-8-sig" else f"the text is {marked.upper()}"
    if 0 in raw:
        if guess := _unmarked_16(raw):
            return _checked(path, raw, guess), f"the text is {guess.upper()} without a byte order mark"
        raise DataError(f"{path} is not text: it holds a zero byte at offset {raw.index(0):,}")
    if _decodes(raw, "utf-8"):
        return "utf-8", ""
    found = _script(raw) or ("cp1252" if _decodes(raw, "cp1252") else "latin-1")
    return found, f"the text is not UTF-8 and was read as {found}; name its encoding if it is another"


def text_of(path: Path, raw: bytes, encoding: str = "") -> str:
    r"""Return a file's text in any encoding that :func:`encoding_of` finds, with ``"\n"`` as line end.

    Raises:
        DataError: as :func:`encoding_of` does.
    """
    name, _ = encoding_of(path, raw, encoding)
    return raw.decode(name).replace("\r\n", "\n").replace("\r", "\n")


def _pieces(raw: bytes) -> Iterator[tuple[bytes, bool]]:
    for at in range(0, max(1, len(raw)), CHUNK):
        yield raw[at : at + CHUNK], at + CHUNK >= len(raw)


def _fault(raw: bytes, encoding: str) -> str | None:
    """Return why bytes do not decode, or None; a piece at a time, so that no second copy is held."""
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        for piece, last in _pieces(raw):
            if "\0" in decoder.decode(piece, last):
                return "it holds a zero character"
    except UnicodeError as error:
        return getattr(error, "reason", str(error))
    return None


def _decodes(raw: bytes, encoding: str) -> bool:
    return _fault(raw, encoding) is None


def _checked(path: Path, raw: bytes, encoding: str) -> str:
    if (fault := _fault(raw, encoding)) is not None:
        raise DataError(f"{path} is not text in {encoding.removesuffix('-sig').upper()}: {fault}")
    return encoding


def _unmarked_16(raw: bytes) -> str:
    """Return UTF-16 in the byte order in which most high bytes are zero and hardly a low one, or an empty text."""
    head = raw[: 1 << 12]
    if len(raw) % 2 == 0 and len(head) >= 8:
        even, odd = head[::2].count(0), head[1::2].count(0)
        half = len(head) // 2
        for name, high, low in (("utf-16-le", odd, even), ("utf-16-be", even, odd)):
            if high > 0.8 * half and low < 0.1 * half:
                return name
    return ""


def _script(raw: bytes) -> str:
    """Return the code page of a non-Latin script, if the text is mostly of such letters and its language is known."""
    head = raw[:SAMPLE]
    high, letters = sum(byte > 127 for byte in head), sum(65 <= byte & ~32 <= 90 for byte in head if byte < 128)
    if high < 20 or high < letters / 2:
        return ""
    try:
        from charset_normalizer import from_bytes
    except ImportError:  # only elman[lab] brings it
        return ""
    best = from_bytes(head, cp_isolation=SCRIPTS, preemptive_behaviour=False).best()
    return best.encoding if best and best.coherence >= 0.2 and _decodes(raw, best.encoding) else ""
