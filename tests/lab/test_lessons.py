"""The texts of a study: read whole, or refused by name; and the lines of the source that they name."""

import pytest

from elman.lab.excerpts import excerpt, link_from
from elman.lab.lessons import read_lesson, read_lessons

TEXT = """## Exercise

Reverse *it*.

## Meaning

It is reversed.

## Figure

Loss

## Code

- `elman.cells.rnn:RNNCell`
- `elman.cells.rnn:RNNCell.step`
"""


def test_a_lesson_is_read_by_its_sections(tmp_path):
    (tmp_path / "ex12_char_lm.md").write_text(TEXT)
    (lesson,) = read_lessons(tmp_path).values()
    assert list(read_lessons(tmp_path)) == ["15.12-char-lm"]
    assert (lesson.exercise, lesson.meaning, lesson.figure) == ("Reverse *it*.", "It is reversed.", "Loss")
    assert lesson.code == ("elman.cells.rnn:RNNCell", "elman.cells.rnn:RNNCell.step")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "needs the section Exercise"),
        ("## Exercise\n\nA.\n## Meaning\n\n", "needs the section Meaning"),
        (TEXT.replace("Figure", "Picture"), "got a section 'Picture'"),
    ],
)
def test_a_text_that_is_not_a_lesson_is_refused_by_name(text, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        read_lesson(text)
    (tmp_path / "ex01_a.md").write_text(text)
    with pytest.raises(ValueError, match=r"ex01_a\.md is not a lesson"):
        read_lessons(tmp_path)


def test_an_excerpt_is_the_definition_without_its_docstring():
    one = excerpt("elman.nn.connections:Residual")
    lines = one.file.read_text("utf-8").splitlines()
    assert lines[one.line - 1] == one.text.splitlines()[0] == "class Residual(nn.Module):"
    assert '"""' not in one.text
    assert set(filter(str.strip, one.text.splitlines())) <= set(lines)
    assert one.place == "elman/nn/connections.py"
    method = excerpt("elman.nn.connections:Residual.forward")
    assert method.text.startswith("def forward(")


@pytest.mark.parametrize(
    "name", ["elman.cells.rnn:Absent", "elman.cells.absent:RNNCell", "os:path", "elman:x", "elman.cells.rnn:", "..:a"]
)
def test_a_name_that_is_not_in_the_source_is_refused(name):
    with pytest.raises(ValueError, match="there is no"):
        excerpt(name)


def test_the_source_is_linked_only_within_the_checkout(tmp_path):
    file = excerpt("elman.cells.rnn:RNNCell").file
    root = file.parents[3]
    assert link_from(tmp_path, file) == ""
    if (root / "pyproject.toml").is_file():
        assert link_from(root / "results", file) == "../src/elman/cells/rnn.py"
