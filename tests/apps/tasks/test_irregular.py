"""Forecasts at irregular times: a line at a time they are those of the whole record, and they beat the last value."""

import json

import numpy as np
import pytest

from elman.apps import Columns, Request, fit, load, score
from elman.apps.tasks.irregular import TASK, _pieces
from elman.baselines.carried import carried
from elman.data.errors import DataError
from elman.data.observations import TimedRecord

SMALL = {"hidden_size": "12", "learning_rate": "0.02", "batch_size": "16"}


def records(count=80, quantities=1, seed=0):
    """A value falls at a known rate from where it was: the gap decides by how much."""
    random = np.random.default_rng(seed)
    for name in range(count):
        times = np.cumsum(random.exponential(size=12)).round(3)
        start = random.normal(size=quantities) * 3
        values = 10 + start * np.exp(-times[:, None] / 3) + np.arange(quantities)
        yield f"r{name}", times, values


def write(path, quantities=1, missing=False):
    names = [f"q{k}" for k in range(quantities)]
    rows = [",".join(["id", "time", *names])]
    for name, times, values in records(quantities=quantities):
        for k, (time, row) in enumerate(zip(times, values, strict=True)):
            cells = [f"{value:.4f}" for value in row]
            if missing and k % 3:
                cells[k % quantities] = ""
            rows.append(",".join([name, str(time), *cells]))
    path.write_text("\n".join(rows))
    return path


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    return write(tmp_path_factory.mktemp("data") / "stays.csv")


@pytest.fixture(scope="module", params=["", "LSTMCell", "DecayCell"])
def fitted(file, tmp_path_factory, request):
    folder = tmp_path_factory.mktemp("fit") / "model"
    asked = Request(cell=request.param, settings=SMALL)
    return folder, fit("irregular", [file], folder, request=asked, updates=100)


def test_it_beats_the_last_value(fitted):
    (model, last), verdict = fitted[1].scores
    assert last.of == "the last value carried forward"
    assert model.value < last.value
    assert verdict


def test_a_line_at_a_time_is_the_whole_record(fitted, file):
    """The forecast after each line, for the gap to the next one, is the prediction of the record."""
    model = load(fitted[0])
    one = TASK.read([file], Request()).records[3]
    (whole,) = model.predictions([one])
    lines = [
        f"{time!r},{value[0]!r}"
        for time, value in zip(one.record.times.tolist(), one.record.values.tolist(), strict=True)
    ]
    for k in (0, 4, 10):
        gap = float(one.record.times[k + 1] - one.record.times[k])
        answers = list(model.use(lines[: k + 1], {"gap": repr(gap)}))
        assert answers[-1].fields["q0"] == pytest.approx(whole[k, 0], abs=1e-3)
        assert answers[-1].fields["time"] == pytest.approx(one.record.times[k + 1])


def test_predictions_do_not_depend_on_the_batch(fitted, file):
    model, some = load(fitted[0]), TASK.read([file], Request()).records[:5]
    for one, each in zip(some, model.predictions(some), strict=True):
        np.testing.assert_allclose(model.predictions([one])[0], each, atol=1e-4)


def test_lines_that_are_wrong_and_a_new_record(fitted, elman):
    lines = ["time,q0", "1,10", "0.5,10", "2,x", "2", "2,10", "", "1,10"]
    answers = list(load(fitted[0]).use(lines))
    assert [bool(one.error) for one in answers] == [False, True, True, True, False, False, False]
    assert "times must increase, got 0.5 after 1" in answers[1].error
    assert answers[6].fields == answers[0].fields
    said = elman("use", fitted[0], "--json", "1,10")
    held = json.loads(said)
    assert held.pop("text") == "1,10"
    assert held == pytest.approx(answers[0].fields)
    with pytest.raises(ValueError, match="gap must be more than 0"):
        list(load(fitted[0]).use(["1,2"], {"gap": "-1"}))


def test_several_quantities_with_holes(tmp_path):
    path = write(tmp_path / "two.csv", 2, missing=True)
    report = fit("irregular", [path], tmp_path / "model", request=Request(settings=SMALL), updates=30)
    model, _ = report.scores[0]
    assert model.measure == "mean absolute error, in standard deviations"
    (answer,) = load(tmp_path / "model").use(["1,,10"])
    assert list(answer.fields) == ["time", "q0", "q1"]
    again = score(tmp_path / "model", [path]).scores[0][0]
    assert again.records == 80


def test_it_resumes(file, tmp_path, interrupts):
    def run(folder, watch=None):
        return fit("irregular", [file], folder, request=Request(settings=SMALL), updates=16, watch=watch)

    whole = run(tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "cut", interrupts(9))
    assert run(tmp_path / "cut").curve == whole.curve


def test_pieces_predict_every_observation_once():
    times = np.arange(1000.0)
    pieces = _pieces(TimedRecord("a", times, times[:, None]))
    assert np.concatenate([one.times[1:] for one in pieces]).tolist() == times[1:].tolist()


def test_the_last_value_by_hand():
    random = np.random.default_rng(0)
    values = np.where(random.random((30, 3)) < 0.4, np.nan, random.normal(size=(30, 3)))
    for k, row in enumerate(carried(values, np.array([7.0, 8.0, 9.0])), start=1):
        for column in range(3):
            before = [v for v in values[:k, column] if not np.isnan(v)]
            assert row[column] == (before[-1] if before else 7.0 + column)


def test_what_is_refused(file, tmp_path, fitted):
    with pytest.raises(DataError, match="expected q0"):
        fit("irregular", [file, write(tmp_path / "two.csv", 2)], tmp_path / "m")
    with pytest.raises(ValueError, match="expected q0"):
        score(fitted[0], [tmp_path / "two.csv"])
    with pytest.raises(DataError, match="pulse"):
        fit("irregular", [file], tmp_path / "m", request=Request(Columns(values=("pulse",))))
