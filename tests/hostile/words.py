"""Command lines drawn from the command line's own declarations, and what every one of them must end in."""

import inspect
import io
import math
import random
import re
import shutil
import sys
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

import torch
import typer

from elman.apps import spelling
from elman.apps.tunes import Settings, TuneModel, save_tunes
from elman.cli import app, main
from elman.data.lexicon import Lexicon
from elman.data.phrases import phrases
from elman.data.vocabulary import Vocabulary
from elman.nn.conditional import ConditionalLanguageModel
from elman.nn.language_model import LanguageModel
from elman.nn.saving import make_seq2seq, make_text_model, save_made, save_model
from elman.studies import all_studies
from elman.studies.shared import reversing

from .damage import damaged
from .subjects import SUBJECTS, sound

INTS = ("1", "2", "3", "5", "7", "0", "-1", "-0", "10", "24", "100", "1000000", "4294967296", "9223372036854775807",
        "18446744073709551616", "9" * 30, "9" * 5000, "-" + "9" * 30, "1.5", "1e3", "0x10", "1_0", "٣", " 4 ", "",
           "nan",
        "inf", "true", "one", "\udcff")  # fmt: skip
FLOATS = ("0", "1", "0.5", "0.8", "1.0", "2", "120", "0.995", "-1", "-0.0", "nan", "inf", "-inf", "1e308", "1e-320",
           "1e999",
          "", "x", "1,5", "٣.٣", "99999999999")  # fmt: skip
STRINGS = ("", " ", "a", "the plot is wonderful .", "The man sees the dog", "teh", "3 1 4", "123", "it's", "naïve",
           "日本語",
           "e\u0301", "😀", "\udcff", "\u202e", "\n", "\t", "[bold]x[/]", "[/]", "-", "--", "-x", "../..", "a/b",
           "x" * 5000,
           "nan", "0", "1" * 50, "'; DROP TABLE", "%s", "{}", "$HOME", "15.10", "lstm", "ray",
           "\x1b[31m")  # fmt: skip
PATHS = ("nowhere", "a-folder", "empty", "results", ".", "..", "", "-", "/dev/null", "/dev/full", "x" * 300,
           "no/such/folder",
         "\udcff.txt", "größe", "results/book.html", "own.txt", "mine.py", "new.svg", "new.mid",
           "results/new/deep")  # fmt: skip
HINTS = {
    "name": ("MyCell", "my_cell", "class", "Torch", "sst2", "nab", "all", "15.2", "15.12", "char-lm", "gru"),
    "exercise": ("15.1", "15.2", "15.3", "15.4", "15.5", "15.6", "15.7", "15.8", "15.9", "15.10", "15.12",
           "beam-search"),
    "exercises": ("15.1", "15.2", "15.10", "15.12"),
    "culture": ("Irish", "Italian", "irish", "Zulu"),
    "key": ("G", "F#m", "Bb", "H", "Amin", "C##", "m"),
    "metre": ("4/4", "6/8", "3/3", "9/4", "0/4", "4", "99999999999999999999/4", "4/0", "²/4"),
    "normal": ("0.5", "400", "0", "1", "2", "-3", "0.999", "1e9", "nan", "inf", "half", "1e999"),
    "own": ("mine.py:Mine", "mine.py:Other", "mine.py", "broken.py:Mine", "nowhere.py:Mine", "GRUCell",
           "a-folder:Mine"),
    "cells": ("mine.py:Mine", "mine.py:Other", "broken.py:Mine", "GRUCell", "LSTMCell", ":", ""),
    "digits": ("3 1 4 2", "3142", "²", "٣", "1 23", "7," * 30),
    "text": ("the old man sees the dog", "Zorvan", "."),
    "words": ("teh", "hat", "zzzzzzzzzz", "x" * 60, "Teh"),
    "cluster": ("ray", "slurm"),
    "prompt": ("a", "abc", "\n", "", "Ü"),
}  # fmt: skip
NOTES = re.compile(r"note: |learned from \d+ |the model has never seen |timing |wrote |.* is left out: ")
STUDY = "quick/trials/x-seed0-1"


