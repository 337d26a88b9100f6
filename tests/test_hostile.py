"""Files that are anything but what they should be: every reader says so in one line, and none takes them."""

import json
import pickle
import random
import zipfile

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from elman.data.copying import read_restaurants
from elman.data.irregular import read_stays
from elman.data.prices import read_prices
from elman.data.sentences import read_conllu
from elman.data.signals import read_signal
from elman.data.ts import read_ts
from elman.lab.findings import Findings
from elman.nn.saving import load_language_model, load_seq2seq, load_text_model
from elman.train.checkpoint import load_checkpoint

SEEDS = {
    read_prices: "date,open,high,low,close,volume\n"
    + "".join(f"2020-01-{k:02},1,3,1,{1 + k % 3},5\n" for k in range(1, 29)),
    read_signal: "time,value\n" + "".join(f"2020-01-01 {k:02}:00:00,{k}\n" for k in range(24)),
    read_stays: "RecordID,Time,Parameter,Value\n" + "".join(f"1,00:{k:02},HR,{60 + k}\n" for k in range(12)),
    read_restaurants: 'mr,ref\n"name[The Vaults], food[French]","The Vaults is French."\n',
    read_conllu: "1\tThe\t_\tDET\t_\t_\t0\t_\t_\t_\n2\tcat\t_\tNOUN\t_\t_\t0\t_\t_\t_\n\n",
    read_ts: "@problemName x\n@data\n1,2,3:4,5,6:a\n1,2:3,4:b\n",
    Findings.load: Findings("It was found.").to_json(),
}
PIECES = [
    "",
    ",",
    "\n",
    "\t",
    ":",
    '"',
    "nan",
    "-1",
    "1e999",
    "\x00",
    "ü",
    "9" * 400,
    "[",
    "}",
    "@data",
    "2020-13-45",
    "'",
]


def mangled(text: str, choice: random.Random) -> bytes:
    """A sound file with some of its bytes cut, doubled or replaced; sometimes anything at all."""
    if choice.random() < 0.1:
        return choice.randbytes(choice.randrange(200))
    data = text.encode()
    for _ in range(choice.randint(1, 4)):
        at, end = sorted(choice.randrange(len(data) + 1) for _ in range(2))
        end = min(end, at + choice.choice((0, 1, 1, 3, 30, 1000)))
        piece = choice.choice((choice.choice(PIECES).encode(), choice.randbytes(2), data[at:end] * 2))
        data = data[:at] + piece + data[end:]
    return data


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**40))
@pytest.mark.parametrize("reader", SEEDS, ids=lambda reader: reader.__qualname__)
def test_mangled_files(reader, seed, tmp_path):
    path = tmp_path / "file"
    path.write_bytes(mangled(SEEDS[reader], random.Random(seed)))
    said: object = None
    try:
        found = reader(path, 20) if reader in (read_prices, read_signal) else reader(path)
    except (ValueError, OSError) as error:
        found, said = None, str(error)
    assert found or said


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**40))
@pytest.mark.parametrize("loader", [load_language_model, load_seq2seq, load_text_model], ids=lambda one: one.__name__)
def test_mangled_models(loader, seed, tmp_path):
    choice = random.Random(seed)
    notes = json.dumps(
        {"kind": choice.choice(["LanguageModel", "Seq2Seq", "Tagger", "x"]), "settings": {}, "notes": {}}
    )
    (tmp_path / "model.json").write_bytes(mangled(notes, choice))
    (tmp_path / "weights.safetensors").write_bytes(choice.randbytes(choice.randrange(60)))
    with pytest.raises(ValueError, match=r"does not hold|no model in"):
        loader(tmp_path)


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
