"""A classifier of sequences: it reads both forms of file, its padding is exact, and it resumes."""

import json

import numpy as np
import pytest

from elman.apps import Columns, Request, fit, load, score
from elman.data.errors import DataError
from elman.errors import UnknownName

SMALL = {"hidden_size": "8", "learning_rate": "0.02", "dropout": "0"}


def sequences(count=120, seed=0):
    """Which of two channels rises first decides the class; lengths from 5 to 12."""
    random = np.random.default_rng(seed)
    for k in range(count):
        steps = int(random.integers(5, 13))
        values = random.normal(size=(steps, 2)) / 5
        first = k % 2
        values[1:, first] += 2
        values[3:, 1 - first] += 2
        yield values, ("east", "west")[first]


def line(values):
    return ":".join(",".join(f"{value:.5f}" for value in channel) for channel in values.T)


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("data") / "steps.ts"
    path.write_text("@data\n" + "".join(f"{line(values)}:{label}\n" for values, label in sequences()))
    return path


@pytest.fixture(scope="module", params=["", "MGUCell"])
def fitted(file, tmp_path_factory, request):
    folder = tmp_path_factory.mktemp("fit") / "model"
    asked = Request(cell=request.param, settings=SMALL)
    return folder, fit("sequences", [file], folder, request=asked, updates=80)


def test_it_learns_and_answers_as_it_was_scored(fitted, file):
    folder, report = fitted
    model, baseline = report.scores[0]
    assert baseline.of == "the nearest neighbour"
    assert model.value > 0.8
    assert "2 channels, 2 classes" in report.said[0]
    texts = [line(values) for values, _ in sequences()]
    answers = list(load(folder).use(texts))
    right = [a.fields["class"] == label for a, (_, label) in zip(answers, sequences(), strict=True)]
    assert score(folder, [file]).scores[0][0].value == pytest.approx(np.mean(right))
    assert sum(answers[0].fields["classes"].values()) == pytest.approx(1)


def test_padding_changes_nothing(fitted):
    """A short sequence in a batch with a long one has the answer that it has alone."""
    model = load(fitted[0])
    short, long = np.float32(np.eye(2)), np.zeros((400, 2), np.float32)
    both = model.log_probabilities([short, long])
    np.testing.assert_allclose(both[0], model.log_probabilities([short])[0], atol=1e-6)


def test_a_long_table_gives_the_same_records_as_ts(file, fitted, tmp_path):
    rows = ["who,step,label,a,b"]
    for k, (values, label) in enumerate(sequences()):
        rows += [f"{k},{t},{label},{a:.5f},{b:.5f}" for t, (a, b) in enumerate(values)]
    (tmp_path / "long.csv").write_text("\n".join(rows))
    asked = Request(Columns(group="who", time="step", label="label", values=("a", "b")))
    assert score(fitted[0], [tmp_path / "long.csv"], asked).scores == score(fitted[0], [file]).scores


def test_bad_lines_are_named(fitted, elman):
    answers = list(load(fitted[0]).use(["1,2:3,4", "1,2", "1,x:2,3", "1,2:3", ""]))
    assert [bool(answer.error) for answer in answers] == [False, True, True, True, True]
    assert "got 1 channels of 2 values, expected 2" in answers[1].error
    said = elman("use", fitted[0], "--json", "1,2:3,4", code=0)
    assert json.loads(said) == {"text": "1,2:3,4", **answers[0].fields}
    with pytest.raises(UnknownName, match="takes no options"):
        list(load(fitted[0]).use(["1:2"], {"length": "3"}))


def test_it_resumes(file, tmp_path, interrupts):
    def run(folder, watch=None):
        asked = Request(settings=SMALL | {"dropout": "0.5"})
        return fit("sequences", [file], folder, request=asked, updates=25, watch=watch)

    whole = run(tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "cut", interrupts(11))
    assert run(tmp_path / "cut").curve == whole.curve


def test_what_cannot_be_learned(tmp_path, file, fitted):
    one = tmp_path / "one.ts"
    one.write_text("@data\n" + "".join(f"{k},2:up\n" for k in range(20)))
    with pytest.raises(ValueError, match="of the class 'up' only"):
        fit("sequences", [one], tmp_path / "m")
    with pytest.raises(DataError, match="1 channels, expected 2"):
        fit("sequences", [file, one], tmp_path / "m")
    with pytest.raises(ValueError, match="1 channels, expected 2"):
        score(fitted[0], [one])