def workshop(folder: Path) -> None:
    """Fill a folder with sound files, small untrained models, and files that are not models."""
    torch.manual_seed(0)
    out = folder / "results"
    words = Vocabulary.from_text("\nabc the")
    made: dict[str, Any] = {"embedding_size": 4, "hidden_size": 8, "num_layers": 1, "dropout": 0.0}
    save_model(out / f"15.12-char-lm/{STUDY}/model", LanguageModel(len(words), **made), made, words)
    made = {"vocabulary_size": 4, "conditions": 2, "hidden_size": 4, "cell": "GRU"}
    notes: dict[str, Any] = {"cultures": ["Italian", "Irish"], "vocabulary": Vocabulary.from_text("\nabc").to_json()}
    save_made(out / f"15.22-names/{STUDY}/model", ConditionalLanguageModel(**made), made, notes)
    save_tunes(out / f"15.24-music/{STUDY}/model", TuneModel(Settings(hidden_size=8, beat=True)), "grammar")
    counts = {"then": 5, "the": 9, "hat": 1, "cat": 4}
    for kind, head, notes in (
        ("channel", "pointer-generator", {"counts": counts, "weight": 1.0, "edits": 2, "candidates": 3}),
        ("corrector", "generator", {"counts": counts}),
    ):
        made = spelling.settings(8, head)
        save_made(out / f"15.23-spelling/quick/trials/{kind}-seed0/model", make_seq2seq(made), made, notes)
    made = reversing.settings(8, "additive")
    trial = out / "15.15-number-reversal/quick/trials/attention-teacher-forcing-seed0-x"
    save_made(trial / "model", make_seq2seq(made), made, {})
    sides = [["<unknown>", "<begin>", "<end>", *sorted({w for p in phrases(20, 0) for w in side(p)})]
             for side in (lambda p: p.source, lambda p: p.target)]  # fmt: skip
    made = {"source_size": len(sides[0]), "target_size": len(sides[1]), "hidden_size": 8, "embedding_size": 4,
            "attention": "additive"}  # fmt: skip
    trial = out / "15.28-attention-maps/quick/trials/translation-x"
    save_made(trial / "model", make_seq2seq(made), made, {"source": sides[0], "target": sides[1]})
    lexicon = Lexicon.of([["the", "plot", "is", "wonderful", "."]])
    for study, kind in (("15.14-bidirectional-sentiment", "TextClassifier"), ("15.34-multi-task", "Tagger")):
        made = {
            "kind": kind,
            "sizes": lexicon.sizes,
            "widths": [4],
            "cell": "GRUCell",
            "hidden_size": 4,
            "classes": 2,
        }
        save_made(out / f"{study}/{STUDY}/model", make_text_model(made), made,
                  {"lexicon": lexicon.to_json(), "classes": ["a", "b"]})  # fmt: skip
    (out / "15.1-toy/quick").mkdir(parents=True)
    for subject in SUBJECTS:
        (folder / subject.file).write_bytes(sound(subject))
    shutil.copy(folder / "findings.json", out / "15.1-toy/quick")
    choice = random.Random(0)
    (folder / "long.csv").write_text("".join(f"{k % 24 + choice.gauss(0, 0.1)}\n" for k in range(700)))
    (folder / "own.txt").write_text("the cat sat on the mat and the dog sat on the log\n" * 20)
    (folder / "a-folder").mkdir()
    (folder / "empty").touch()
    mine = "import elman, torch\n\nclass Mine(elman.Cell):\n    def step(self, drive, state):\n        return state\n"
    (folder / "mine.py").write_text(mine)
    (folder / "broken.py").write_text(mine[:50])


@dataclass
class Line:
    """Words, what is piped in, and whether something in them cannot be right."""

    words: list[str]
    given: bytes = b""
    wrong: bool = False


