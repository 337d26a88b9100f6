"""A user's pairs of texts, to learn the second from the first: two parallel files, a table, or inflected forms."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Literal

from elman.data.copying import Example
from elman.data.errors import DataError
from elman.data.own_lines import own_lines
from elman.data.records import Records, listed, many
from elman.data.tokens import tokenise

__all__ = ["TextPairs", "Units", "read_text_pairs"]

Units = Literal["auto", "words", "characters"]
Row = tuple[int, tuple[str, ...], str, str]  # line, features, source, target


@dataclass(frozen=True)
class TextPairs(Records[Example]):
    """Pairs of a source and a target.

    Args:
        records: the pairs; a source's features come before the rest of it.
        understood: what was read and left out, in sentences.
        units: what the texts are split into: ``"words"`` or ``"characters"``.
        features: the features of each pair, empty if the pairs are not inflected forms.
        inflected: whether the targets are inflected forms of the sources.
    """

    units: str
    features: list[tuple[str, ...]]
    inflected: bool


def read_text_pairs(
    path: Path, target: Path | None = None, units: Units = "auto", tokeniser: str = "words", encoding: str = ""
) -> TextPairs:
    """Read pairs of a source and a target.

    Args:
        path: lines of a source, a tab and its target; or lemma, form and features with tabs between, as in SIGMORPHON
            (``walk``, ``walked``, ``V;PST``), whose source is then the features and the lemma; or, with ``target``,
            the sources, a line each.
        target: the targets, as many lines.
        units: what the texts are split into; ``"auto"`` takes characters for inflected forms and where most texts
            are one word, else words.
        tokeniser: how texts are split into words: see :func:`elman.data.tokens.tokenise`.
        encoding: see :func:`elman.data.encodings.encoding_of`.

    Returns:
        The pairs. Lines with an empty side or another number of columns are left out; ``understood`` names them.

    Raises:
        DataError: if a file is not text, there are no pairs, or two files differ in their number of lines.
        UnknownName: if there is no such tokeniser.
    """
    lines, said = own_lines(path, encoding)
    aside: list[str] = []
    if target is not None:
        others, about = own_lines(target, encoding)
        said += about
        if len(lines) != len(others):
            raise DataError(
                f"{path} has {len(lines):,} lines and {target} {len(others):,}; parallel files have as many"
            )
        rows = [(number, (), a, b) for number, (a, b) in enumerate(zip(lines, others, strict=True), 1)]
        form = f"{path.name} and {target.name} have a source and its target in the same line"
        inflected = False
    else:
        rows, form, inflected = _rows(path, lines, aside)
    whole: list[Row] = []
    for number, features, source, to in rows:
        if source.strip() and to.strip():
            whole.append((number, features, source.strip(), to.strip()))
        elif source.strip() or to.strip():
            aside.append(f"line {number} (a side is empty)")
    if not whole:
        raise DataError(f"{path} has no pairs; expected a source, a tab and its target in each line")
    if units == "auto":
        spaces = median(text.count(" ") for _, _, source, to in whole for text in (source, to))
        units = "characters" if inflected or spaces < 1 else "words"

    def split(text: str) -> list[str]:
        return list(text) if units == "characters" else tokenise(tokeniser, text)

    records = [Example((*features, *split(source)), tuple(split(to))) for _, features, source, to in whole]
    said.insert(0, f"{form}: {many(len(records), 'pair')}, read as {units}.")
    if aside:
        said.append(f"Left out {many(len(aside), 'line')}: {listed(aside)}.")
    return TextPairs(records, said, units, [features for _, features, _, _ in whole], inflected)


def _rows(path: Path, lines: Sequence[str], aside: list[str]) -> tuple[list[Row], str, bool]:
    cells = [(number, line.split("\t")) for number, line in enumerate(lines, 1) if line.strip()]
    widths = [len(row) for _, row in cells]
    if not widths:
        raise DataError(f"{path} is empty; expected a source, a tab and its target in each line")
    width = max(set(widths), key=widths.count)
    if width not in (2, 3):
        raise DataError(f"{path} has {width} columns; expected a source, a tab and its target in each line")
    kept = []
    for number, row in cells:
        if len(row) == width:
            kept.append((number, row))
        else:
            aside.append(f"line {number} ({many(len(row), 'column')}, the others have {width})")
    if width == 2:
        return (
            [(number, (), a, b) for number, (a, b) in kept],
            f"{path.name} has a source, a tab and its target",
            False,
        )
    marked = [sum(";" in row[k] for _, row in kept) for k in (1, 2)]
    if 2 * max(marked) < len(kept):
        raise DataError(f"{path} has three columns, and none holds features like V;PST; expected source, tab, target")
    place = 2 if marked[1] >= marked[0] else 1
    rows = [(number, tuple(row[place].split(";")), row[0], row[3 - place]) for number, row in kept]
    order = "lemma, form and features" if place == 2 else "lemma, features and form"
    return rows, f"{path.name} has {order}; the features and the lemma are the source", True
