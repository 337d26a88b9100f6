"""Figures: whole SVG files, the same every time, whatever the numbers are."""

import json
import math
import re
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elman.lab.figures import describe, draw, inline_svg, write_figures
from elman.lab.findings import Curves, Findings, Heatmap, Series, Trajectory

NUMBERS = st.floats() | st.sampled_from([0.0, -1.0, 5e-324, 1e-320, 1e308, -1e308])


def words(svg: str) -> list[str]:
    return [text for element in ElementTree.fromstring(svg).iter() if (text := (element.text or "").strip())]


def line(name: str = "LSTM", **changed) -> Series:
    return Series(**{"name": name, "x": [1, 10, 100], "y": [1e-4, 1e-2, 1.0], **changed})


def test_a_figure_has_its_title_axes_and_names():
    shown = words(draw(Curves("Loss", "step", "nats", [line("LSTM"), line("GRU", y=[1, 2, 3])], log_x=True)))
    assert {"Loss", "step", "nats", "LSTM", "GRU", "10", "100"} <= set(shown)


def test_powers_of_ten_on_a_logarithmic_axis():
    assert "10⁻⁴" in words(draw(Curves("Norm", "t", "norm", [line(y=[1e-8, 1e-4, 1.0])], log_y=True)))


def test_lines_that_end_together_get_a_legend_and_apart_their_names_beside_them():
    together = [line(str(i), y=[i, i, 5.0]) for i in range(6)]
    assert 'id="legend_1"' in draw(Curves("Six", "x", "y", together))
    apart = [line(str(i), y=[1, 1, float(i)]) for i in range(6)]
    assert 'id="legend_1"' not in draw(Curves("Six", "x", "y", apart))


def test_a_small_heat_map_shows_its_values_and_a_large_one_does_not():
    shown = words(draw(Heatmap("Map", "x", "y", [[0.123, math.nan], [1.0, 2.0]], unit="share")))
    assert {"0.12", "1.00", "share"} <= set(
        shown
    )  # as many decimals in every cell, and no more than the largest bears
    assert "0.123" not in words(draw(Heatmap("Map", "x", "y", [[0.123] * 30] * 30)))


@pytest.mark.parametrize(
    ("figure", "message"),
    [
        (Curves("C", "x", "y", [line(y=[1.0])]), "has 3 x, 1 y"),
        (Curves("C", "x", "y", [line(low=[1.0], high=[1.0, 2.0, 3.0])]), "3 x, 3 y, 1 low, 3 high"),
        (Trajectory("T", "x", "y", [1.0], [], ["a"], ["n"]), "got 1 x, 0 y, 1 marks, 1 notes"),
        (Trajectory("T", "x", "y", [], [], [], []), "at least one step"),
        (Heatmap("H", "x", "y", []), "of no row"),
        (Heatmap("H", "x", "y", [[1.0], [1.0, 2.0]]), r"lengths \[1, 2\]"),
        (Heatmap("H", "x", "y", [[1.0]], ["a", "b"]), "needs 1 x_ticks, got 2"),
    ],
)
def test_numbers_that_do_not_fit_are_refused(figure, message):
    with pytest.raises(ValueError, match=message):
        draw(figure)


@settings(max_examples=15, deadline=None)
@given(
    st.lists(st.tuples(NUMBERS, NUMBERS), max_size=4),
    st.booleans(),
    st.sampled_from(["line", "dashed", "points"]),
)
def test_any_numbers_can_be_drawn(points, log, style):
    x, y = [p[0] for p in points], [p[1] for p in points]
    figure = Curves("Any", "x", "y", [Series("a", x, y, y, y, style), Series("b", x, y)], log_x=log, log_y=log)
    assert describe(figure)
    ElementTree.fromstring(draw(figure))


@settings(max_examples=15, deadline=None)
@given(st.lists(st.lists(NUMBERS, min_size=2, max_size=2), min_size=1, max_size=3))
def test_any_matrix_can_be_drawn(values):
    figure = Heatmap("Any", "x", "y", values)
    assert describe(figure)
    ElementTree.fromstring(draw(figure))


def test_a_drawing_for_the_page_is_small_and_of_the_pages_colours():
    figure = Curves("Loss", "step", "nats", [line(), line("GRU")])
    drawing = inline_svg(figure, "f1")
    assert "var(--c0)" in drawing
    assert "var(--ink)" in drawing
    assert "<style" not in drawing
    assert len(drawing) < 24_000  # two drawings, for a wide window and for a phone
    assert drawing == inline_svg(figure, "f1")
    ids = {part.split('"')[0] for part in drawing.split(' id="')[1:]}
    assert all(name.startswith("f1-") for name in ids)


def test_long_series_are_thinned():
    steps = list(range(50_000))
    noisy = [math.sin(s * s) for s in steps]
    assert len(inline_svg(Curves("Long", "x", "y", [Series("a", steps, noisy, noisy, noisy)]), "f")) < 160_000


