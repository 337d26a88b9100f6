"""A detector: it streams what it scores, finds what is planted, and its labels never reach the training."""

import json

import numpy as np
import pytest
import torch
from sklearn.metrics import average_precision_score

from elman.apps import Columns, Request, fit, load, score
from elman.apps.anomalies import Tail, smoothed
from elman.apps.tasks._stretches import read_stretches
from elman.apps.tasks.detect import TASK
from elman.data.errors import DataError
from elman.errors import UnknownName

SMALL = {"window": "12", "hidden_size": "8", "updates": "60", "smooth": "4"}


def series(count=1500, seed=0, columns=1):
    """A day of 24 steps; in the test half some hours are raised, others hold the value of the wrong hour."""
    random = np.random.default_rng(seed)
    phase = 2 * np.pi * np.arange(count) / 24
    values = np.stack([5 + np.sin(phase + k) + random.normal(size=count) / 20 for k in range(columns)], 1)
    labels = np.zeros(count, bool)
    for k, first in enumerate(range(count // 2 + 40, count - 30, 120)):
        part = slice(first, first + 10)
        values[part, 0] = values[part, 0] + 1.5 if k % 2 else 10 - values[part, 0]
        labels[part] = True
    return values, labels


def write(path, values, labels=None):
    names = [f"load{k}" for k in range(values.shape[1])]
    hours = np.datetime64("2024-01-01T00") + np.arange(len(values))
    rows = [",".join(["time", *names, *(["odd"] if labels is not None else [])])]
    for k, (hour, row) in enumerate(zip(hours, values, strict=True)):
        cells = [str(hour).replace("T", " ") + ":00", *(f"{value:.5f}" for value in row)]
        rows.append(",".join(cells + ([str(int(labels[k]))] if labels is not None else [])))
    path.write_text("\n".join(rows))
    return path


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    return write(tmp_path_factory.mktemp("data") / "load.csv", *series())


LABELLED = Request(Columns(label="odd"), settings=SMALL)


@pytest.fixture(scope="module", params=["", "GRUCell"])
def fitted(file, tmp_path_factory, request):
    folder = tmp_path_factory.mktemp("fit") / "model"
    asked = Request(Columns(label="odd"), cell=request.param, settings=SMALL)
    return folder, fit("detect", [file], folder, request=asked, updates=60)


def test_it_finds_what_is_planted(fitted, file):
    folder, report = fitted
    (model, _), _ = report.scores
    assert model.measure == "average precision"
    assert model.value > 0.8
    assert "the moving z-score" in report.more[1]
    assert "a usual course of 168 steps" in report.said[-2]
    whole, labels = series()
    detector = load(folder)
    records = TASK.read([file], LABELLED).records
    test = records[len(records) - model.records :]
    first = test[0].first
    scores = detector.scores(np.round(whole, 5), test[0].start)[first:]
    assert model.value == pytest.approx(average_precision_score(labels[first:], scores), abs=1e-6)


def test_a_stream_has_the_scores_of_the_file(fitted, file):
    """The values after the file, one at a time, are scored as if they were in the file."""
    detector = load(fitted[0])
    more = series(1540, seed=1)[0][1500:]
    answers = list(detector.use([f"x,{value:.17g}" for (value,) in more]))
    whole = np.concatenate([np.round(series()[0], 5), more])
    start = TASK.read([file], LABELLED).records[0].start
    np.testing.assert_allclose([a.fields["score"] for a in answers], detector.scores(whole, start)[1500:], rtol=1e-4)


def test_lines_that_are_no_values(fitted, elman):
    answers = list(load(fitted[0]).use(["load0", "5.1", "high", "5,nan", "99"]))
    assert [bool(answer.error) for answer in answers] == [False, True, True, False]
    assert "expected 1 finite numbers, got 'high'" in answers[1].error
    assert answers[3].fields["alarm"]
    assert answers[3].text.endswith("alarm")
    said = elman("use", fitted[0], "--json", "5.1", "99", code=0).splitlines()
    assert [json.loads(one)["load0"] for one in said] == [5.1, 99.0]
    with pytest.raises(UnknownName, match="takes no options"):
        list(load(fitted[0]).use(["1"], {"threshold": "3"}))


def test_without_labels_alarms_are_counted(tmp_path):
    values = series(1200, seed=2, columns=2)[0]
    path = write(tmp_path / "two.csv", values)
    asked = Request(Columns(values=("load0", "load1")), settings=SMALL)
    report = fit("detect", [path], tmp_path / "model", request=asked, updates=30)
    model, _ = report.scores[0]
    assert model.measure == "alarms per 1,000 values"
    detector = load(tmp_path / "model")
    found = TASK.read([path], asked).records
    alarms = detector.scores(np.round(values, 5), found[0].start)[found[-model.records].first :] > 1
    assert model.value == pytest.approx(1000 * alarms.mean())
    assert "load1" in report.said[-2]
    (answer,) = detector.use(["5;5"])
    assert list(answer.fields) == ["score", "alarm", "load0", "load1"]
    again = score(tmp_path / "model", [path]).scores[0][0]
    assert again.records > model.records


def test_events_of_a_file_are_labels(file, tmp_path):
    labels = series()[1]
    edges = np.flatnonzero(np.diff(labels.astype(int), prepend=0, append=0)).reshape(-1, 2)
    numbers = tmp_path / "numbers.txt"
    numbers.write_text("".join(f"{a + 1},{b}\n" for a, b in edges))
    times = tmp_path / "times.txt"
    hour = np.datetime64("2024-01-01T00:00")
    times.write_text("".join(f"{hour + 60 * a}, {hour + 60 * (b - 1)}\n" for a, b in edges))
    for events in (numbers, times):
        found = read_stretches([file], Request(Columns(values=("load0",))), 0, 12, str(events))
        np.testing.assert_array_equal(found.records[0].labels, labels)


def test_the_labels_do_not_reach_the_training(file, tmp_path):
    plain = Request(Columns(values=("load0",)), settings=SMALL)
    fit("detect", [file], tmp_path / "plain", request=plain, updates=20)
    fit("detect", [file], tmp_path / "labelled", request=LABELLED, updates=20)
    weights = [(tmp_path / name / "weights.safetensors").read_bytes() for name in ("plain", "labelled")]
    assert weights[0] == weights[1]


def test_it_resumes(file, tmp_path, interrupts):
    def run(folder, watch=None):
        return fit("detect", [file], folder, request=LABELLED, updates=25, watch=watch)

    whole = run(tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "cut", interrupts(13))
    torch.rand(3)
    assert run(tmp_path / "cut").curve == whole.curve


@pytest.mark.parametrize(("change", "error", "said"), [
    ({"settings": SMALL | {"window": "90"}}, DataError, "expected at least 1800"),
    ({"settings": SMALL | {"quantile": "2"}}, ValueError, "quantile must be between 0 and 1"),
    ({"settings": SMALL | {"events": "nowhere"}}, DataError, "cannot read nowhere"),
    ({"columns": Columns(label="load0")}, DataError, "must be 0, or 1 for an anomaly"),
])  # fmt: skip
def test_what_is_refused(file, tmp_path, change, error, said):
    asked = {"columns": Columns(label="odd"), "settings": SMALL} | change
    if "columns" in change:
        asked["columns"] = Columns(label="load0", values=("odd",))
    with pytest.raises(error, match=said):
        fit("detect", [file], tmp_path / "m", request=Request(**asked), updates=5)


def test_events_that_are_wrong(file, tmp_path):
    events = tmp_path / "events.txt"
    for content, said in (
        ("1\n", "line 1: expected the first and the last"),
        ("9000,9001\n", "no anomaly lies within"),
    ):
        events.write_text(content)
        with pytest.raises(DataError, match=said):
            read_stretches([file], LABELLED, 0, 12, str(events))


def test_the_surprise_is_minus_the_log_of_the_share_above():
    values = np.random.default_rng(0).exponential(size=20_000)
    at = np.array([0.1, 1.0, 2.0, 4.0, 8.0])
    np.testing.assert_allclose(Tail.fit(values).surprise(at), at, rtol=0.1)
    rising = Tail.fit(np.zeros(5)).surprise(np.array([0.0, 1.0]))
    assert np.isfinite(rising).all()
    assert rising[1] > rising[0]


def test_smoothing_continues():
    values = np.random.default_rng(0).normal(size=20)
    whole = smoothed(values, 5)
    np.testing.assert_allclose(smoothed(values[8:], 5, whole[7]), whole[8:])
    np.testing.assert_allclose(smoothed(values, 1), values)
