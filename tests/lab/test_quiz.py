"""Questions, their keys and marks; the page's own arithmetic against Python's."""

import json
import math
import random
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import elman.lab
from elman.errors import UnknownName
from elman.lab import quiz as quizzes
from elman.lab.answers import WORKED, answer
from elman.lab.book import OWN_NUMBERS
from elman.lab.quiz import Part, mark, read_answers
from elman.lab.quiz_sheets import html_sheet, text_sheet
from elman.studies import (
    all_studies,
    ex02_parameter_counting,
    ex04_lstm_gates,
    ex05_gru_lstm_counts,
    ex10_gradient_clipping,
    find_study,
)

TEMPLATES = Path(elman.lab.__path__[0]) / "templates"
STUDIES = all_studies()
KINDS = [study.exercise for study in STUDIES if study.asks]
NODE = pytest.mark.skipif(not shutil.which("node"), reason="needs node")


def quiz(seed, exercises=()):
    return quizzes.quiz(STUDIES, seed, exercises)


def test_the_first_ten_exercises_ask():
    assert list(WORKED) == KINDS


@settings(max_examples=15)
@given(st.integers(0, 10**6))
def test_every_key_is_accepted_and_labels_are_unique(seed):
    questions = quiz(seed, [kind for kind in KINDS if kind not in ("15.3", "15.8")])  # those compute longest
    parts = [part for question in questions for part in question.parts]
    assert len({part.label for part in parts}) == len(parts)
    assert all(part.accepts(part.key) for part in parts)
    assert not any(part.accepts(wrong) for part in parts for wrong in ("", "x", "-1e9", "1, 2, 3, 4, 5, 6, 7"))
    assert text_sheet(questions, seed) == text_sheet(quiz(seed, [q.exercise for q in questions]), seed)


@pytest.mark.parametrize("seed", range(4))
def test_the_worked_answer_holds_the_keys(seed):
    for question in quiz(seed, ["15.2", "15.5", "15.6", "15.8", "15.10"]):
        for part in question.parts:
            for number in part.numbers:
                reported = {f"{number:,.0f}", f"{number:.4g}", f"{number:.6g}"} if number else {"0"}
                assert any(text.replace("-", "−") in question.worked for text in reported), (question, number)


def test_beams_by_listing_every_sequence():
    for seed in range(5):
        (question,) = quiz(seed, ["15.8"])
        rows = [question.settings[name] for name in ("first", "after_a", "after_b", "after_c")]
        pairs = [rows[0][a] * rows[a + 1][b] for a in range(3) for b in range(4)] + [rows[0][3]]
        first = rows[0].index(max(rows[0]))
        assert question.parts[0].numbers[0] == pytest.approx(max(rows[0]) * max(rows[first + 1]))
        assert question.parts[1].numbers[0] == pytest.approx(max(pairs))


def test_marks():
    questions = quiz(7, ["15.2", "15.10"])
    keys = {part.label: part.key for question in questions for part in question.parts}
    filled = text_sheet(questions, 7)
    for label, key in keys.items():
        filled = filled.replace(f"- {label}:", f"- {label}: {key}")
    assert set(mark(questions, read_answers(filled)).values()) == {True}
    assert mark(questions, {"15.2": "1", "15.10a": ""}) == {
        "15.2": False,
        "15.10a": None,
        "15.10b": None,
        "15.10c": None,
    }


@pytest.mark.parametrize(
    ("given", "right"),
    [("33,024", True), ("33024", True), ("33024.0", True), ("33 024", False), ("33,025", False), ("3.3024e4", True)],
)
def test_whole_numbers_are_exact(given, right):
    assert Part("1", "", (33024.0,)).accepts(given) == right


def test_answers_with_own_numbers():
    assert len(WORKED) == 10
    assert {find_study(exercise).exercise for exercise in WORKED} == set(WORKED)
    assert "[0.6, 0.8]" in answer(find_study("gradient-clipping"), {"gradient": "3,4", "threshold": "1"}).summary
    with pytest.raises(UnknownName, match=r"got 15\.12, expected an exercise from 15.1 to 15.10"):
        answer(find_study("15.12"))
    with pytest.raises(UnknownName, match="threshold"):
        answer(find_study("15.10"), {"threshold": "none"})
    with pytest.raises(UnknownName, match="questions on"):
        quiz(0, ["15.11"])


def test_the_page_asks_everything_and_loads_nothing():
    questions = quiz(3, ["15.1", "15.2", "15.10"])
    page = html_sheet(questions, 3)
    assert "http" not in page.replace("http-equiv", "")
    for question in questions:
        for part in question.parts:
            assert f'id="q{part.label}"' in page


