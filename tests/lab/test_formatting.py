"""Numbers and verdicts in words, and text that may hold anything."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elman.lab.findings import Claim, Findings, Verdict
from elman.lab.formatting import bound, chapter_order, column, measured, number, tally, visible
from elman.lab.prose import article_html, prose_html

CELLS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0.0, "0"), (-0.00012, "−0.00012"), (1234.5678, "1,235"), (10**400, None), (math.nan, "not a number"),
     (1e-320, "1×10⁻³²⁰"), (9.9999e9, "9,999,900,000"), (True, "1"), (-3, "−3")],
)  # fmt: skip
def test_numbers(value, shown):
    assert number(value) == (shown or f"{value:,}")


@given(st.lists(CELLS, max_size=6))
def test_any_column_can_be_written(cells):
    written, _ = column(cells)
    assert len(written) == len(cells)
    assert all(isinstance(cell, str) for cell in written)


def test_numbers_of_one_column_have_as_many_decimals():
    assert column([1.5512, 12.3, 3.0]) == (["1.551", "12.300", "3.000"], True)
    assert column([0.5, "n/a"])[1] is False
    assert column(["1.23 ± 0.04", "12 %", "-2.5 to -1"])[1] is True


def test_claims_in_words():
    claim = Claim("k", "S.", "source", "nats", at_least=1, at_most=2)
    assert bound(claim) == "1 to 2 nats"
    assert bound(Claim("k", "S.", "source")) == "any value"
    assert measured(Verdict(claim, 1.5, -math.inf, math.inf, 1, "undecided"))[1] == "one run, no interval"
    assert measured(Verdict(claim, math.nan, math.nan, math.nan, 0, "undecided"))[0] == "nothing measured"
    assert tally([]) == []


def test_the_order_of_the_chapter():
    numbers = ["15.12", "15.2", "A", "", "16.1", "15.2.1"]
    ordered = sorted((Findings(exercise=n, summary="") for n in numbers), key=chapter_order)
    assert [one.exercise for one in ordered] == ["", "A", "15.2", "15.2.1", "15.12", "16.1"]


def test_prose_cannot_run_or_load():
    html = prose_html("<b>x</b> ![i](http://evil.example/i.png) [j](javascript:alert(1)) <script>1</script>")
    assert not any(tag in html for tag in ("<b>", "<img", "<script", 'href="javascript'))


def test_an_article_loses_its_title_and_keeps_its_structure():
    html = article_html("Title.\n\nMethod\n------\nA list:\n\n- *one*\n- `h_{t-1}`\n\nCode::\n\n    x = 1\n", "Title")
    assert "Title" not in html
    for part in (
        "<h3>Method</h3>",
        "<li><em>one</em></li>",
        "<code>h_{t-1}</code>",
        "<p>Code:</p>",
        "<pre><code>x = 1",
    ):
        assert part in html


@given(st.text())
def test_what_cannot_be_written_is_shown(text):
    visible(text + "\ud800").encode("utf-8")
    prose_html(text)