def test_figures_are_written_as_files(tmp_path):
    figures = [Curves("Loss, while *training*", "x", "y", [line()]), Heatmap("日本", "x", "y", [[1.0]])]
    findings = Findings(exercise="15.1", title="T", article="A.", summary="S.", figures=figures)
    written = write_figures(findings, tmp_path / "figures")
    assert [path.name for path in written] == ["1-loss-while-training.svg", "2-figure.svg"]
    for path in written:
        ElementTree.parse(path)


def test_the_ring_stands_where_the_path_is_drawn():
    """The slider's places, against the path that matplotlib printed."""
    walk = Trajectory("Walk", "x", "y", [0.0, 1.0, 4.0], [2.0, -1.0, 3.0], ["(", "<", ")"], ["a", "b & c", '"'])
    page = inline_svg(walk, "f1")
    root = ElementTree.fromstring(f"<div>{page}</div>")
    reported = json.loads(root[1].attrib["data-walk"])
    assert reported["marks"] == ["(", "<", ")"]
    assert reported["notes"] == ["a", "b & c", '"']
    paths = [element.attrib.get("d", "") for element in root[0].iter() if element.tag == "path"]
    drawn = [[float(v) for v in re.findall(r"-?[\d.]+", d)] for d in paths]
    assert len(reported["places"]) == 2  # the wide drawing and the one for a phone
    for places in reported["places"]:
        flat = [v for place in places for v in place]
        assert any(len(d) == 6 and max(abs(a - b) for a, b in zip(d, flat, strict=True)) < 0.1 for d in drawn)


def test_heat_maps_with_the_same_limits_give_a_value_the_same_colour():
    """Two maps whose values differ: without limits each would have its own scale."""
    from elman.lab.heatmaps import draw_heatmap

    maps = [Heatmap("H", "x", "y", [[-1.0, top]], limits=(-4.0, 1.0)) for top in (0.5, -3.0)]
    drawn = [draw_heatmap(one).axes[0].images[0] for one in maps]
    assert {image.get_clim() for image in drawn} == {(-4.0, 1.0)}
    assert drawn[0].cmap(drawn[0].norm(-1.0)) == drawn[1].cmap(drawn[1].norm(-1.0))


def test_each_of_few_seeds_is_a_thin_line_and_many_are_a_band():
    from elman.lab.curves import draw_curves
    from elman.lab.over_seeds import across

    few, many = (across("GRU", [1, 2, 3], [[1.0 + seed, 2.0, 3.0] for seed in range(n)]) for n in (4, 5))
    axes = [draw_curves(Curves("C", "x", "y", [one])).axes[0] for one in (few, many)]
    assert [len(one.lines) for one in axes] == [5, 1]
    assert [len(one.collections) for one in axes] == [0, 1]
    with pytest.raises(ValueError, match="2 in seed 0"):
        draw(Curves("C", "x", "y", [line(seeds=[[1.0, 2.0]])]))


def test_the_colours_of_a_path_are_ordered_and_do_not_repeat():
    from matplotlib.colors import to_rgb

    from elman.lab.trajectories import draw_trajectory

    cloud = [Series(f"depth {d}", [d], [d], style="points") for d in range(9)]
    figure = draw_trajectory(Trajectory("T", "x", "y", [0.0], [0.0], ["("], ["depth 1"], cloud))
    shades = [to_rgb(one.get_color()) for one in figure.axes[0].lines[:9]]
    light = [0.299 * r + 0.587 * g + 0.114 * b for r, g, b in shades]
    assert light == sorted(light)
    assert len(set(shades)) == 9


def test_on_a_phone_no_word_is_small():
    name = "a rather long name of a series, which has to be wrapped to two lines, number"
    long = [line(f"{name} {n}", y=[1, 2, n]) for n in range(9)]
    columns, rows = [f"word {n}" for n in range(30)], [f"unit {n}" for n in range(24)]
    figures = [
        Curves("Loss", f"the axis of {name}", f"the value of {name}", long, log_x=True),
        Heatmap("Map", "x", "y", [[0.5] * 30] * 24, columns, rows),
        Trajectory("Walk", "x", "y", [0, 1], [0, 1], ["a", "b"], ["", ""], [line(f"depth {n}") for n in range(7)]),
    ]
    for figure in figures:
        root = ElementTree.fromstring(f"<div>{inline_svg(figure, 'f')}</div>")
        (slim,) = [svg for svg in root.iter("svg") if "slim" in (svg.get("class") or "")]
        assert float((slim.get("viewBox") or "").split()[2]) < 355  # pixels of the column on a phone of 390
        sizes = re.findall(r"font(?:-size)?:\s*([\d.]+)px", ElementTree.tostring(slim, encoding="unicode"))
        assert sizes
        assert min(map(float, sizes)) >= 12
