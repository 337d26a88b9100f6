"""Files that are anything but what they should be: every reader says so in one line, and none takes them."""

import pickle
import random
import zipfile

import pytest

from elman.data.errors import DataError
from elman.data.files import find, where
from elman.train.checkpoint import load_checkpoint

from .damage import damaged
from .patience import patience
from .subjects import SUBJECTS, sound

BY_NAME = {subject.name: subject for subject in SUBJECTS}


def fed(subject, data, folder):
    """What a reader makes of some bytes: what it found, checked against them, or what it said."""
    path = folder / subject.file
    path.write_bytes(data)
    with patience():
        try:
            found = subject.read(path)
        except (ValueError, OSError) as error:
            found, said = None, str(error)
        else:
            subject.holds(found, data)
            return found
    assert said.strip()
    assert not subject.names_file or subject.file in said, f"which file? {said}"
    return said


def some_damage(subject, first, count, folder):
    for seed in range(first, first + count):
        try:
            fed(subject, damaged(sound(subject), random.Random(f"{subject.name} {seed}")), folder)
        except BaseException as error:
            error.add_note(f"{subject.name}, seed {seed}")
            raise


@pytest.mark.parametrize("subject", SUBJECTS, ids=lambda subject: subject.name)
def test_the_sound_file_is_taken(subject, tmp_path):
    assert not isinstance(fed(subject, sound(subject), tmp_path), str)


