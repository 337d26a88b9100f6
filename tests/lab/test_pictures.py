"""Pictures: they show what the library computes, and nothing for a plan that does not fit."""

import re
from xml.etree import ElementTree

import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from elman.decode import beam_search
from elman.lab.findings import Findings, Heatmap
from elman.lab.pictures import PICTURES, picture_of
from elman.lab.pictures.arrows import draw_clipping
from elman.lab.pictures.tree import draw_tree
from elman.lab.tunes import PIANO_ROLL, notes_of
from elman.studies import all_studies

TABLE = {"first": (0.4, 0.35, 0.2, 0.05), "after_a": (0.1, 0.3, 0.5, 0.1), "after_b": (0.6, 0.2, 0.05, 0.15),
         "after_c": (0.25, 0.25, 0.25, 0.25), "width": 2}  # fmt: skip
RAISED = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")
NEVER = (0.0, 0.0, 0.0, 1.0)


def said(svg: str) -> str:
    return next(element.text or "" for element in ElementTree.fromstring(svg).iter("desc"))


def words(svg: str) -> list[str]:
    return [element.text or "" for element in ElementTree.fromstring(svg).iter("text")]


@pytest.mark.parametrize("name", PICTURES)
def test_every_picture_is_drawn_from_its_studys_plan_and_within_its_frame(name):
    (study,) = [one for one in all_studies() if one.folder_name == name]
    found = picture_of(Findings("", exercise=study.exercise, name=study.name, plan=vars(study.plan())), "p")
    assert found is not None
    title, drawing = found
    root = ElementTree.fromstring(f"<div>{drawing}</div>")
    assert title
    assert all(one.get("role") == "img" for one in root)
    for svg in root:
        _, _, width, height = map(float, (svg.get("viewBox") or "").split())
        for text in svg.iter("text"):
            x, half = float(text.get("x") or 0), 0.27 * 13 * len(text.text or "")
            left = x if text.get("text-anchor") == "start" else x - half
            assert left > -4
            assert left + 2 * half < width + 4
            assert 0 < float(text.get("y") or 0) < height
        assert "font:13px" in drawing or "font:600 13px" in drawing  # readable on a phone, where a unit is a pixel


@pytest.mark.parametrize(
    ("exercise", "name", "plan"),
    [
        ("15.8", "beam-search", None),
        ("15.8", "beam-search", {"first": "x"}),
        ("15.8", "beam-search", {**TABLE, "width": 9}),
        ("15.10", "gradient-clipping", {"gradient": [1.0, 2.0, 3.0], "threshold": 1.0}),
        ("15.10", "gradient-clipping", {"gradient": ["nan", 2.0], "threshold": 1.0}),
        ("15.6", "bidirectional-shapes", {"steps": 20, "num_layers": 10, "hidden_size": 8}),
        ("15.99", "other", TABLE),
    ],
)
def test_a_plan_that_does_not_fit_has_no_picture(exercise, name, plan):
    assert picture_of(Findings("", exercise=exercise, name=name, plan=plan), "p") is None


def test_the_tree_of_the_exercise():
    assert said(draw_tree(TABLE, "p")) == (
        "A beam of width 2 keeps A and B after step 1 and B A (0.21) and A C (0.2) after step 2. "
        "All other hypotheses are pruned and drawn dashed."
    )


ROW = st.lists(st.integers(1, 1000), min_size=4, max_size=4, unique=True).map(lambda row: [v / sum(row) for v in row])


@settings(max_examples=25, deadline=None)
@given(st.lists(ROW, min_size=4, max_size=4), st.integers(1, 4))
def test_the_tree_keeps_what_beam_search_keeps(rows, width):
    first, *after = rows
    assume(3 not in sorted(range(4), key=lambda token: -first[token])[:width])
    plan = {"first": first, **dict(zip(("after_a", "after_b", "after_c"), after, strict=True)), "width": width}
    table = torch.tensor([[*row, 0.0] for row in (*after, NEVER, first)], dtype=torch.float64).log()
    start = torch.tensor([[4]])
    found = beam_search(
        lambda tokens, state: (table[tokens], state), start, max_length=2, eos=3, beam_width=width, n_best=width
    )
    expected = [float(f"{p:.3g}") for p in found.log_probs[0].exp().tolist() if p > 0]
    drawn = re.findall(r"\(([^)]+)\)", said(draw_tree(plan, "p")))
    shown = [float(one.replace("×10", "e").translate(RAISED)) for one in drawn]
    assert shown == pytest.approx(expected[: len(shown)], rel=0.06)


@settings(deadline=None)
@given(st.tuples(*[st.floats(-1e4, 1e4)] * 2), st.floats(0.01, 1e4))
def test_any_gradient_is_drawn_within_its_frame_or_refused(gradient, threshold):
    try:
        drawn = draw_clipping({"gradient": gradient, "threshold": threshold}, "p")
    except ValueError:
        return
    root = ElementTree.fromstring(drawn)
    _, _, width, height = map(float, (root.get("viewBox") or "").split())
    for path in root.iter("path"):
        x0, y0, x1, y1 = map(float, re.findall(r"-?[\d.]+", path.get("d") or ""))
        assert all(-1 <= x <= width + 1 for x in (x0, x1))
        assert all(-1 <= y <= height + 1 for y in (y0, y1))


def test_a_gradient_below_the_threshold_stays():
    shown = words(draw_clipping({"gradient": (0.3, -0.4), "threshold": 1.0}, "p"))
    assert "before: [0.3, −0.4], norm 0.5" in shown
    assert "after: [0.3, −0.4], norm 0.5" in shown


def test_a_piano_roll_gives_its_notes_back():
    from elman.apps.piano_roll import piano_roll, roll
    from elman.data.music.melody import Melody, Note

    notes = (62, 4), (-1, 2), (61, 2), (62, 1), (62, 1), (54, 6)
    tune = Melody(tuple(Note(*note) for note in notes))
    assert notes_of(piano_roll(roll(tune), "Tune")) == [[0, 4, 62], [6, 2, 61], [8, 1, 62], [9, 1, 62], [10, 6, 54]]


@pytest.mark.parametrize(
    "figure",
    [
        Heatmap("H", "x", "y", [[2.0]], (), ["D4"], unit="nats"),
        Heatmap("H", "x", "y", [[2.0]], (), ["row 1"], unit=PIANO_ROLL),
        Heatmap("H", "x", "y", [[2.0]], unit=PIANO_ROLL),
    ],
)
def test_another_heat_map_has_no_notes(figure):
    assert notes_of(figure) == []
