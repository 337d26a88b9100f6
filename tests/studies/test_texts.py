"""Every study has its texts: the exercise, what it means, and code that is there."""

import re

import pytest

from elman.lab.excerpts import excerpt
from elman.studies import all_studies, lessons

LESSONS = lessons()
STUDIES = {study.folder_name: study for study in all_studies()}


def test_every_study_has_its_lesson_and_every_lesson_its_study():
    assert set(LESSONS) == set(STUDIES)


@pytest.mark.parametrize("name", STUDIES)
def test_the_texts_are_whole_and_of_a_size(name):
    lesson = LESSONS[name]
    assert 15 <= len(lesson.exercise.split()) <= 90
    assert 60 <= len(lesson.meaning.split()) <= 220
    assert re.search(r"\b(not|nor|no|nothing|cannot|neither|only|hardly|little)\b", lesson.meaning), "and what not?"
    assert not re.search(r"https?:|\d+\.\d+ ?%", lesson.meaning), "a number belongs to a run"


@pytest.mark.parametrize("name", STUDIES)
def test_a_coding_exercise_shows_ten_to_thirty_lines_that_are_there(name):
    lesson = LESSONS[name]
    if int(STUDIES[name].exercise.partition(".")[2]) <= 10:
        assert not lesson.code
        return
    lines = [line for part in lesson.code for line in excerpt(part).text.splitlines() if line.strip()]
    assert 8 <= len(lines) <= 32, len(lines)
    assert all(len(line) <= 118 for line in lines)
