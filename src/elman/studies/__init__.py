"""The 35 studies, one for each exercise (15.1 to 15.35) of a textbook chapter. Listing them imports none of them."""

import sys
from collections.abc import Mapping
from pathlib import Path

from elman.errors import UnknownName, nearest
from elman.lab.lessons import Lesson, read_lessons
from elman.lab.study import Study, studies_in

__all__ = ["all_studies", "find_study", "lessons"]


def all_studies() -> list[Study]:
    """Return every study, in the order of the chapter."""
    return studies_in(sys.modules[__name__])


def find_study(wanted: str) -> Study:
    """Return the study with this exercise number (``15.12``) or name (``char-lm``).

    Raises:
        UnknownName: with the nearest names.
    """
    studies = all_studies()
    for study in studies:
        if wanted in (study.exercise, study.name):
            return study
    names = [name for study in studies for name in (study.exercise, study.name)]
    raise UnknownName(f"no study {wanted!r}{nearest(wanted, names)}")


def lessons() -> Mapping[str, Lesson]:
    """Return the texts of every study, by the name of its results folder, such as ``15.12-char-lm``."""
    return read_lessons(Path(__file__).parent / "texts")