@dataclass(frozen=True)
class Param:
    """A parameter of a command: what its function declares."""

    name: str
    kind: Any  # int, float, bool, str or Path
    option: str  # empty for an argument
    required: bool
    several: bool = False
    least: float | None = None
    most: float | None = None
    choices: tuple[str, ...] = ()


def commands(of: typer.Typer = app, words: tuple[str, ...] = ()) -> dict[tuple[str, ...], list[Param]]:
    """Every command with its parameters, read from the functions."""
    found = {}
    for info in of.registered_groups:
        assert info.typer_instance is not None
        found |= commands(info.typer_instance, (*words, str(info.name)))
    for info in of.registered_commands:
        function: Any = info.callback
        hints = get_type_hints(function, include_extras=True)
        found[(*words, info.name or function.__name__)] = [
            declared(hints[name], param) for name, param in inspect.signature(function).parameters.items()
        ]
    return found


def declared(hint: Any, param: inspect.Parameter) -> Param:
    kind, *notes = get_args(hint) if get_origin(hint) is Annotated else (hint,)
    note: Any = notes[0] if notes else typer.Option()
    kind = next((one for one in get_args(kind) if one is not type(None)), kind) if is_optional(kind) else kind
    several = get_origin(kind) is list
    kind = get_args(kind)[0] if several else kind
    choices = get_args(kind) if get_origin(kind) is Literal else ()
    argument = isinstance(note, typer.models.ArgumentInfo)
    option = "" if argument else (*(note.param_decls or ()), f"--{param.name.replace('_', '-')}")[0]
    return Param(
        param.name,
        str if choices else kind,
        option,
        param.default is param.empty,
        several,
        note.min,
        note.max,
        choices,
    )


def is_optional(kind: Any) -> bool:
    return type(None) in get_args(kind)


COMMANDS = {words: options for words, options in commands().items() if words != ("playground",)}  # it takes a minute


def drawn(choice: random.Random, folder: Path) -> Line:
    """Draw a command line, and damage a file or a model in the folder that it may name."""
    name, params = choice.choice(list(COMMANDS.items()))
    pool = [*PATHS, *(subject.file for subject in SUBJECTS), "long.csv", "long.csv"]
    models = sorted(folder.glob("results/**/model"))
    model = choice.choice(models)
    if choice.random() < 0.5:
        target = model / choice.choice(("model.json", "weights.safetensors"))
        target.write_bytes(damaged(target.read_bytes(), choice))
    else:
        target = folder / choice.choice([subject.file for subject in SUBJECTS] + ["long.csv"] * 9)
        target.write_bytes(damaged(target.read_bytes(), choice))
        shutil.copy(folder / "findings.json", folder / "results/15.1-toy/quick")
    line = Line(list(name))
    needed = choice.random() < 0.95
    for param in choice.sample(params, len(params)):
        if not ((param.required and needed) or choice.random() < 0.25):
            continue
        wrong = False  # of an option that is given twice the last counts
        for _ in range(choice.choice((1, 1, 1, 1, 1, 2))):
            if param.kind is bool:
                line.words.append(param.option)
                continue
            value = _value(param, choice, pool, line)
            if param.name == "model" and choice.random() < 0.8:
                value = str(model.relative_to(folder))
            wrong = _impossible(param, value) or (wrong and (param.several or not param.option))
            if not param.option:
                line.words.append(value)
            elif choice.random() < 0.8:
                line.words += [param.option, value]
            else:
                line.words.append(f"{param.option}={value}")
        line.wrong |= wrong
    if choice.random() < 0.05:
        line.words.insert(choice.randrange(len(line.words) + 1), choice.choice(("--nonsense", "-q", *STRINGS)))
        line.wrong = False
    if choice.random() < 0.5:
        line.given = damaged((folder / "long.csv").read_bytes(), choice)
    line.words = [word.replace("\0", "") for word in line.words]
    return line


