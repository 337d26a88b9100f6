"""A fit from file to model: it resumes where it was, and the saved model answers as the trained one did."""

import json
import random
import shutil

import pytest

from elman.apps import Request, fit, load, score
from elman.apps.fitting.contract import Columns
from elman.data.errors import DataError
from elman.data.reviews import reviews
from elman.data.sentences import Sentence
from elman.errors import UnknownName

SMALL = Request(settings={"width": "8", "hidden_size": "8", "learning_rate": "0.02"})


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    path = tmp_path_factory.mktemp("data") / "reviews.csv"
    rows = [f'"{" ".join(one.words)}",{one.label}' for one in (Sentence(*some) for some in reviews(300, 1))]
    path.write_text("text,label\n" + "\n".join(rows) + "\n")
    return path


@pytest.fixture(scope="module")
def fitted(table, tmp_path_factory):
    folder = tmp_path_factory.mktemp("fit") / "model"
    return folder, fit("classify", [table], folder, request=SMALL, updates=40)


def test_the_report_and_the_model_agree(fitted, table):
    folder, report = fitted
    (model, baseline), verdict = report.scores
    assert 0.5 < model.value <= 1
    assert model.records == baseline.records > 20
    assert verdict.startswith(("the model is", "whether the model"))
    assert [number for number, _, _ in report.curve][-1] <= 40
    again = score(folder, [table])
    assert again.scores[0][0].records == 300
    texts = ["the plot is thrilling .", "", "the cast is not funny ."]
    answers = list(load(folder).use(texts))
    assert [answer.fields["text"] for answer in answers] == texts
    assert answers[1].text == ""
    assert sum(answers[0].fields["classes"].values()) == pytest.approx(1)


def test_the_same_call_does_nothing_again(fitted, table):
    folder, report = fitted
    before = (folder / "weights.safetensors").stat().st_mtime_ns
    assert fit("classify", [table], folder, request=SMALL, updates=40) == report
    assert (folder / "weights.safetensors").stat().st_mtime_ns == before


@pytest.mark.parametrize("at", [1, 17, 40])
def test_an_interrupted_fit_resumes(fitted, table, tmp_path, at, interrupts):
    folder = tmp_path / "model"
    with pytest.raises(KeyboardInterrupt):
        fit("classify", [table], folder, request=SMALL, updates=40, watch=interrupts(at))
    report = fit("classify", [table], folder, request=SMALL, updates=40)
    assert (report.scores, report.curve) == (fitted[1].scores, fitted[1].curve)
    assert (folder / "weights.safetensors").read_bytes() == (fitted[0] / "weights.safetensors").read_bytes()


def test_minutes_become_a_number_of_updates(table, tmp_path):
    fit("classify", [table], tmp_path / "model", request=SMALL, minutes=0.001)
    assert json.loads((tmp_path / "model" / "plan.json").read_text())["updates"] == 20


def test_another_model_in_the_folder(fitted, table, tmp_path):
    with pytest.raises(ValueError, match="a model of other updates"):
        fit("classify", [table], fitted[0], request=SMALL, updates=41)
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(ValueError, match="not empty"):
        fit("classify", [table], tmp_path, request=SMALL, updates=40)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_parts_as_given(table, tmp_path):
    lines = table.read_text().splitlines()
    header, rows = lines[0], lines[1:]
    random.Random(0).shuffle(rows)
    for name, some in (("a", rows[:200]), ("b", rows[200:250]), ("c", rows[250:])):
        (tmp_path / f"{name}.csv").write_text("\n".join([header, *some]) + "\n")
    a, b, c = (tmp_path / f"{name}.csv" for name in "abc")
    report = fit("classify", [a], tmp_path / "m", valid=[b], test=[c], request=SMALL, updates=20)
    assert report.scores[0][0].records == 50
    report = fit("classify", [a], tmp_path / "n", test=[c], request=SMALL, updates=20)
    assert report.scores[0][0].records == 50
    with pytest.raises(ValueError, match="without --test"):
        fit("classify", [a], tmp_path / "o", valid=[b], request=SMALL, updates=20)


@pytest.mark.parametrize(("change", "error", "said"), [
    ({"task": "clasify"}, UnknownName, "did you mean classify"),
    ({"files": []}, ValueError, "needs at least one file"),
    ({"files": ["nowhere.csv"]}, DataError, "cannot read nowhere.csv"),
    ({"minutes": 0.0, "updates": None}, ValueError, "minutes must be more than 0"),
    ({"request": Request(settings={"widht": "3"})}, UnknownName, "did you mean width"),
    ({"request": Request(settings={"width": "wide"})}, UnknownName, "setting width, given 'wide'"),
    ({"request": Request(cell="GRUCel")}, UnknownName, "GRUCell"),
    ({"request": Request(Columns(text="words"))}, DataError, "words"),
])  # fmt: skip
def test_what_is_refused(table, tmp_path, change, error, said):
    given = {"task": "classify", "files": [table], "folder": tmp_path / "m", "request": SMALL, "updates": 5} | change
    with pytest.raises(error, match=said):
        fit(**given)


def test_no_model(tmp_path, fitted):
    with pytest.raises(ValueError, match="no model in"):
        load(tmp_path)
    shutil.copytree(fitted[0], tmp_path / "copy")
    (tmp_path / "copy" / "weights.safetensors").write_bytes(b"damaged")
    with pytest.raises(ValueError, match="does not hold"):
        load(tmp_path / "copy")
