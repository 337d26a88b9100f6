"""The command line as a user meets it: in a process of its own, wrong words included."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from elman import __version__


def run(*words, cwd=None, code=0, **environment):
    result = subprocess.run(
        [sys.executable, "-c", "from elman.cli import main; main()", *words],
        cwd=cwd, capture_output=True, text=True, timeout=600, check=False,
        env={**os.environ, "NO_COLOR": "1", "COLUMNS": "200", **environment},
    )  # fmt: skip
    assert result.returncode == code, result.stderr
    assert "Traceback" not in result.stderr
    return result.stdout if code == 0 else result.stderr


def test_version_and_help():
    assert run("--version").strip() == __version__
    assert "gradient" not in run("--help")


def test_list(elman):
    studies = {s["exercise"]: s for s in json.loads(elman("list", "--json"))}
    assert studies["15.12"]["name"] == "char-lm"
    assert "char-lm" in elman("list")


def test_a_worked_answer_from_the_command_line(tmp_path):
    out = run("study", "15.2", "--json", cwd=tmp_path)
    findings = json.loads(out)
    assert [claim["verdict"] for claim in findings["claims"]] == ["holds", "holds"]
    assert [claim["measured"] for claim in findings["claims"]] == [104242, 104498]
    own = json.loads(run("study", "15.2", "--set", "input_size=3", "--set", "hidden-size=4", "--json", cwd=tmp_path))
    assert own["claims"][0]["measured"] == 12 + 16 + 4 + 200 + 50
    book = run("report", "results", cwd=tmp_path).strip()
    assert book.endswith("book.html")
    assert "104,242" in Path(book).read_text("utf-8")


def test_count(elman):
    counted = json.loads(elman("count", "lstm", "--input-size", "128", "--hidden-size", "256", "--json"))
    assert counted["1"]["total"] == 394240
    assert "104,498" in elman("count", "rnn", "--input-size", "100", "--hidden-size", "256", "--output-size", "50")


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (("study", "15.21x"), 2, "no study '15.21x'; did you mean"),
        (("study", "char-ln"), 2, "did you mean char-lm?"),
        (("study", "15.2", "--set", "hiden_size=3"), 2, "did you mean hidden_size or input_size?"),
        (("study", "15.2", "--set", "hidden_size=big"), 2, "given 'big': Input should be a valid integer"),
        (("study", "15.2", "--set", "hidden_size=-4"), 2, "greater than 0"),
        (("study", "15.2", "--set", "nonsense"), 2, "--set takes FIELD=VALUE, got 'nonsense'"),
        (("study", "15.2", "--seeds", "3"), 2, "has no plan field 'seeds'"),
        (("study", "15.2", "--jobs", "0"), 2, "Invalid value for '--jobs'"),
        (("study", "15.2", "--data", "nowhere"), 2, "nowhere is not a folder"),
        (("count", "transformer", "--input-size", "1", "--hidden-size", "1"), 2, "transformer"),
        (("count", "rnn", "--input-size", "0", "--hidden-size", "1"), 2, "Invalid value for '--input-size'"),
        (("data", "show", "sst"), 2, "did you mean sst2"),
        (("generate",), 1, "no trained model in results; `elman study 15.12 --quick` trains one"),
        (("generate", "--prompt", ""), 2, "--prompt needs at least one character"),
        (("generate", "--model", "nowhere"), 1, "no model in nowhere: model.json is missing"),
        (("report", "nowhere"), 1, "nowhere is not a folder"),
        (("nonsense",), 2, "No such command"),
    ],
)
def test_wrong_words_get_one_line(elman, words, code, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    error = elman(*words, code=code)
    assert message in " ".join(error.split())


def test_a_results_folder_that_cannot_be_written(elman, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "results").write_text("a file")
    error = elman("study", "15.2", code=1)
    assert len(error.strip().splitlines()) == 1


TINY = [f"--set={setting}" for setting in (
    "text=own.txt", "embedding_size=4", "hidden_size=8", "updates=20", "batch_size=2", "window=8", "seeds=2",
    "temperatures=0,0.5,1", "sample_length=40",
)]  # fmt: skip


def test_a_language_model_of_ones_own_text(elman, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own.txt").write_text("the cat sat on the mat and the dog sat on the log\n" * 20)
    findings = json.loads(run("study", "char-lm", *TINY, "--json", cwd=tmp_path))
    assert [claim["claim"]["key"] for claim in findings["claims"]] == ["beats-ngram", "cold-repeats"]
    assert not findings["failed"]
    text = elman("generate", "--prompt", "the cat", "--length", "30", "--seed", "3")
    assert text.startswith("the cat")
    assert len(text) == len("the cat") + 30 + 1
    assert elman("generate", "--prompt", "the cat", "--length", "30", "--seed", "3") == text
    greedy = ("generate", "--prompt", "the", "--temperature", "0", "--length", "20")
    assert elman(*greedy, "--seed", "1") == elman(*greedy, "--seed", "2")
    for words, message in (
        (("--prompt", "Ünknown"), "the model has never seen 'k', 'w', 'Ü'"),
        (("--temperature", "-1"), "temperature must be 0 (greedy) or a positive number, got -1.0"),
        (("--temperature", "nan"), "temperature must be 0"),
    ):
        assert message in elman("generate", *words, code=1)
    (weights,) = tmp_path.glob("results/*/*/trials/lstm-seed0-*/model/weights.safetensors")
    weights.write_bytes(weights.read_bytes()[:100])
    assert "does not hold a language model" in elman("generate", "--model", weights.parent, code=1)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "holds no text"),
        (b"a", "holds only the character 'a'"),
        (b"ab", "too short to be split"),
        (b"abcdabcdabcdabcd", "too few for one window"),
        (b"\x7fELF\x00", "is not text"),
    ],
)
def test_texts_that_cannot_be_learned(elman, tmp_path, monkeypatch, content, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own.txt").write_bytes(content)
    assert message in elman("study", "15.12", *TINY, code=1)


@pytest.mark.slow
def test_ctrl_c_says_what_is_saved_and_the_run_goes_on(tmp_path):
    words = ["study", "15.12", "--quick", "--set=text=own.txt", "--set=batch_size=2", "--set=window=8", "--seeds=1"]
    (tmp_path / "own.txt").write_text("the cat sat on the mat and the dog sat on the log\n" * 20)
    process = subprocess.Popen(
        [sys.executable, "-c", "from elman.cli import main; main()", *words],
        cwd=tmp_path, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    deadline = time.monotonic() + 600
    while not list(tmp_path.glob("results/*/*/trials/*/checkpoint.safetensors")):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGINT)
    _, error = process.communicate(timeout=600)
    assert process.returncode == 130
    assert "Traceback" not in error
    assert error.strip().endswith("stopped; finished work is saved, and the same command resumes it")
    (checkpoint,) = tmp_path.glob("results/*/*/trials/*/checkpoint.safetensors")
    assert checkpoint.stat().st_size > 0
    assert "15.12" in run(*words, cwd=tmp_path)
    assert not checkpoint.exists()


def test_the_fields_of_a_plan_are_listed(elman):
    shown = elman("study", "char-lm", "--fields")
    assert "characters per step of truncated" in shown
    assert "a number at least 0 and below 1" in shown
    fields = {one["name"]: one for one in json.loads(elman("study", "15.12", "--quick", "--fields", "--json"))}
    assert fields["hidden_size"] == {
        "name": "hidden_size", "takes": "a whole number above 0", "default": "256", "about": "",
    }  # fmt: skip


def test_the_help_of_a_study_lists_its_fields_and_an_example(elman):
    shown = elman("study", "char-lm", "--quick", "--help")
    assert "--cluster" in shown
    assert "characters per step of truncated" in shown
    assert "For example: elman study 15.12 --quick --set text=auto" in shown
    assert "Fields of" not in elman("study", "--help")
    assert "did you mean char-lm" in elman("study", "char-ln", "--help", code=2)
