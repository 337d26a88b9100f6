"""A user's texts to classify: a folder of folders, a class each, or of files, a class each and a text a line."""

from collections import Counter
from pathlib import Path

from elman.data.errors import DataError
from elman.data.labelled import LabelledText
from elman.data.name_lists import ASIDE
from elman.data.own_lines import own_lines, own_text
from elman.data.records import Records, listed, many

__all__ = ["read_class_folders"]


def read_class_folders(path: Path, encoding: str = "") -> Records[LabelledText]:
    """Read texts with their classes.

    Args:
        path: a folder with a folder of text files for each class, at any depth; or a folder with a file ``Class.txt``
            for each class, a text a line.
        encoding: see :func:`elman.data.encodings.encoding_of`.

    Returns:
        The texts, with a space for each run of spaces and line ends, in the order of the classes and of the files'
        names. Hidden files, files like README, empty texts and files that are not text are left out; ``understood``
        names them.

    Raises:
        DataError: if there is no such folder, or it has fewer than two classes.
    """
    if not path.is_dir():
        raise DataError(f"{path} is not a folder; expected a folder with a folder of texts for each class")
    folders = [one for one in sorted(path.iterdir()) if one.is_dir() and not one.name.startswith(".")]
    said: list[str] = []
    aside: list[str] = []
    records: list[LabelledText] = []
    for place in folders or sorted(path.iterdir()):
        files = sorted(place.rglob("*")) if folders else [place]
        for file in files:
            if not file.is_file() or any(part.startswith(".") for part in file.relative_to(path).parts):
                continue
            name = str(file.relative_to(path))
            if file.stem.lower().startswith(ASIDE) or not (folders or file.suffix.lower() == ".txt"):
                aside.append(f"{name} (not a text of a class)")
                continue
            try:
                texts, about = _texts(file, by_line=not folders, encoding=encoding)
            except DataError as error:
                aside.append(f"{name} ({str(error).removeprefix(f'{file} ')})")
                continue
            said += about
            for text in texts:
                if words := " ".join(text.split()):
                    records.append(LabelledText(words, place.name if folders else place.stem))
                elif folders:
                    aside.append(f"{name} (it is empty)")
    counts = Counter(one.label for one in records)
    if len(counts) < 2:
        raise DataError(
            f"{path} has {many(len(counts), 'class')} with texts, expected at least 2: a folder of texts for each"
        )
    classes = listed([f"{label} ({count:,})" for label, count in counts.items()])
    form = "a folder a class, a file a text" if folders else "a file a class, a line a text"
    said.insert(0, f"{path.name} has {many(len(records), 'text')} of {len(counts):,} classes ({form}): {classes}.")
    if folders and (loose := [one.name for one in sorted(path.iterdir()) if one.is_file()]):
        aside += [f"{name} (in no class's folder)" for name in loose if not name.startswith(".")]
    if aside:
        said.append(f"Left out: {listed(aside)}.")
    return Records(records, said)


def _texts(file: Path, by_line: bool, encoding: str) -> tuple[list[str], list[str]]:
    if by_line:
        return own_lines(file, encoding)
    text, about = own_text(file, encoding)
    return [text], about