def js(code, *values):
    done = subprocess.run(["node", "-e", code, *map(json.dumps, values)], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


@NODE
def test_the_page_marks_as_python_does():
    parts = [
        part for seed in range(3) for question in quiz(seed, ["15.2", "15.4", "15.10"]) for part in question.parts
    ]
    rng = random.Random(0)
    cases = []
    for part in parts:
        off = ", ".join(f"{number * 1.0005:.10g}" for number in part.numbers)
        far = ", ".join(f"{number * 1.1 + 1:.10g}" for number in part.numbers)
        given = [part.key, off, far, "", "x", f"[{part.key}]", rng.choice(["1", "1,000", "1 2"])]
        cases += [
            ({"numbers": part.numbers, "within": part.within, "right": 0}, text, part.accepts(text)) for text in given
        ]
    code = (
        f"const accepts = require({str(TEMPLATES / 'quiz.js')!r});"
        "console.log(JSON.stringify(JSON.parse(process.argv[1]).map(([key, text]) => accepts(key, text))))"
    )
    assert js(code, [case[:2] for case in cases]) == [case[2] for case in cases]


@NODE
def test_the_book_computes_as_python_does():
    plans = {
        "15.2": {"input_size": 7, "hidden_size": 9, "output_size": 2},
        "15.3": {"diagonal": [0.5, 1.5], "larger": [2], "power": 10, "steps": 20},
        "15.4": {"forget": [0.9, 0.1], "gate": [0.2, 0.8], "candidate": [1, -0.5], "before": [2, 1]},
        "15.5": {"input_size": 3, "hidden_size": 4},
        "15.6": {"hidden_size": 5, "steps": 7, "batch_size": 2, "num_layers": 3},
        "15.8": {"first": [0.4, 0.35, 0.2, 0.05], "after_a": [0.1, 0.3, 0.5, 0.1], "after_b": [0.6, 0.2, 0.05, 0.15],
                 "after_c": [0.25, 0.25, 0.25, 0.25], "width": 2},
        "15.10": {"gradient": [3, 4, -12], "threshold": 2.5},
    }  # fmt: skip
    assert set(plans) == set(OWN_NUMBERS)
    code = (
        f"const answers = require({str(TEMPLATES / 'answers.js')!r}); const plans = JSON.parse(process.argv[1]);"
        "const found = {}; for (const name in plans) found[name] = answers.formulas[name](plans[name]);"
        "const read = answers.read; found.bad = [read('1, x', 1), read('1, 2', 1), read('1, 2', [1]), read('', 1),"
        "answers.formulas['15.2']({input_size: -1, hidden_size: 2, output_size: 3})];"
        "console.log(JSON.stringify(found))"
    )
    found = js(code, plans)
    two = ex02_parameter_counting.Plan(**plans["15.2"])
    assert found["15.2"][0].endswith(f" {ex02_parameter_counting.formula(two, 1)}")
    assert found["15.2"][1].endswith(f" {ex02_parameter_counting.formula(two, 2)}")
    assert found["15.3"] == [
        "To the power of 10: [0.000976563, 57.665] and [1024]",
        "After 20 steps: [9.537e-7, 3325.26] and [1048580]",
    ]
    four = ex04_lstm_gates.by_hand(ex04_lstm_gates.Plan(**{k: tuple(v) for k, v in plans["15.4"].items()}))
    assert found["15.4"][0] == "c = [" + ", ".join(f"{c:.6g}" for c in four) + "]"
    assert found["15.4"][1].endswith("dimension 2")
    five = ex05_gru_lstm_counts.Plan(**plans["15.5"])
    lstm = [ex05_gru_lstm_counts.formula(five, "lstm", biases) for biases in (1, 2)]
    assert found["15.5"][0] == f"LSTM: {lstm[0]}, PyTorch {lstm[1]}"
    assert found["15.6"] == ["Output: (7, 2, 10)", "Final hidden state: (6, 2, 5)"]
    assert found["15.8"] == ["Greedy decoding: A C, 0.2", "Beam of 2: B A, 0.21", "Likeliest of all: B A, 0.21"]
    norm, clipped, after = ex10_gradient_clipping.by_hand(ex10_gradient_clipping.Plan((3, 4, -12), 2.5))
    assert math.isclose(float(found["15.10"][0].split()[-1]), norm)
    assert found["15.10"][1] == "Clipped: [" + ", ".join(f"{g:.6g}" for g in clipped) + "]"
    assert math.isclose(float(found["15.10"][2].split()[-1]), after)
    assert found["bad"] == [None, None, [1, 2], None, False]
