"""A user's tagged sentences: CoNLL-U, or plain columns with a word and its tag a line and an empty line between."""

from collections import Counter
from pathlib import Path

from elman.data.errors import DataError
from elman.data.own_lines import own_lines
from elman.data.records import Records, listed, many
from elman.data.sentences import SKIPPED, Sentence

__all__ = ["read_tagged"]

CONLLU = {"upos": 3, "xpos": 4}
DOCUMENT = "-DOCSTART-"


def read_tagged(path: Path, column: str = "", encoding: str = "") -> Records[Sentence]:
    """Read sentences with a tag for each word.

    Args:
        path: a CoNLL-U file (ten columns), or lines of a word, a tab or spaces, and its tag, with an empty line after
            each sentence; other columns may be between them, as in CoNLL-2003.
        column: the tags' column. CoNLL-U: ``"upos"`` (default) or ``"xpos"``; else its number, from 2; default the
            last.
        encoding: see :func:`elman.data.encodings.encoding_of`.

    Returns:
        The sentences. Comments, multiword tokens and empty nodes of CoNLL-U, and the lines ``-DOCSTART-`` of
        CoNLL-2003, are no words. A sentence with a malformed line is left out, and ``understood`` names the line.

    Raises:
        DataError: if the file is not text, has no tagged sentences or no such column, or half of its sentences or
            more are malformed.

    Example:
        >>> from pathlib import Path
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     _ = Path(folder, "my.tsv").write_text("The\\tDET\\ncat\\tNOUN\\n\\nGo\\tVERB\\n")
        ...     found = read_tagged(Path(folder, "my.tsv"))
        >>> found.records[0].words, found.records[1].tags
        (('The', 'cat'), ('VERB',))
        >>> print(found.understood[0])
        my.tsv has 2 sentences of 3 words with 3 tags; a word is in column 1 and its tag in column 2.
    """
    lines, said = own_lines(path, encoding)
    is_conllu = _is_conllu(lines)
    tabs = any("\t" in line for line in lines)
    place = _place(path, column, is_conllu)
    sentences: list[Sentence] = []
    aside: list[str] = []
    width = 0
    words: list[str] = []
    tags: list[str] = []
    fault = ""
    for number, line in enumerate([*lines, ""], 1):
        if not line.strip():
            if fault:
                aside.append(fault)
            elif words:
                sentences.append(Sentence(tuple(words), tags=tuple(tags)))
            words, tags, fault = [], [], ""
            continue
        if (is_conllu and line.startswith("#")) or line.startswith(DOCUMENT):
            continue
        cells = [cell.strip() for cell in (line.split("\t") if tabs else line.split())]
        if is_conllu and SKIPPED.fullmatch(cells[0]):
            continue
        width = width or len(cells)
        at = place if place is not None else width - 1
        if len(cells) != width or at >= width or width < 2 or not cells[int(is_conllu)] or not cells[at]:
            fault = fault or f"line {number} {line[:40]!r}"
            continue
        words.append(cells[int(is_conllu)])
        tags.append(cells[at])
    if not sentences or len(aside) >= len(sentences):
        first = f"; the first that is not: {aside[0]}" if aside else ""
        raise DataError(f"{path} has no tagged sentences: expected a word, a tab and its tag a line{first}")
    counts = Counter(tag for one in sentences for tag in one.tags)
    total = sum(len(one.words) for one in sentences)
    where = f"column {place + 1 if place is not None else width}"
    kind = "CoNLL-U, " if is_conllu else ""
    said.append(
        f"{path.name} has {kind}{many(len(sentences), 'sentence')} of {many(total, 'word')} with "
        f"{many(len(counts), 'tag')}; "
        f"a word is in column {1 + is_conllu} and its tag in {where}."
    )
    if aside:
        said.append(f"Left out {many(len(aside), 'sentence')}, because a line has other columns: {listed(aside)}.")
    return Records(sentences, said)


def _is_conllu(lines: list[str]) -> bool:
    first = next((line for line in lines if line.strip() and not line.startswith("#")), "")
    cells = first.split("\t")
    return len(cells) == 10 and (cells[0] == "1" or bool(SKIPPED.fullmatch(cells[0])))


def _place(path: Path, column: str, is_conllu: bool) -> int | None:
    if is_conllu:
        if (column or "upos") not in CONLLU:
            raise DataError(f"{path} is CoNLL-U; its tags are in upos or xpos, got {column!r}")
        return CONLLU[column or "upos"]
    if not column:
        return None
    if not (column.isascii() and column.isdigit() and int(column) >= 2):
        raise DataError(f"{path}: expected the number of the tags' column, from 2, got {column!r}")
    return int(column) - 1
