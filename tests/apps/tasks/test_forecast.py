"""A forecaster: what it reads is known at the time, its intervals hold, and it beats the season where it can."""

import numpy as np
import pytest

from elman.apps import Request, fit, load, score
from elman.apps.fitting.contract import Columns
from elman.apps.fitting.splitting import split
from elman.apps.tasks.forecast import TASK, Shape, encoded
from elman.data.errors import DataError

SMALL = {"hidden_size": "16", "horizon": "4", "window": "12"}


def series(count=700, seed=0):
    """A day of 12 steps, and a level that follows its last value: the season alone misses the level."""
    random = np.random.default_rng(seed)
    level = np.zeros(count)
    for k in range(1, count):
        level[k] = 0.97 * level[k - 1] + random.normal()
    return 10 + 3 * np.sin(np.arange(count) * 2 * np.pi / 12) + level


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("data") / "load.csv"
    path.write_text("load\n" + "\n".join(f"{value:.6f}" for value in series()) + "\n")
    return path


@pytest.fixture(scope="module")
def fitted(file, tmp_path_factory):
    folder = tmp_path_factory.mktemp("fit") / "model"
    return folder, fit("forecast", [file], folder, request=Request(settings=SMALL), updates=300)


def test_it_beats_the_season_and_its_intervals_hold(fitted):
    (model, season), verdict = fitted[1].scores
    assert season.of == "the last season (12 steps)"
    assert model.value < 0.8 * season.value
    assert "is better than" in verdict
    assert 0.75 < float(fitted[1].more[0].split("hold ")[2].split("%")[0]) / 100 <= 1


def test_no_window_knows_what_follows(file):
    found = TASK.read([file], Request(settings=SMALL))
    whole = np.loadtxt(file, skiprows=1)
    for k, one in enumerate(found.records):
        place = 24 + k
        np.testing.assert_array_equal(np.concatenate([one.known, one.ahead])[:, 0], whole[: place + 4])
        assert len(one.known) == place
    parts = split(found, 0)
    ends = [max(len(one.known) + 4 for one in part) for part in (parts.training, parts.validation, parts.test)]
    begins = [min(len(one.known) for one in part) for part in (parts.training, parts.validation, parts.test)]
    assert ends[0] <= begins[1] < ends[1] <= begins[2]
    assert ends[2] == len(whole)


def test_what_the_network_reads():
    known = np.arange(20.0).reshape(-1, 1)
    shape = Shape(("x",), 3, 1, 4)
    found = encoded([known, known[:-1]], shape, np.array([10.0]), np.array([2.0])).numpy()
    assert found.shape == (3, 2, 4)
    np.testing.assert_allclose(found[:, 0, 0], (np.array([17, 18, 19]) - 10) / 2)
    np.testing.assert_allclose(found[:, :, 1], 2.0)  # a step of 1, a season of 4 steps, a scale of 2
    np.testing.assert_allclose(found[:, 1, 2], np.sin(2 * np.pi * np.array([16, 17, 18]) / 4), atol=1e-6)


def test_lines_in_and_steps_out(fitted, elman, file):
    answers = list(load(fitted[0]).use(file.read_text().splitlines()))
    assert [answer.fields["ahead"] for answer in answers] == [1, 2, 3, 4]
    assert all(a.fields["load"]["low"] <= a.fields["load"]["value"] <= a.fields["load"]["high"] for a in answers)
    shown = elman("use", fitted[0], given=file.read_bytes()).splitlines()
    assert shown == [answer.text for answer in answers]
    assert "expected at least 24" in elman("use", fitted[0], "1", "2", code=1)
    assert "expected 1 finite numbers, got 'x'" in elman("use", fitted[0], "1", "x", code=1)


def test_a_further_file_is_read_in_windows_of_the_same_size(fitted, tmp_path):
    (tmp_path / "more.csv").write_text("load\n" + "\n".join(map(str, series(200, seed=3))))
    assert score(fitted[0], [tmp_path / "more.csv"]).scores[0][0].records == -(-(200 - 24 - 4 + 1) // 4)


def test_several_columns(tmp_path):
    values = np.stack([series(400), series(400, 1)], 1)
    rows = "\n".join(f"{a},{b}" for a, b in values)
    (tmp_path / "two.csv").write_text("east,west\n" + rows)
    request = Request(Columns(values=("west", "east")), settings=SMALL)
    fit("forecast", [tmp_path / "two.csv"], tmp_path / "model", request=request, updates=20)
    (first, *_) = load(tmp_path / "model").use([f"{b},{a}" for a, b in values])
    assert list(first.fields) == ["ahead", "west", "east"]


@pytest.mark.parametrize(
    ("settings", "said"), [({"window": "600"}, "expected at least"), ({"horizon": "90"}, "expected")]
)
def test_too_short(file, tmp_path, settings, said):
    with pytest.raises(DataError, match=said):
        fit("forecast", [file], tmp_path / "m", request=Request(settings=settings))
    with pytest.raises(DataError, match="reads one series"):
        fit("forecast", [file, file], tmp_path / "m")
