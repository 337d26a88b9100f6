"""What is read from files: a sound file, its reader, and what must be true of whatever the reader takes.

``holds(found, data)`` compares what was read with the file's bytes, counted in another way than the reader does: a
row must not be lost without a word, nor text that is not a number be taken for one.
"""

import json
import math
import random
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unicodedata import category

import mido
import numpy as np
import torch

from elman.data.copying import read_restaurants
from elman.data.errors import DataError
from elman.data.irregular import read_stays
from elman.data.music.abc_notation import read_abc
from elman.data.music.melody import REST, Melody, Note
from elman.data.music.midi import read_midi_part, write_midi
from elman.data.names import MARKS, names
from elman.data.own_spelling import read_dictionary, read_misspellings
from elman.data.prices import read_prices
from elman.data.reading import read_text
from elman.data.sentences import read_conllu
from elman.data.signals import read_signal
from elman.data.spelling import read_counts, read_pairs
from elman.data.tables import read_table
from elman.data.tag_columns import read_tagged
from elman.data.text_pairs import read_text_pairs
from elman.data.texts import text
from elman.data.ts import read_ts
from elman.lab.findings import Claim, Curves, Findings, Passage, Series, Table, Verdict
from elman.lab.quiz import mark, quiz, read_answers
from elman.lab.store import load_record, save_record
from elman.lab.study import Record, Trial
from elman.studies import all_studies
from elman.train.checkpoint import RandomState, load_checkpoint, save_checkpoint


@dataclass(frozen=True)
class Subject:
    """A kind of file. A reader that only counts what it refuses (a record to be made again) returns ``None``."""

    name: str
    file: str
    seed: Callable[[], bytes]
    read: Callable[[Path], Any]
    holds: Callable[[Any, bytes], object]
    names_file: bool = True  # whether what it complains of says which file