def _value(param: Param, choice: random.Random, pool: list[str], line: Line) -> str:
    if param.kind is int:
        return choice.choice(INTS[:5] if choice.random() < 0.8 else INTS)
    if param.kind is float:
        return choice.choice(FLOATS[:8] if choice.random() < 0.8 else FLOATS)
    if param.kind is Path:
        return choice.choice(pool)
    if param.name == "settings":
        return _setting(choice, line)
    known = (*param.choices, *HINTS.get(param.name, ()))
    return choice.choice(known if known and choice.random() < 0.8 else STRINGS)


def _setting(choice: random.Random, line: Line) -> str:
    """A field of the plan that is meant, if one is, or of any, and a value."""
    named = [s for s in all_studies() if {s.exercise, s.name} & set(line.words)]
    study = choice.choice(named or all_studies()[:10])
    field = choice.choice(fields(study.module.Plan))
    value = choice.choice(
        (*INTS[:8], *FLOATS[:6], *INTS, *FLOATS, "0.5,0.5", "3,4", "1,2,3,4", "0.25,0.25,0.25,0.25", "own.txt")
    )
    return choice.choice((f"{field.name}={value}",) * 9 + (field.name, "=", f"{field.name}=={value}", "nonsense=1"))


def _impossible(param: Param, value: str) -> bool:
    """Whether a value can never be right, by the declaration alone."""
    if param.kind is int:
        if not re.fullmatch(r"-?[0-9]{1,4000}", value):
            return value.strip() == value and not re.fullmatch(r"[-+_\d]+", value)
        return (
            not (-math.inf if param.least is None else param.least)
            <= int(value)
            <= (math.inf if param.most is None else param.most)
        )
    if param.kind is float:
        return value in ("nan", "inf", "-inf", "1e999", "", "x", "1,5")
    return bool(param.choices) and value not in param.choices


def run(line: Line) -> tuple[int, str, str]:
    """Run a command line in this process: its exit status, what it printed, and what it complained of."""
    held = sys.argv, sys.stdin, sys.stdout, sys.stderr
    out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8", errors) for errors in ("strict", "backslashreplace"))
    sys.argv, sys.stdin, sys.stdout, sys.stderr = (
        ["elman", *line.words],
        io.TextIOWrapper(io.BytesIO(line.given), "utf-8"),
        out,
        err,
    )
    code: Any = 0
    try:
        main()
    except SystemExit as stop:
        code = stop.code or 0
    finally:
        sys.argv, sys.stdin, sys.stdout, sys.stderr = held
    texts = []
    for stream in (out, err):
        stream.flush()
        texts.append(stream.buffer.getvalue().decode())
    return code, texts[0], texts[1]


def judge(line: Line, code: int, out: str, err: str) -> None:
    """Whatever the words, they end in an answer, or in one line that says why there is no answer."""
    assert code in (0, 1, 2), code
    assert "Traceback" not in out + err
    assert "elman: unexpected" not in err, err
    assert "Warning" not in err, err
    if code == 0:
        assert not line.wrong, "taken, but it cannot be"
        quoted = " ".join(line.words) + line.given.decode("utf-8", "replace")
        said = out if not re.search("nan|inf", quoted, re.IGNORECASE) else ""
        if line.words[0] in (
            "count",
            "cells",
            "answer",
            "detect",
            "classify",
            "tag",
            "translate",
            "correct",
            "reverse",
        ):
            assert not re.search(r"\b(nan|inf)\b", said), said[:500]
        return
    lines = [one for one in err.splitlines() if one.strip()]
    assert lines, "failed without a word"
    if lines[0].startswith("Usage: "):
        assert code == 2
        return
    complaints = [one for one in lines if not NOTES.match(one)]
    by_line = line.words[0] in ("tag", "classify", "correct", "translate", "generate", "names")
    most = 40 if by_line or line.words[:2] == ["data", "fetch"] else 1  # a complaint a line or a file
    assert 1 <= len(complaints) <= most, err[:1000]
    assert all(one.startswith("elman: ") and 10 < len(one) < 1000 for one in complaints), err[:1500]
