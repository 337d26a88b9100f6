"""Damaged and hostile files: run again, or refused in one line; no code is run, and no number is wrong."""

import io
import json
import math
import os
import pickle
import random
import shutil
import struct
import zipfile

import numpy as np
import pytest
import torch

from elman.files import write_text
from elman.lab.findings import Findings
from elman.lab.store import load_record, save_record
from elman.lab.study import Record, Trial
from elman.lab.workspace import read_progress
from elman.nn.saving import load_seq2seq, make_seq2seq, save_made
from elman.sealing import UNSEALED, seal
from elman.train.checkpoint import RandomState, load_checkpoint, save_checkpoint

from .toy import timeless

DEEP = b"[" * 10**5 + b"]" * 10**5
RECORD = Record({"loss": 1.25}, {"curve": [2.0, math.nan]}, {"said": "ü"}, {"noise": np.arange(3.0)}, Trial("a"), 0.5)


class Wicked:
    """Makes a folder when it is unpickled."""

    def __init__(self, proof):
        self.proof = str(proof)

    def __reduce__(self):
        return os.mkdir, (self.proof,)


def flips(data):
    """The file with a bit of its first byte turned, with one of its second, and so on."""
    for place in range(len(data)):
        yield data[:place] + bytes([data[place] ^ 1 << place % 8]) + data[place + 1 :]


@pytest.mark.parametrize("name", ["record.json", "arrays.npz"])
def test_every_byte_of_a_record_counts(tmp_path, name):
    save_record(tmp_path, RECORD, "stamp")
    path = tmp_path / name
    whole = path.read_bytes()
    assert repr(load_record(tmp_path, "stamp")) == repr(RECORD)
    for damaged in (*flips(whole), *(whole[:length] for length in range(len(whole))), whole + b" "):
        path.write_bytes(damaged)
        assert load_record(tmp_path, "stamp") is None


@pytest.mark.parametrize(
    "content",
    [DEEP, b"", b"null", b"[]", b"{}", b'"a"', b"NaN", b"-Infinity", b"1" * 5000,
     b'{"fingerprint": "stamp"}', b'{"fingerprint": "stamp", "arrays": 3}',
     b'{"fingerprint": "stamp", "arrays": [[]]}', b"\xff\xfe", b"\x00" * 99],
    ids=lambda content: repr(content[:24]),
)  # fmt: skip
def test_other_json_is_no_record_no_progress_and_no_findings(tmp_path, content):
    for name in ("record.json", "progress.json", "findings.json"):
        (tmp_path / name).write_bytes(content)
    assert load_record(tmp_path, "stamp") is None
    assert read_progress(tmp_path) is None
    with pytest.raises(ValueError, match="does not hold findings") as error:
        Findings.load(tmp_path / "findings.json")
    assert "\n" not in str(error.value)


def test_arrays_that_would_run_code(tmp_path):
    """Sealed by one who knows how: the reader itself must take no pickle."""
    proof = tmp_path / "was-run"
    file = io.BytesIO()
    np.savez(file, noise=np.array([Wicked(proof)], dtype=object))
    pickled = pickle.dumps(Wicked(proof))
    zipped = io.BytesIO()
    with zipfile.ZipFile(zipped, "w") as archive:
        archive.writestr("noise.npy", pickled)
    about = {"sha256": UNSEALED, "fingerprint": "stamp", "arrays": ["noise"], "trial": {"arm": "a"}}
    for arrays in (file.getvalue(), pickled, zipped.getvalue()):
        (tmp_path / "arrays.npz").write_bytes(arrays)
        (tmp_path / "record.json").write_bytes(seal(json.dumps(about).encode(), arrays))
        assert load_record(tmp_path, "stamp") is None
        assert not proof.exists()
    pickle.loads(pickled)
    assert proof.exists(), "the pickle must be one that works"


def test_a_record_of_another_trial_is_not_taken(toy):
    run = toy.run(variants=("a",))
    expected = timeless(toy.finish(run))
    first, second = (run.trial_folder(trial) for trial in run.study.trials(run.plan))
    shutil.rmtree(second)
    shutil.copytree(first, second)
    assert timeless(toy.finish(run)) == expected
    assert toy.marks() == {"a-seed0": 1, "a-seed1": 2}


