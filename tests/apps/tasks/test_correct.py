"""A corrector of one's own misspellings: what counts as right, the weight of counts, and the older command."""

import json

import pytest

from elman.apps import Request, fit, load, score
from elman.apps.tasks.correct import TASK, chosen, read_list
from elman.baselines.norvig import Candidates, norvig
from elman.data.errors import DataError
from elman.data.spelling import dictionary
from elman.errors import UnknownName

SMALL = {"hidden_size": "8", "batch_size": "8", "candidates": "5", "edits": "2"}
COUNTS = dict(sorted(dictionary("pydoc").counts.items(), key=lambda pair: -pair[1])[:300])
RIGHT = [word for word in COUNTS if len(word) > 4][:60]


@pytest.fixture(scope="module")
def words(tmp_path_factory):
    path = tmp_path_factory.mktemp("data") / "words.txt"
    path.write_text("".join(f"{word} {count}\n" for word, count in COUNTS.items()))
    return path


@pytest.fixture(scope="module")
def pairs(tmp_path_factory):
    path = tmp_path_factory.mktemp("data") / "pairs.txt"
    path.write_text("".join(f"{word[:2]}{word[3:]}->{word}\n{word}{word[-1]}->{word}\n" for word in RIGHT))
    return path


def fitted_to(files, folder, cell="", watch=None, updates=12):
    return fit("correct", files, folder, request=Request(cell=cell, settings=SMALL), updates=updates, watch=watch)


@pytest.fixture(scope="module", params=["", "LSTMCell"])
def fitted(words, pairs, tmp_path_factory, request):
    folder = tmp_path_factory.mktemp("fit") / "model"
    return folder, fitted_to([words, pairs], folder, request.param)


def test_the_score_is_of_the_user_s_misspellings(fitted, words, pairs):
    speller = load(fitted[0])
    records = TASK.read([words, pairs], Request(settings=SMALL)).records
    real = [case for case in records if case.real]
    assert len(real) == 2 * len(RIGHT)
    assert chosen(records, 1000) == real
    given = speller.correct([case.typo for case in real])
    expected = sum(word == case.right for word, case in zip(given, real, strict=True)) / len(real)
    judged = speller.judge(records)
    assert judged.score.value == pytest.approx(expected)
    assert "words without an error" in judged.said[0]
    assert score(fitted[0], [pairs]).scores[0][0].value == pytest.approx(expected)


def test_the_baseline_is_norvig_s(words, pairs):
    records = TASK.read([words, pairs], Request(settings=SMALL)).records
    learner = TASK.learner(records, records, Request(settings=SMALL))
    real = [case for case in records if case.real]
    near = Candidates(COUNTS).near([case.typo for case in real])
    right = [norvig(case.typo, some, COUNTS) == case.right for case, some in zip(real, near, strict=True)]
    assert learner.baseline(records)[1].value == pytest.approx(sum(right) / len(real))


def test_both_commands_correct_running_text(fitted, elman):
    text = f"{RIGHT[0].capitalize()}, 12 {RIGHT[1]}!".encode() + b"\n\nand none of it\n"
    shown = elman("use", fitted[0], given=text)
    assert shown == elman("correct", "--model", fitted[0], given=text)
    assert [bool(line) for line in shown.splitlines()] == [True, False, True]
    found = json.loads(elman("use", fitted[0], "--json", RIGHT[0]))
    assert found["words"][0]["word"] == RIGHT[0]
    assert len(found["words"][0]["corrections"]) <= 5


def test_an_interrupted_fit_resumes(pairs, tmp_path, interrupts):
    whole = fitted_to([pairs], tmp_path / "whole")
    assert "only the 60 right words are known" in " ".join(whole.said)
    with pytest.raises(KeyboardInterrupt):
        fitted_to([pairs], tmp_path / "cut", watch=interrupts(7))
    assert fitted_to([pairs], tmp_path / "cut").curve == whole.curve


def test_words_alone_are_misspelt(words):
    found = TASK.read([words], Request(settings=SMALL))
    assert not any(case.real for case in found.records)
    assert all(case.typo != case.right for case in found.records)
    assert {case.right for case in found.records} == {word for word in COUNTS if len(word) > 2}
    assert found.records == TASK.read([words], Request(settings=SMALL)).records


@pytest.mark.parametrize(("content", "kind"), [
    ("teh->the\n", str), ("teh\tthe\n", str), ("the: teh hte\n", str), ("the 9\ncat 2\n", int), ("the\ncat\n", int),
    ("the,9\n", int),
])  # fmt: skip
def test_what_a_list_holds(tmp_path, content, kind):
    (tmp_path / "x.txt").write_text(content)
    assert {type(other) for _, other in read_list(tmp_path / "x.txt").records} == {kind}


def test_what_is_refused(fitted, words, tmp_path, rewrite):
    (tmp_path / "x.txt").write_text("12 13 14\n")
    with pytest.raises(DataError, match=r"x\.txt has no misspellings; .*; or a word a line"):
        fitted_to([tmp_path / "x.txt"], tmp_path / "m")
    (tmp_path / "y.txt").write_text("ab\ncd\n")
    with pytest.raises(DataError, match="no word of three letters"):
        fitted_to([tmp_path / "y.txt"], tmp_path / "m")
    with pytest.raises(UnknownName, match="setting edits, given '0'"):
        fit("correct", [words], tmp_path / "m", request=Request(settings={"edits": "0"}), updates=1)
    with pytest.raises(UnknownName, match="takes no options"):
        next(load(fitted[0]).use(["a"], {"n": "1"}))
    rewrite(fitted[0], lambda about: about["notes"]["counts"].update({"naïve": 1}))
    with pytest.raises(ValueError, match="does not hold a corrector"):
        load(fitted[0])
