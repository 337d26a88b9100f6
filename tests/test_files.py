"""Atomic writes: the old file or the new one, never half of either."""

import errno
import os

import pytest

from elman.files import write_atomically, write_text


def test_written_whole(tmp_path):
    write_text(tmp_path / "new" / "file", "größer")
    assert (tmp_path / "new" / "file").read_bytes() == "größer".encode()


@pytest.mark.parametrize("where", ["write", "fsync"])
def test_a_full_disk_leaves_the_old_file_and_no_litter(tmp_path, monkeypatch, where):
    path = tmp_path / "file"
    write_text(path, "old")

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    if where == "fsync":
        monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_atomically(path, full if where == "write" else lambda file: file.write(b"new"))
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


def test_interrupted_it_leaves_the_old_file(tmp_path):
    path = tmp_path / "file"
    write_text(path, "old")

    def interrupted(file):
        file.write(b"half")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_atomically(path, interrupted)
    assert [p.read_text() for p in tmp_path.iterdir()] == ["old"]