@pytest.mark.parametrize("name", ["record.json", "arrays.npz", "progress.json", "failure.txt", "plan.json", ".lock"])
@pytest.mark.parametrize("kind", ["link", "pipe", "endless"])
def test_links_out_of_the_folder_and_files_without_end(toy, name, kind):
    """What a link leads to is left as it is, and nothing waits for a pipe."""
    run = toy.run(variants=("a",), seeds=1)
    expected = timeless(toy.finish(run))
    (trial,) = run.study.trials(run.plan)
    outside = toy.folder / "outside"
    outside.write_text("mine")
    path = (run.folder if name in ("plan.json", ".lock") else run.trial_folder(trial)) / name
    path.unlink(missing_ok=True)
    (run.trial_folder(trial) / "record.json").unlink(missing_ok=True)
    if kind == "pipe":
        os.mkfifo(path)
    else:
        path.symlink_to(outside if kind == "link" else "/dev/zero")
    try:
        assert timeless(toy.finish(run)) == expected
    except OSError:
        assert name == ".lock"
    assert outside.read_text() == "mine"


def test_a_trial_folder_that_is_a_link(toy):
    run = toy.run(variants=("a",), seeds=1)
    (trial,) = run.study.trials(run.plan)
    outside = toy.folder / "outside"
    outside.mkdir()
    write_text(outside / "failure.txt", "mine")
    run.trial_folder(trial).parent.mkdir(parents=True)
    run.trial_folder(trial).symlink_to(outside)
    assert toy.finish(run) is None
    assert run.failed == [f"a-seed0: {run.trial_folder(trial)} is a symbolic link; remove it"]
    assert {path.name: path.read_text() for path in outside.iterdir()} == {"failure.txt": "mine"}


@pytest.mark.parametrize("part", ["trials", "figures"])
def test_a_part_of_the_results_that_is_a_link(toy, part):
    run = toy.run(variants=("a",), seeds=1)
    outside = toy.folder / "outside"
    outside.mkdir()
    run.folder.mkdir(parents=True)
    (run.folder / part).symlink_to(outside)
    with pytest.raises(OSError, match=f"symbolic links are not followed; remove it: '.*/{part}'"):
        toy.finish(run)
    assert not list(outside.iterdir())


@pytest.mark.parametrize(
    "reported",
    ['{"step": NaN, "total": 2}', '{"step": 1, "total": Infinity}', '{"step": -1, "total": 2}', '{"total": 2}',
     '{"step": "x", "total": 2}', '{"step": 1, "total": [2]}', '{"step": 1, "total": 2, "loss": {}}',
     '{"step": 1' + "0" * 400 + ', "total": 2}'],
)  # fmt: skip
def test_progress_that_makes_no_sense(tmp_path, reported):
    (tmp_path / "progress.json").write_text(reported)
    assert read_progress(tmp_path) is None


def test_progress_that_makes_some(tmp_path):
    (tmp_path / "progress.json").write_text('{"step": 3, "total": 2, "loss": NaN, "\\u001b[2J": 1}')
    step, total, numbers = read_progress(tmp_path)
    assert (step, total, list(numbers)) == (3, 3, ["loss"])


def made():
    torch.manual_seed(0)
    net = torch.nn.Linear(3, 2)
    return {"model": net, "optimizer": torch.optim.Adam(net.parameters()), "random": RandomState()}


def test_every_byte_of_a_checkpoint_counts(tmp_path):
    path, choice = tmp_path / "checkpoint", random.Random(0)
    save_checkpoint(path, made(), {"history": torch.arange(4.0)})
    whole = path.read_bytes()
    assert load_checkpoint(path, made())["history"].tolist() == [0, 1, 2, 3]
    header = 8 + struct.unpack("<Q", whole[:8])[0]
    places = [*range(64), *choice.sample(range(header), 100), *choice.sample(range(header, len(whole)), 300)]
    for place in places:
        damaged = bytearray(whole)
        damaged[place] ^= 1 << choice.randrange(8)
        path.write_bytes(damaged)
        with pytest.raises(ValueError, match="is not a checkpoint of this model") as error:
            load_checkpoint(path, made())
        assert "\n" not in str(error.value)


def framed(header, size=None):
    """A safetensors file's first bytes."""
    return struct.pack("<Q", len(header) if size is None else size) + header