def text_lines(data: bytes) -> list[str]:
    try:
        plain = data.decode("utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
    except UnicodeDecodeError:  # tables are read as the code page, and that is said
        plain = data.decode("cp1252", "replace")
    plain = plain.replace("\r\n", "\n").replace("\r", "\n")
    return plain.split("\n")


BLANK = ", \t\x0b\x0c\x1c\x1d\x1e\x1f\x85\xa0\u2028"


def csv_lines(data: bytes) -> list[str] | None:
    """Lines of a CSV that hold something; None where quotes make them hard to count."""
    return None if b'"' in data else [line for line in text_lines(data) if line.strip(BLANK)]


def prices_hold(found, data):
    table, lines = found.table, csv_lines(data)
    assert np.isfinite(table).all()
    assert (table[:, :4] > 0).all()
    assert (table[:, 1] >= table[:, 2]).all()
    assert all(a < b for a, b in zip(found.days, found.days[1:], strict=False))
    assert lines is None or len(found) == len(lines) - 1
    assert np.ptp(table[:, 3]) > 0


def signal_holds(found, data):
    assert np.isfinite(found.values).all()
    assert np.ptp(found.values) > 0
    lines = csv_lines(data)
    if lines is None:
        return
    if lines[0].count(",") != lines[-1].count(",") or any(
        ";" in line or "\t" in line or "|" in line for line in lines
    ):
        return
    wanted = [line.split(",")[-1].strip() for line in lines]
    if not re.match(r"[-+.]?\d", lines[0].split(",")[0].strip()):
        wanted = wanted[1:]
    values = iter(found.values.tolist())
    wanted = [number for number in wanted if number not in ("", "nan", "NaN", "null")]
    if "turned round" in str(found.notes):
        wanted.reverse()
    assert all(float(number) in values for number in wanted), "a number of the file is not in the series"
    assert len(found) == len(wanted) or "missing" in str(found.notes)


def table_holds(found, data):
    assert {len(found.columns[name]) for name in found.names} <= {len(found)}
    for name in found.names:
        assert len(found.text(name)) == len(found)
        assert found.kind(name) in ("number", "time", "text", "empty")
    lines = csv_lines(data)
    if lines is not None and found.path.suffix == ".csv" and not any(line[:1] in "#{[" for line in lines):
        lines = [line for line in lines if line.strip(BLANK + ";|")]
        assert len(lines) - 1 <= len(found) + found.header <= len(lines) + 1
    for name in found.names:
        try:
            found.numbers(name)
            found.times(name)
        except DataError as error:
            if "line" not in str(error):
                raise


def stays_hold(found, data):
    for stay in found:
        assert len(stay.times) == len(stay.values) >= 10
        assert all(a < b for a, b in zip(stay.times, stay.times[1:], strict=False))
        assert all(0 < value < math.inf for value in stay.values)
        assert all(0 <= time < math.inf for time in stay.times)
    lines = csv_lines(data)
    if lines is not None:
        heart = [line.split(",") for line in lines if "HR" in line.split(",")]
        assert sum(len(stay.values) for stay in found) <= len(heart)


def restaurants_hold(found, data):
    for one in found:
        assert one.source
        assert 0 < len(one.target) <= 30
        assert set(one.target) & set(one.source)


def conllu_holds(found, data):
    blocks, here = [], 0
    for line in [*text_lines(data), ""]:
        if not line.strip():
            blocks, here = blocks + [here] * bool(here), 0
        elif not line.startswith("#"):
            here += line.split("\t")[0].isdecimal()
    assert [len(one.words) for one in found] == blocks
    assert all(word.strip() and tag.strip() for one in found for word, tag in zip(one.words, one.tags, strict=True))


def tagged_hold(found, data):
    assert all(len(one.words) == len(one.tags) > 0 for one in found.records)
    assert all(word and tag for one in found.records for word, tag in zip(one.words, one.tags, strict=True))
    assert found.understood


def text_pairs_hold(found, data):
    assert all(one.source and one.target for one in found.records)
    assert found.understood


def own_words_hold(found, data):
    assert found.records
    assert all(a and b for a, b in found.records)
    assert found.understood


def ts_holds(found, data):
    lines = [line.strip() for line in text_lines(data)]
    lines = [line for line in lines if line and not line.startswith("#")]
    begin = [line.lower() for line in lines].index("@data")
    assert len(found) == len(lines) - begin - 1
    assert len({one.values.shape[1] for one in found}) == 1
    assert all(np.isfinite(one.values).all() and one.label for one in found)


def text_holds(found, data):
    assert found.text == "\n".join(text_lines(data))
    assert "\0" not in found.text


def abc_holds(found, data):
    tunes, aside, _ = found
    lines = text_lines(data.removeprefix(b"\xef\xbb\xbf").decode("latin-1").encode())  # bytes that are not UTF-8 too
    assert len(tunes) + sum(aside.values()) == sum(line.startswith("X:") for line in lines)
    assert all(reason and "\n" not in reason and "Error" not in reason for reason in aside)
    for tune in tunes:
        melody_holds(tune)


def melody_holds(tune):
    assert all(note.duration > 0 for note in tune.notes)
    assert tune.pitches
    assert 0 < tune.length < 10**7


def midi_holds(found, data):
    melody, chosen = found
    melody_holds(melody)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "file.mid"
        path.write_bytes(data)
        played = [m for track in mido.MidiFile(path).tracks for m in track if m.type == "note_on" and m.channel != 9]
    struck = sum(message.velocity > 0 for message in played)
    assert len(melody.pitches) + chosen.dropped == chosen.notes <= struck
    assert chosen.parts > 1 or chosen.notes == struck


def names_hold(found, data):
    own = found.by_culture["Own"]
    assert own
    assert all(c.isalnum() or c in MARKS or category(c)[0] == "M" for name in own for c in name)
    try:
        lines = text_lines(data)
    except UnicodeDecodeError:  # another encoding, which the reader names
        assert any("the text is" in sentence for sentence in found.understood)
        return
    letters = [line.strip() for line in lines if re.fullmatch("[A-Za-z]{1,30}", line.strip())]
    assert {name.casefold() for name in letters} <= {name.casefold() for name in own}


def counts_hold(found, data):
    lines = [line.split() for line in text_lines(data) if line.strip()]
    plain = [line for line in lines if len(line) == 2 and re.fullmatch("[a-z]{2,}", line[0])]
    assert all(isinstance(count, int) and count > 0 for count in found.values())
    assert sum(found.values()) == sum(int(count) for _, count in plain)


def pairs_hold(found, data):
    assert all(re.fullmatch("[a-z]+", side) for pair in found for side in pair)
    assert all(a != b for a, b in found)


def findings_hold(found, data):
    assert found.to_json()
    with TemporaryDirectory() as folder:
        found.save(Path(folder) / "findings.json")
        assert Findings.load(Path(folder) / "findings.json").to_json() == found.to_json()


def record_holds(found, data):
    if found is not None:
        assert all(isinstance(value, int | float) for value in found.numbers.values())
        assert all(isinstance(value, int | float) for series in found.series.values() for value in series)
        assert all(isinstance(value, str) for value in found.texts.values())
        assert all(isinstance(array, np.ndarray) for array in found.arrays.values())
        assert isinstance(found.trial.arm, str)
        assert isinstance(found.seconds, int | float)


class Parts:
    """What a checkpoint fills: weights, an optimiser, the random state."""

    @staticmethod
    def make():
        model = torch.nn.Linear(2, 2)
        optimizer = torch.optim.Adam(model.parameters())
        model(torch.ones(1, 2)).sum().backward()
        optimizer.step()
        return {"model": model, "optimizer": optimizer, "random": RandomState()}

    @staticmethod
    def seed() -> bytes:
        with TemporaryDirectory() as folder:
            path = Path(folder) / "checkpoint.safetensors"
            save_checkpoint(path, Parts.make(), {"losses": [1.0, 0.5], "state": (torch.zeros(1),)})
            return path.read_bytes()

    @staticmethod
    def read(path):
        held = RandomState().state_dict()
        parts = Parts.make()
        try:
            return load_checkpoint(path, parts), parts
        finally:
            RandomState().load_state_dict(held)


def checkpoint_holds(found, data):
    _, parts = found
    assert parts["model"].weight.shape == (2, 2)
    assert parts["optimizer"].param_groups[0]["params"]


@cache
def questions():
    return quiz(all_studies(), 7)


def quiz_holds(found, data):
    marks = mark(questions(), found)
    wrote = data.decode("utf-8", "replace")
    assert all(marks[label] is None or label in wrote for label in marks)


def midi_seed() -> bytes:
    notes = [(67, 4), (69, 2), (REST, 2), (71, 4), (72, 8), (67, 4), (REST, 4), (60, 8)]
    with TemporaryDirectory() as folder:
        path = Path(folder) / "tune.mid"
        write_midi(path, Melody(tuple(Note(*note) for note in notes), (3, 4), 4, 7, False, "A tune"))
        return path.read_bytes()


def findings_seed() -> bytes:
    claim = Claim("key", "It is so.", "a book", at_least=0.0)
    return Findings(
        "It was found.",
        claims=[Verdict(claim, 0.5, 0.4, math.inf, 3, "holds")],
        passages=[Passage("Answer", "a) *this*\n\nb) `that`")],
        tables=[Table("A table", ["x", "y"], [[1, 2.5], ["a", None]])],
        figures=[Curves("A figure", "x", "y", [Series("s", [0.0, 1.0], [1.0, math.nan])])],
        exercise="15.1", name="toy", title="A toy", plan={"sizes": [1, 2]}, environment={"python": "3"}, seconds=1.0,
    ).to_json().encode()  # fmt: skip


RECORD = Record(
    {"loss": 0.5, "steps": 3}, {"curve": [1.0, 0.5, float("nan")]}, {"sample": "ü"}, {}, Trial("a", 0, {"t": "x"})
)


def record_seed(file: str) -> bytes:
    with TemporaryDirectory() as folder:
        arrays = {"a": np.arange(6.0).reshape(2, 3), "b": np.array(["x", "y"])} if file == "arrays.npz" else {}
        save_record(Path(folder), Record(**{**vars(RECORD), "arrays": arrays}), "print")
        return (Path(folder) / file).read_bytes()


def read_arrays(path: Path):
    """A sound record with damaged arrays beside it."""
    whole = json.loads(record_seed("record.json"))
    (path.parent / "record.json").write_text(json.dumps(whole | {"arrays": ["a", "b"]}))
    return load_record(path.parent, "print")


def arrays_hold(found, data):
    record_holds(found, data)
    if found is not None:
        assert found.arrays["a"].shape == (2, 3)


def price_rows(count: int = 40) -> bytes:
    choice, close = random.Random(0), 100.0
    rows = ["date,open,high,low,close,volume,note"]
    for day in range(count):
        opening, close = close, round(close * (1 + choice.gauss(0, 0.01)), 4)
        high, low = round(max(opening, close) + 1, 4), round(min(opening, close) - 1, 4)
        rows.append(f"2020-{1 + day // 28:02}-{1 + day % 28:02},{opening},{high},{low},{close},{1000 + day},x")
    return ("\n".join(rows) + "\n").encode()


CONLLU = (
    "# text = The cat's here\n1\tThe\tthe\tDET\tDT\t_\t2\tdet\t_\t_\n2-3\tcat's\t_\t_\t_\t_\t_\t_\t_\t_\n"
    "2\tcat\tcat\tNOUN\tNN\t_\t4\tnsubj\t_\t_\n3\t's\tbe\tAUX\tVBZ\t_\t4\tcop\t_\t_\n4\there\there\tADV\tRB\t_\t0\troot\t_\t_\n"
    "4.1\tx\t_\t_\t_\t_\t_\t_\t_\t_\n\n1\tGo\tgo\tVERB\tVB\t_\t0\troot\t_\t_\n\n"
)
ABC = (
    "X:1\nT:One\nM:6/8\nL:1/8\nK:G\nD|GFG A2B|c3 \"D7\"d2e|1 d3 d2:|2 G3 G2|]\n\n"
    "X:2\nT:Two\nM:4/4\nK:Am\nA2 (3Bcd e2>f2|[Ac]4 z2 {g}^g2|A8|]\n"
)  # fmt: skip
SIGNAL = "time,value\n" + "".join(f"2020-01-0{1 + k // 24} {k % 24:02}:00:00,{k % 7}.{k}\n" for k in range(60))
TABLE = "when;load;note\n" + "".join(f"{1 + k:02}.01.2020;{k},5;größer\n" for k in range(25))
STAYS = "RecordID,Time,Parameter,Value\n" + "".join(
    f"{1 + k // 15},00:{k:02},HR,{60 + k}\n1,00:{k:02},Age,7\n" for k in range(30)
)
RESTAURANTS = (
    'mr,ref\n"name[The Vaults], food[French], near[Café Rio]","The Vaults, near Café Rio, is French."\n'
    '"name[Aromi]",Aromi is a pub.\n'
)
TS = "@problemName x\n# note\n@data\n1,2,3:4,5,6:a\n1,2:3,4:b\n0.5:1e3:a\n"
TEXT = "The quick brown fox, größer.\nIt jumps.\n"
NAMES = "Ada\nOu-Yang\nO'Neill\nSégal\nBo\n"
COUNTS = "you 28787591\nthe 22761659\n's 14291013\nof 3\n"
PAIRS = "absense->absence\nalot->a lot\nteh->the\n"
TAGGED = "The\tDET\ncat\tNOUN\n\nGo\tVERB\n"
FORMS = "walk\twalked\tV;PST\ngo\twent\tV;PST\n"
DICTIONARY = "the 3\ndon't\t2\nnaïve\n"
MISSPELLINGS = "teh->the\nreceive: recieve\n"
QUIZ = "Ada\n15.2: 100\n 15.10b = 3, 4\n15.6b: 2,3,4\n15.1a: c\n"


def read_own_names(path: Path):
    return names(str(path.parent))


def read_own_record(path: Path):
    return load_record(path.parent, "print")


SUBJECTS = (
    Subject("prices", "prices.csv", price_rows, lambda path: read_prices(path, 20), prices_hold),
    Subject("signal", "signal.csv", SIGNAL.encode, lambda path: read_signal(path, 20), signal_holds),
    Subject("numbers", "numbers.csv", "".join(f"{k % 5}.{k}\n" for k in range(40)).encode,
            lambda path: read_signal(path, 20), signal_holds),
    Subject("table", "table.csv", TABLE.encode, lambda path: read_table(path), table_holds),
    Subject("json", "table.jsonl", '{"text": "größer", "n": 1.5}\n{"text": null, "n": 7}\n'.encode, read_table,
            table_holds),
    Subject("stays", "stays.csv", STAYS.encode, read_stays, stays_hold),
    Subject("restaurants", "set.csv", RESTAURANTS.encode, read_restaurants, restaurants_hold),
    Subject("conllu", "some.conllu", CONLLU.encode, read_conllu, conllu_holds),
    Subject("ts", "some.ts", TS.encode, read_ts, ts_holds),
    Subject("text", "some.txt", TEXT.encode, lambda path: text(str(path)), text_holds),
    Subject("abc", "tunes.abc", ABC.encode, read_abc, abc_holds),
    Subject("midi", "tune.mid", midi_seed, read_midi_part, midi_holds),
    Subject("names", "Own.txt", NAMES.encode, read_own_names, names_hold, names_file=False),
    Subject("counts", "counts.txt", COUNTS.encode, lambda path: read_counts(read_text(path)), counts_hold,
            names_file=False),
    Subject("pairs", "pairs.txt", PAIRS.encode, lambda path: read_pairs(read_text(path)), pairs_hold,
            names_file=False),
    Subject("tagged", "tagged.tsv", TAGGED.encode, read_tagged, tagged_hold),
    Subject("inflections", "forms.tsv", FORMS.encode, read_text_pairs, text_pairs_hold),
    Subject("dictionary", "words.txt", DICTIONARY.encode, read_dictionary, own_words_hold),
    Subject("misspellings", "own-pairs.txt", MISSPELLINGS.encode, read_misspellings, own_words_hold),
    Subject("findings", "findings.json", findings_seed, Findings.load, findings_hold),
    Subject("record", "record.json", lambda: record_seed("record.json"), read_own_record, record_holds),
    Subject("arrays", "arrays.npz", lambda: record_seed("arrays.npz"), read_arrays, arrays_hold),
    Subject("checkpoint", "checkpoint.safetensors", Parts.seed, Parts.read, checkpoint_holds),
    Subject("quiz", "answers.txt", QUIZ.encode, lambda path: read_answers(read_text(path)), quiz_holds,
            names_file=False),
)  # fmt: skip


@cache
def sound(subject: Subject) -> bytes:
    return subject.seed()
