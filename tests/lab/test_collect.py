"""Gathering saved findings for the book."""

import warnings
from pathlib import Path

import pytest

from elman.lab.book import collect
from elman.lab.findings import Findings


def save(folder: Path, exercise: str, where: str, summary: str = "") -> None:
    one = Findings(exercise=exercise, name="name", title="Title", article="Article.", summary=summary)
    one.save(folder / where / "findings.json")


def test_collect_follows_the_chapter_and_prefers_the_full_run(tmp_path):
    save(tmp_path, "15.12", "15.12-name/quick", "quick")
    save(tmp_path, "15.12", "15.12-name/full", "full")
    save(tmp_path, "15.2", "15.2-name/quick", "quick")
    save(tmp_path, "15.18", "elsewhere")
    found = collect(tmp_path)
    assert [(one.exercise, one.summary) for one in found] == [
        ("15.2", "quick"),
        ("15.12", "full"),
        ("15.18", ""),
    ]


def test_collect_goes_on_without_damaged_files(tmp_path):
    save(tmp_path, "15.12", "15.12-name/quick", "quick")
    bad = tmp_path / "15.12-name" / "full" / "findings.json"
    bad.parent.mkdir()
    bad.write_text('{"exercise": "15.12", "na')
    reported: list[str] = []
    assert [one.summary for one in collect(tmp_path, reported.append)] == ["quick"]
    assert len(reported) == 1
    assert reported[0].startswith("15.12-name/full/findings.json is left out")
    assert "\n" not in reported[0]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        collect(tmp_path)
    assert len(caught) == 1


def test_collect_from_an_empty_folder(tmp_path):
    with pytest.raises(ValueError, match=r"there is no findings\.json in it"):
        collect(tmp_path)
    (tmp_path / "findings.json").write_bytes(b"\xff\x00")
    with pytest.raises(ValueError, match="can be read"):
        collect(tmp_path, lambda line: None)
