"""The lines of an ABC file: tunes, header fields, and the music of each voice (ABC standard 2.1, sections 2 to 4)."""

import re
from dataclasses import dataclass, field
from pathlib import Path

from elman.data.errors import DataError
from elman.data.reading import decoded, read_bytes

__all__ = ["Written", "read_abc_text", "split_book", "split_tune"]

FIELD = re.compile(r"([A-Za-z]):(?![|:])(.*)")  # "A:|" is a note and a repeat
IN_MUSIC = "KLMP"  # fields that hold from their place in the music on
_BLOCK = re.compile(r"%%\s*begin(\w+)")
_SETTING = re.compile(r"(?:%%|I:)\s*(propagate-accidentals)\s+(\w+)")
_VOICE = re.compile(r"\[V:\s*([^\]]*)\]")


@dataclass
class Written:
    """A tune as written: header fields (the last of each, the first title), and the music of each voice in order."""

    fields: dict[str, str] = field(default_factory=dict)
    voices: dict[str, str] = field(default_factory=dict)  # voice -> music
    properties: dict[str, str] = field(default_factory=dict)  # voice -> the rest of its V: field, such as its clef
    settings: dict[str, str] = field(default_factory=dict)
    text_after: bool = False  # whether text follows the empty line that ends the tune


def read_abc_text(path: Path) -> str:
    """Return the text of an ABC file: UTF-8, or Latin-1 if it says so or is not UTF-8, as older collections are.

    Raises:
        DataError: if the file cannot be read or contains a zero byte.
    """
    raw = read_bytes(path)
    try:
        return decoded(path, raw)
    except DataError:
        if 0 in raw:
            raise
        return decoded(path, raw.decode("latin-1").encode())


def split_book(text: str) -> tuple[str, list[str]]:
    """Return the file header, which counts for every tune, and the tunes, each from its ``X:`` line."""
    head, *tunes = re.split(r"^X:", text, flags=re.MULTILINE)
    return head, ["X:" + tune for tune in tunes]


def split_tune(text: str, head: str = "") -> Written:
    """Return the parts of a tune: it ends at an empty line, and its header ends with the field ``K:``.

    Comments, blocks of text (``%%begintext``), lyrics, and lines in the header that are not fields (continued
    histories) are left out.

    Args:
        text: header and body.
        head: the file header.

    Raises:
        DataError: if there is no ``K:`` field or a macro.
    """
    tune = Written()
    for line in _lines(head, tune):
        if (found := FIELD.match(line)) and found[1] in "LM":
            tune.fields[found[1]] = found[2].strip()
    now, started = "", False
    for line in _lines(text, tune):
        if not line:
            if started:
                break
            continue
        started = True
        found = FIELD.match(line)
        if found is None:
            if "K" in tune.fields:
                for k, part in enumerate(_VOICE.split(line)):
                    if k % 2:
                        now = _voice(tune, part)
                    else:
                        tune.voices[now] = f"{tune.voices.get(now, '')}{part}\n"
            continue
        name, value = found[1], found[2].strip()
        if name == "m" and not re.match(r"[~H-Yh-w]", value):
            raise DataError("defines a macro (m:); write its notes out")
        if name == "V":
            now = _voice(tune, value)
        elif "K" not in tune.fields:
            if name == "T" and "T" in tune.fields:
                continue
            tune.fields[name] = value
        elif name in IN_MUSIC:
            tune.voices[now] = f"{tune.voices.get(now, '')}[{name}:{value.replace(']', ' ')}]\n"
    if "K" not in tune.fields:
        raise DataError("has no key (K:) before its music or an empty line; add one, such as K:C")
    return tune


def _lines(text: str, tune: Written) -> list[str]:
    """Return the stripped lines of a tune without comments and text blocks; note its settings and what follows it.

    A line that was only a comment is left out, since only an empty line ends a tune.
    """
    kept: list[str] = []
    block, ended = "", False
    for line in map(str.strip, text.split("\n")):
        if block:
            block = "" if re.match(rf"%%\s*end{block}\b", line) else block
        elif opened := _BLOCK.match(line):
            block = opened[1]
        elif setting := _SETTING.match(line):
            tune.settings[setting[1]] = setting[2]
        elif ended:
            tune.text_after |= bool(line) and not line.startswith("%")
        else:
            plain = re.sub(r"(?<!\\)%.*", "", line).rstrip()
            if plain or not line:
                kept.append(plain)
            ended = not line and any(kept)
    return kept


def _voice(tune: Written, value: str) -> str:
    name, _, rest = value.strip().partition(" ")
    if name == "*":
        raise DataError("has a part for all voices at once (V:*), which is not supported; write it in each voice")
    tune.properties[name] = f"{tune.properties.get(name, '')} {rest}".strip()
    return name
