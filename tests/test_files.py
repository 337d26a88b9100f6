"""Atomic writes: the old file or the new one, never half of either."""

import errno
import os
import stat

import pytest

from elman.files import first_link, remove_unfinished, write_atomically, write_text


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
    with pytest.raises(OSError, match=r"No space left on device: '.*file'"):
        write_atomically(path, full if where == "write" else lambda file: file.write(b"new"))
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make a device")
def test_a_device_is_written_to_and_stays(tmp_path):
    path = tmp_path / "null"
    os.mknod(path, 0o666 | stat.S_IFCHR, os.makedev(1, 3))
    write_text(path, "gone")
    assert path.is_char_device()


def test_interrupted_it_leaves_the_old_file(tmp_path):
    path = tmp_path / "file"
    write_text(path, "old")

    def interrupted(file):
        file.write(b"half")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_atomically(path, interrupted)
    assert [p.read_text() for p in tmp_path.iterdir()] == ["old"]


def test_what_a_killed_process_left_half_written_is_removed(tmp_path):
    def killed(file):
        (unfinished,) = (path for path in tmp_path.rglob("*") if path.name.startswith(".file."))
        left.append(unfinished.with_name(f".other{unfinished.suffix}"))
        left[-1].write_bytes(b"half")

    left: list = []
    write_atomically(tmp_path / "a" / "file", killed)
    (tmp_path / ".lock").touch()
    remove_unfinished(tmp_path)
    assert sorted(path.name for path in tmp_path.rglob("*")) == [".lock", "a", "file"]
    assert left


def test_the_first_link_on_the_way(tmp_path):
    (tmp_path / "real" / "deep").mkdir(parents=True)
    (tmp_path / "out").symlink_to(tmp_path / "real")
    (tmp_path / "real" / "link").symlink_to(tmp_path / "real" / "deep")
    out = tmp_path / "out"
    assert first_link(out / "deep" / "file", out) is None, "the folder itself may be one"
    assert first_link(out / "link" / "file", out) == out / "link"
    assert first_link(out / "link", out) == out / "link"
