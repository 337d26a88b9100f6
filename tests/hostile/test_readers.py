"""Files that are anything but what they should be: every reader says so in one line, and none takes them."""

import pickle
import random
import zipfile

import pytest

from elman.train.checkpoint import load_checkpoint

from .damage import damaged
from .patience import patience
from .subjects import SUBJECTS, sound


def fed(subject, data, folder):
    """What a reader makes of some bytes: what it found, checked against them, or what it said."""
    path = folder / subject.file
    path.write_bytes(data)
    with patience():
        try:
            found = subject.read(path)
        except (ValueError, OSError) as error:
            assert str(error).strip()
            assert not subject.names_file or subject.file in str(error), f"which file? {error}"
            return str(error)
        subject.holds(found, data)
    return found


@pytest.mark.parametrize("subject", SUBJECTS, ids=lambda subject: subject.name)
def test_the_sound_file_is_taken(subject, tmp_path):
    assert not isinstance(fed(subject, sound(subject), tmp_path), str)


def some_damage(subject, first, count, folder):
    for seed in range(first, first + count):
        try:
            fed(subject, damaged(sound(subject), random.Random(f"{subject.name} {seed}")), folder)
        except BaseException as error:
            error.add_note(f"{subject.name}, seed {seed}, {folder / subject.file}")
            raise


@pytest.mark.parametrize("subject", SUBJECTS, ids=lambda subject: subject.name)
def test_damaged_files(subject, tmp_path):
    some_damage(subject, 0, 30, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("subject", SUBJECTS, ids=lambda subject: subject.name)
def test_many_damaged_files(subject, tmp_path):
    some_damage(subject, 30, 400, tmp_path)
