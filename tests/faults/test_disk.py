"""A disk that is full or cannot be written: one line, nothing lost, and the run goes on once it can."""

import errno
import os
import subprocess

import pytest

from .toy import timeless


@pytest.fixture
def disk(tmp_path):
    """A small disk of its own at ``out``."""
    out = tmp_path / "out"
    out.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", "size=128k", "tmpfs", str(out)]
    try:
        mounted = subprocess.run(words, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        mounted = False
    if not mounted:
        pytest.skip("a file system can be mounted by root alone")
    yield out
    subprocess.run(["umount", "-l", str(out)], check=True)


def fill(path):
    with path.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(1024))


def test_a_small_disk(toy, disk):
    settings = {"variants": "a,b", "seeds": 1}
    ballast = disk / "ballast"
    toy.command(variants="a,b,c", seeds=1)
    before = toy.records()
    with pytest.raises(OSError, match="No space left"):
        fill(ballast)
    assert toy.command(code=1, **settings).startswith("elman: No space left on device: ")
    assert len(toy.errors().splitlines()) == 1
    ballast.write_bytes(bytes(ballast.stat().st_size - 3 * 4096))  # room for the plan, and for little else
    toy.command(code=1, **settings)
    assert "No space left on device" in toy.errors()
    assert "Traceback" not in toy.errors()
    assert toy.records().items() >= before.items()
    ballast.unlink()
    assert toy.command(variants="a,b,c", seeds=1) == ""
    assert toy.records() == before
    toy.command(**settings)
    assert set(toy.marks()) == {"a-seed0", "b-seed0", "c-seed0"}


WRITES = ["plan", *["progress", "arrays", "record"] * 2, "findings"]


@pytest.mark.parametrize("place", range(len(WRITES) + 1))
def test_every_write_may_be_the_one_that_finds_no_room(toy, monkeypatch, place):
    expected = timeless(toy.finish(toy.run("undisturbed", variants=("a", "b"), seeds=1)))
    writes, fsync = [], os.fsync

    def full(handle):
        writes.append(handle)
        if len(writes) > place:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        fsync(handle)

    run = toy.run(variants=("a", "b"), seeds=1)
    with monkeypatch.context() as context:
        context.setattr("elman.files.os.fsync", full)
        found = found_or_error(toy, run)
    saved = {path: path.read_bytes() for path in run.folder.rglob("record.json")}
    assert len(saved) == WRITES[:place].count("record")
    if place in (0, 4, 5, 6, 7):  # with a record there are findings to be written
        assert (found.errno, found.filename) == (errno.ENOSPC, str(run.folder / f"{WRITES[place and 7]}.json"))
    else:
        assert (found and timeless(found)) == (expected if place == len(WRITES) else None)
    assert len(run.failed) == (2 - len(saved) if place else 0)
    assert all("seed0: No space left on device: " in line for line in run.failed)
    assert not list(run.folder.rglob(".*.part"))
    assert timeless(toy.finish(toy.run(variants=("a", "b"), seeds=1))) == expected
    assert all(path.read_bytes() == data for path, data in saved.items())


def found_or_error(toy, run):
    try:
        return toy.finish(run)
    except OSError as error:
        return error


def test_a_folder_that_is_read_only(toy, request):
    out = toy.folder / "out"
    if os.getuid() == 0:
        request.getfixturevalue("disk")
        subprocess.run(["mount", "-o", "remount,ro", str(out)], check=True)
    else:
        out.mkdir()
        out.chmod(0o555)
    said = toy.command(code=1, seeds=1)
    assert len(said.splitlines()) == 1
    assert said.startswith(("elman: Read-only file system: ", "elman: Permission denied: "))
    assert not list(out.iterdir())
    assert not toy.marks()


def test_the_plan_cannot_be_written(toy):
    run = toy.run(seeds=1)
    (run.folder / "plan.json").mkdir(parents=True)
    with pytest.raises(IsADirectoryError):
        toy.finish(run)
    (run.folder / "plan.json").rmdir()
    assert toy.finish(run).summary == "2 records"
