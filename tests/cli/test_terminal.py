"""No terminal escape of a file, a model or an argument comes through: each is shown as text."""

import io
import json
import re
import sys
from pathlib import Path

import pytest
import torch

from elman.apps.tunes import Settings, TuneModel, save_tunes
from elman.cli import main
from elman.data.vocabulary import Vocabulary
from elman.lab.findings import Claim, Findings, Passage, Table, Verdict
from elman.lab.progress import Progress, Running
from elman.nn.conditional import ConditionalLanguageModel
from elman.nn.saving import save_made
from elman.terminal import marked, printable

EVIL = "a\x1b]0;title\x07\x1b[2J\x9b31m\u202eb"
SHOWN = r"a\u001b]0;title\u0007\u001b[2J\u009b31m\u202eb"
RAW = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def test_every_control_character_is_escaped():
    every = "".join(map(chr, range(0x3000)))
    shown = printable(every)
    assert not RAW.search(shown)
    assert json.loads(f'"{printable("".join(map(chr, [*range(9), *range(11, 32), 127, 128])))}"'), "also in JSON"
    assert printable("Ünïcödé 漢字 [bold]\t\n\\") == "Ünïcödé 漢字 [bold]\t\n\\"


def test_markup_shows_what_it_was_given(capsys):
    from rich.console import Console

    Console(color_system="truecolor", force_terminal=True, highlight=False).print(marked(f"[red]{EVIL}[/]"))
    assert capsys.readouterr().out == f"[red]{SHOWN}[/]\n"


@pytest.fixture
def results(tmp_path):
    """Everything in it that is text is evil."""
    torch.manual_seed(0)
    save_tunes(tmp_path / "tunes", TuneModel(Settings(hidden_size=8)), EVIL)
    made = {"vocabulary_size": 4, "conditions": 2, "hidden_size": 4, "cell": "GRU"}
    notes = {"cultures": [EVIL, "Irish"], "vocabulary": Vocabulary.from_text("\n\x1bbc").to_json()}
    save_made(tmp_path / "names", ConditionalLanguageModel(**made), made, notes)
    found = tmp_path / "results" / "15.1-toy" / "quick" / "findings.json"
    Findings("x").save(found)
    damaged = tmp_path / "results" / f"15.2-{EVIL.replace('/', '')}" / "quick"
    damaged.mkdir(parents=True)
    (damaged / "findings.json").write_text("{")
    return tmp_path


@pytest.mark.parametrize(
    ("words", "code", "shown"),
    [
        ("names --model {0}/names", 0, SHOWN),
        ("names --model {0}/names --culture Irish --temperature 5", 0, "u001b"),
        ("names --model {0}/names --culture x", 2, SHOWN),
        ("compose --model {0}/tunes --out {0}/tune.mid --bars 1", 0, SHOWN),
        ("compose --model {0}/EVIL", 1, SHOWN),
        ("report {0}/results", 0, SHOWN),
        ("report {0}/EVIL", 1, SHOWN),
        ("study EVIL", 2, SHOWN),
        ("EVIL", 2, SHOWN),
        ("count EVIL", 2, SHOWN),
        ("--EVIL", 2, SHOWN),
        ("cells --hidden-size EVIL", 2, "hidden"),
        ("list --EVIL", 2, SHOWN),
        ("new cell EVIL", 2, "x1b"),
    ],
)
def test_commands(words, code, shown, results, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "400")
    monkeypatch.setattr(sys, "argv", ["elman", *words.format(results).replace("EVIL", EVIL).split(" ")])
    with pytest.raises(SystemExit) as stop:
        main()
    said = "".join(capsys.readouterr())
    assert (stop.value.code or 0) == code, said
    assert not RAW.search(said), repr(said)
    assert shown in said or shown.replace("\\", "\\\\") in said or repr(EVIL)[1:-1] in said, said


def test_a_study_shows_its_findings(capsys, monkeypatch):
    from elman.cli.lab import _show

    claim = Claim(EVIL, EVIL, EVIL, EVIL)
    verdict, table = Verdict(claim, 1.0, 1.0, 1.0, 1, "holds"), Table(EVIL, [EVIL], [[EVIL]], EVIL)
    findings = Findings(
        EVIL, [verdict], [Passage(EVIL, EVIL)], [table],
        title=EVIL, exercise=EVIL, failed=[EVIL],
    )  # fmt: skip
    monkeypatch.setenv("COLUMNS", "400")
    _show(findings, Path(EVIL))
    assert not RAW.search(capsys.readouterr().out)


@pytest.mark.parametrize("terminal", [False, True])
def test_progress(terminal, capsys):
    progress = Progress(terminal)
    progress.start(2, 0)
    progress.update([Running(EVIL, 1, 2, {"loss": 1.0})])
    progress.finished(EVIL, EVIL)
    progress.stop()
    said = "".join(capsys.readouterr())
    assert "\x1b]0" not in said
    assert "\x07" not in said
    assert "\x1b[2J" not in said


def test_lines_that_are_piped_in(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["elman", "detect"])
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(f"1\n{EVIL}\n".encode()), "utf-8"))
    with pytest.raises(SystemExit):
        main()
    assert not RAW.search("".join(capsys.readouterr()))