@pytest.mark.parametrize(
    "content",
    [framed(b"{}", 2**63), framed(b"{}", 2**64 - 1), framed(b"{}", 10**8),
     framed(DEEP), framed(b'{"a":' + DEEP + b"}"),
     framed(b'{"__metadata__":{"elman":"' + DEEP + b'"}}'), framed(b'{"__metadata__":{"elman":[]}}'),
     framed(b'{"a":{"dtype":"F32","shape":[1000000000000],"data_offsets":[0,4000000000000]}}'), DEEP],
    ids=range(9),
)  # fmt: skip
def test_hostile_tensors(tmp_path, content):
    (tmp_path / "checkpoint").write_bytes(content)
    with pytest.raises(ValueError, match="is not a checkpoint of this model"):
        load_checkpoint(tmp_path / "checkpoint", made())
    settings = {"source_size": 5, "target_size": 6, "hidden_size": 4}
    save_made(tmp_path / "model", make_seq2seq(settings), settings, {})
    (tmp_path / "model" / "weights.safetensors").write_bytes(content)
    with pytest.raises(ValueError, match="does not hold an encoder-decoder"):
        load_seq2seq(tmp_path / "model")


@pytest.mark.parametrize("tree", [DEEP.decode(), "NaN", '{"dict": 3}', '{"tensor": []}', '{"dict": [[{}, 1]]}'])
def test_a_checkpoint_with_another_tree(tmp_path, tree):
    """Sealed by one who knows how."""
    from safetensors.torch import save

    path = tmp_path / "checkpoint"
    path.write_bytes(seal(save({}, {"elman": tree, "sha256": UNSEALED})))
    with pytest.raises(ValueError, match="is not a checkpoint of this model"):
        load_checkpoint(path, made())


@pytest.mark.parametrize("name", ["model.json", "weights.safetensors"])
def test_every_byte_of_a_model_counts(tmp_path, name):
    settings = {"source_size": 5, "target_size": 6, "hidden_size": 4}
    save_made(tmp_path, make_seq2seq(settings), settings, {"words": ["the", "cat"]})
    path, choice = tmp_path / name, random.Random(1)
    whole = path.read_bytes()
    load_seq2seq(tmp_path)
    for place in choice.sample(range(len(whole)), min(len(whole), 150)):
        damaged = bytearray(whole)
        damaged[place] ^= 1 << choice.randrange(8)
        path.write_bytes(damaged)
        with pytest.raises(ValueError, match="does not hold an encoder-decoder"):
            load_seq2seq(tmp_path)


def test_a_model_of_two_trainings(tmp_path):
    """As a kill between its two files leaves it."""
    settings = {"source_size": 5, "target_size": 6, "hidden_size": 4}
    for folder in ("one", "two"):
        save_made(tmp_path / folder, make_seq2seq(settings), settings, {})
    shutil.copy(tmp_path / "one" / "weights.safetensors", tmp_path / "two")
    with pytest.raises(ValueError, match="it was changed after it was written: its SHA-256 does not match"):
        load_seq2seq(tmp_path / "two")


def test_every_byte_of_findings_counts(tmp_path):
    """But not in the words that say that they are sealed."""
    path = tmp_path / "findings.json"
    Findings("It was 1.25.", seconds=0.5).save(path)
    whole, sound = path.read_bytes(), Findings.load(path)
    begin = whole.index(b'": "')
    for damaged in flips(whole):
        path.write_bytes(damaged)
        if damaged[:begin] == whole[:begin]:
            with pytest.raises(ValueError, match="does not hold findings: "):
                Findings.load(path)
        else:
            assert found_in(path) in (sound, None)


def found_in(path):
    try:
        return Findings.load(path)
    except ValueError:
        return None


def test_a_damaged_plan_is_written_anew(toy):
    run = toy.run(variants=("a",), seeds=1)
    expected = timeless(toy.finish(run))
    plan = (run.folder / "plan.json").read_bytes()
    for content in (DEEP, b"", plan[:-20]):
        (run.folder / "plan.json").write_bytes(content)
        (run.folder / "findings.json").write_bytes(content)
        assert timeless(toy.finish(run)) == expected
        assert (run.folder / "plan.json").read_bytes() == plan
        assert timeless(Findings.load(run.folder / "findings.json")) == expected
    assert toy.marks() == {"a-seed0": 1}