@pytest.mark.parametrize("subject", SUBJECTS, ids=lambda subject: subject.name)
def test_damaged_files(subject, tmp_path):
    some_damage(subject, 0, 30, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("subject", SUBJECTS, ids=lambda subject: subject.name)
def test_many_damaged_files(subject, tmp_path):
    some_damage(subject, 30, 450, tmp_path)


# What a spreadsheet, an editor or a careless export does, and what must be said of it; None where it is no harm.
CHANGES = [
    ("prices", lambda data: b"\xef\xbb\xbf" + data.replace(b"\n", b"\r\n"), None),
    ("prices", lambda data: data.replace(b"\n", b"\r"), None),
    ("prices", lambda data: b"\n".join([data.split(b"\n")[0], *data.strip().split(b"\n")[:0:-1]]), None),
    ("prices", lambda data: data.replace(b"2020-01-03,", b"2020-01-03 16:00:00-05:00,"), None),
    ("prices", lambda data: data.replace(b",1002,", b',"1,002",'), None),
    ("prices", lambda data: data.replace(b",1002,", b",1,002,"), "line 4 has 8 columns"),
    ("prices", lambda data: data.replace(b"2020-01-02,100.9417,", b"2020-01-02,0,"), "the open must be a positive"),
    ("prices", lambda data: data.replace(b"2020-01-03,", b"2020-01-03,-"), "the open must be a positive number"),
    ("prices", lambda data: data.replace(b"2020-01-03,", b"2020-01-03,nan,", 1), "columns"),
    ("prices", lambda data: data.replace(b"2020-01-03,", b"2020-01-033,"), "is not a date or time"),
    ("prices", lambda data: data.replace(b"2020-01-03,", b"2020-01-04,"), "2020-01-04 occurs twice"),
    ("prices", lambda data: data.replace(b"2020-01-03,", b"2020-02-30,"), "is not a date or time"),
    ("prices", lambda data: data.replace(b",1002,", b",1_002,"), "got '1_002' in column 'volume'"),
    ("prices", lambda data: data.replace(b",1002,x", b',1002,"x'), "line 41: unexpected end of data"),
    ("prices", lambda data: data.replace(b"close", b"open"), "more than one column for open"),
    ("prices", lambda data: data.replace(b".", b","), "columns"),
    ("prices", lambda data: data.replace(b"2020-01-02,100.9417,", b'2020-01-02,"100,94",'), "'100,94' with a"),
    ("prices", lambda data: b"".join(data.splitlines(True)[:2]), "got 1 days, expected at least 20"),
    ("signal", lambda data: data.replace(b"01:00:00", b"00:00:01", 1), "1 s after the line above"),
    ("signal", lambda data: data.replace(b":00:00,", b":00:00+01:00,"), None),
    ("signal", lambda data: data.partition(b"\n")[2].replace(b"0.0", b"0o0", 1), "line 1: expected a finite number"),
    ("signal", lambda data: data.replace(b"1.1\n", b"1e308\n", 1), None),
    ("signal", lambda data: data.replace(b"1.1\n", b"inf\n", 1), "line 3: expected a finite number"),
    ("numbers", lambda data: b"7\n" * 60, "the value never changes"),
    ("numbers", lambda data: b"load\n" + data, None),
    ("numbers", lambda data: b"nan\n" + data, "line 1: the first value is missing; say how to fill them"),
    ("numbers", lambda data: data.replace(b"3.13\n", b"nan\n"), None),
    ("numbers", lambda data: data.replace(b"\n", b"\r\n").decode().encode("utf-16"), None),
    ("numbers", lambda data: data.replace(b".", b","), "got 2 columns; name the column"),
    ("numbers", lambda data: b"load\n" + data.replace(b".", b","), None),
    ("signal", lambda data: data.replace(b",", b";").replace(b".", b","), None),
    ("numbers", lambda data: b"1\n", "got 1 values, expected at least 20"),
    ("stays", lambda data: data.replace(b"00:03,HR", b"00:63,HR"), "expected a time as hh:mm"),
    ("stays", lambda data: data.replace(b"00:03,HR", b"-1:03,HR"), "expected a time as hh:mm"),
    ("conllu", lambda data: b"\xef\xbb\xbf" + data.replace(b"\n", b"\r\n"), None),
    ("conllu", lambda data: data.replace(b"\n\n1\tGo", b"\n1\tGo"), "got id '1', expected 5"),
    ("conllu", lambda data: data.replace(b"2\tcat\tcat", b"# 2\tcat\tcat"), "got id '3', expected 2"),
    ("conllu", lambda data: data.replace(b"\tGo\t", b"\t\t"), "a word and its tag must not be empty"),
    ("ts", lambda data: data.replace(b"1,2:3,4:b", b"1,2,3,4:b"), "got 1 channels, expected 2"),
    ("ts", lambda data: data.replace(b"1e3", b"1e39"), "finite numbers"),
    ("abc", lambda data: data.replace(b"c3", b"c9999999"), None),
    ("text", lambda data: data + b"\0", "holds a zero byte"),
    ("text", lambda data: data.decode().encode("utf-16"), "zero byte"),
    ("text", lambda data: data.decode().encode("latin-1"), "is not UTF-8"),
    ("midi", lambda data: data[:30] + b"\xff" * 200_000 + data[30:], "a number without end at offset 30"),
    ("findings", lambda data: b"[" * 100_000, "does not hold findings"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "change", "said"), CHANGES)
def test_what_is_said(name, change, said, tmp_path):
    subject = BY_NAME[name]
    data = change(sound(subject))
    assert data != sound(subject)
    found = fed(subject, data, tmp_path)
    assert (said in found) if said else not isinstance(found, str), found


def test_a_record_of_other_types_is_made_again(tmp_path):
    record = BY_NAME["record"]
    for old, new in (
        (b"0.5", b'"0.5"'),
        (b'"numbers": {', b'"numbers": {"a": {},'),
        (b'"a"', b"7"),
        (
            b"{",
            b"[",
        ),
    ):
        assert old in sound(record)
        assert fed(record, sound(record).replace(old, new, 1), tmp_path) is None


def test_data_that_is_no_folder(tmp_path, monkeypatch):
    from elman.data.catalogue import find_set

    (tmp_path / "file").touch()
    for place in ("file", "nowhere"):
        monkeypatch.setenv("ELMAN_DATA", str(tmp_path / place))
        for look in (find, where):
            with pytest.raises(DataError, match="which is not a folder"):
                look(find_set("sst2"))


@pytest.mark.parametrize("how", ["pickle", "torch", "noise", "empty"])
def test_a_checkpoint_cannot_run_code(how, tmp_path):
    path, proof = tmp_path / "checkpoint.safetensors", tmp_path / "was-run"
    wicked = b"cos\nmkdir\n(V" + str(proof).encode() + b"\ntR."  # a pickle that makes a folder when it is loaded
    if how == "torch":
        with zipfile.ZipFile(path, "w") as file:
            file.writestr("archive/data.pkl", wicked)
            file.writestr("archive/version", "3\n")
    else:
        path.write_bytes({"pickle": wicked, "noise": bytes(range(256)), "empty": b""}[how])
    with pytest.raises(ValueError, match=r"\S"):
        load_checkpoint(path, {})
    assert not proof.exists()
    if how == "pickle":
        pickle.loads(wicked)
        assert proof.exists(), "the pickle must be one that works"
