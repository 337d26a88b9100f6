"""``elman compose`` with an untrained model, and with words that are none."""

import wave
from xml.etree import ElementTree

import pytest
import torch

from elman.apps.tunes import Settings, TuneModel, save_tunes
from elman.data.music.midi import read_midi


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    torch.manual_seed(0)
    out = tmp_path_factory.mktemp("results")
    folder = out / "15.24-music" / "quick" / "trials" / "LSTM-seed0-1234" / "model"
    save_tunes(folder, TuneModel(Settings(hidden_size=8, beat=True)), "grammar")
    return out


def test_a_tune(elman, results, tmp_path):
    path = tmp_path / "jig.mid"
    words = ["compose", "--results", results, "--key", "Em", "--metre", "6/8", "--bars", "4", "--tempo", "90"]
    said = elman(*words, "--seed", "7", "--out", path)
    assert "in Em, 6/8, learned from grammar" in said
    tune = read_midi(path)
    assert (tune.key, tune.metre, tune.length, tune.title) == ("Em", (6, 8), 48, "Elman 7")
    with wave.open(str(path.with_suffix(".wav"))) as sound:
        assert sound.getnframes() / sound.getframerate() == pytest.approx(12 * 60 / 90)
    assert ElementTree.parse(path.with_suffix(".svg")).getroot().tag.endswith("svg")
    first = path.read_bytes()
    elman(*words, "--seed", "7", "--out", path)
    assert path.read_bytes() == first
    elman(*words, "--seed", "8", "--out", path)
    assert path.read_bytes() != first


def test_a_tune_that_ends_itself(elman, results, tmp_path):
    elman("compose", "--results", results, "--bars", "0", "--out", tmp_path / "free.mid")
    assert read_midi(tmp_path / "free.mid").notes


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--results", "nowhere"], 1, "no trained model in nowhere; `elman study 15.24 --quick` trains one"),
        (["--model", "nowhere"], 1, "no model in nowhere: model.json is missing"),
        (["--key", "H"], 2, "no key 'H'; expected a name such as C, F#, Bb, Am"),
        (["--metre", "waltz"], 2, "expected a metre such as 6/8, got 'waltz'"),
        (["--metre", "4/3"], 2, "expected a metre of beats over 1, 2, 4, 8 or 16, got 4/3"),
        (["--metre", "9/4"], 2, "a bar may have at most 32 sixteenths, got 36 in 9/4"),
        (["--temperature", "-1"], 1, "temperature must be 0 (likeliest) or a positive number"),
        (["--temperature", "nan"], 1, "temperature must be 0 (likeliest) or a positive number"),
        (["--bars", "-1"], 2, "bars"),
        (["--out", "tune.mp3"], 1, "--out must name a MIDI file ending in .mid, got 'tune.mp3'"),
    ],
)
def test_what_cannot_be(elman, results, tmp_path, monkeypatch, words, code, said):
    monkeypatch.chdir(tmp_path)
    usual = [] if "--results" in words or "--model" in words else ["--results", results]
    assert said in elman("compose", *usual, *words, code=code)
    assert not list(tmp_path.iterdir())
