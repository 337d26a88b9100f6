"""``elman report`` where the results cannot be written to."""

import errno
import os

import pytest

from elman.lab.findings import Findings


@pytest.fixture
def results(tmp_path):
    Findings("It was found.", exercise="15.1", title="A toy").save(tmp_path / "results/15.1-toy/quick/findings.json")
    return tmp_path / "results"


def test_another_file(elman, results, tmp_path):
    said = elman("report", results, "--out", tmp_path / "elsewhere" / "my.html")
    assert said == f"{tmp_path / 'elsewhere' / 'my.html'}\n"
    assert "It was found." in (tmp_path / "elsewhere" / "my.html").read_text()
    assert not (results / "book.html").exists()


def test_a_folder_that_is_read_only(elman, results, monkeypatch):
    import tempfile

    def read_only(**place):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS), f"{place['dir']}/unfinished")

    monkeypatch.setattr(tempfile, "mkstemp", read_only)
    assert elman("report", results, code=1) == (
        f"elman: Read-only file system; `elman report {results} --out FILE` writes the book elsewhere: "
        f"{results / 'book.html'}\n"
    )
