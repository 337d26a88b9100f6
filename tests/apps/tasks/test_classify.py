"""A classifier of the user's texts: folders, tokenisers, and the older command on the same model."""

import json

import numpy as np
import pytest

from elman.apps import Request, fit, load, score
from elman.apps.tasks.classify import TASK
from elman.data.errors import DataError
from elman.data.reviews import reviews
from elman.data.sentences import Sentence
from elman.data.tokens import tokenise
from elman.errors import UnknownName

SMALL = {"width": "8", "hidden_size": "8", "learning_rate": "0.02", "tokeniser": "spaces"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder of a folder of texts for each class."""
    root = tmp_path_factory.mktemp("data") / "texts"
    for k, one in enumerate(Sentence(*some) for some in reviews(120, 1)):
        (root / one.label).mkdir(parents=True, exist_ok=True)
        (root / one.label / f"{k}.txt").write_text(" ".join(one.words))
    return root


@pytest.fixture(scope="module")
def fitted(folder, tmp_path_factory):
    out = tmp_path_factory.mktemp("fit") / "model"
    return out, fit("classify", [folder], out, request=Request(settings=SMALL), updates=20)


def test_folders_are_read(fitted, folder, tmp_path):
    assert "120 texts of 2 classes" in fitted[1].said[0]
    assert score(fitted[0], [folder]).scores[0][0].records == 120
    (tmp_path / "more.csv").write_text("text,label\ngood,positive\nbad,negative\n")
    both = TASK.read([folder, tmp_path / "more.csv"], Request())
    assert [one.text for one in both.records][-2:] == ["good", "bad"]
    assert len(both.records) == 122


def test_the_tokeniser_is_kept(fitted):
    classifier = load(fitted[0])
    assert classifier.notes["tokeniser"] == "spaces"
    assert classifier.split("It isn't.") == tokenise("spaces", "It isn't.")


def test_both_commands_give_the_weighed_classes(fitted, elman):
    classifier = load(fitted[0])
    words = ["the", "plot", "is", "thrilling", "."]
    expected = np.exp(classifier.log_probabilities([words])[0])
    for command in (["use", fitted[0]], ["classify", "--model", fitted[0]]):
        shown = json.loads(elman(*command, "--json", given=b"the plot is thrilling .\n"))
        assert list(shown["classes"].values()) == pytest.approx(expected, rel=1e-5)


def test_lines_in_lines_out(fitted, elman, tmp_path):
    shown = elman("use", fitted[0], given=b"the plot is thrilling .\n\n  \nthe cast is dull .\n").splitlines()
    assert [bool(line) for line in shown] == [True, False, False, True]
    (tmp_path / "lines.txt").write_text("the plot is thrilling .\n")
    assert elman("use", fitted[0], "--file", tmp_path / "lines.txt").splitlines() == shown[:1]
    assert "expected at least one word" in elman("use", fitted[0], "", code=2)
    assert "takes no options, got count" in elman("use", fitted[0], "a", "--set", "count=2", code=2)


def test_what_is_refused(fitted, folder, tmp_path, rewrite):
    with pytest.raises(UnknownName, match="no tokeniser 'space'; did you mean spaces"):
        fit("classify", [folder], tmp_path / "a", request=Request(settings={"tokeniser": "space"}), updates=1)
    with pytest.raises(UnknownName, match="setting width, given '0'"):
        fit("classify", [folder], tmp_path / "b", request=Request(settings={"width": "0"}), updates=1)
    (tmp_path / "one").mkdir()
    with pytest.raises(DataError, match="expected at least 2"):
        TASK.read([tmp_path / "one"], Request())
    rewrite(fitted[0], lambda about: about["notes"]["weights"].append(1.0))
    with pytest.raises(ValueError, match="does not hold a classifier"):
        load(fitted[0])
