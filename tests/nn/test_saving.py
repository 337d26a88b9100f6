"""Encoder-decoders on disk: the same after as before, and damaged files in one line."""

import time

import pytest
import torch

from elman.data.vocabulary import Vocabulary
from elman.nn.language_model import LanguageModel
from elman.nn.saving import (
    load_language_model,
    load_seq2seq,
    load_text_model,
    make_seq2seq,
    make_text_model,
    save_made,
    save_model,
)

SETTINGS = {
    "source_size": 7, "target_size": 8, "embedding_size": 4, "hidden_size": 6, "cell": "LSTMCell",
    "attention": "multiplicative", "head": "pointer-generator", "unknown": 2,
}  # fmt: skip


@pytest.fixture
def folder(tmp_path):
    torch.manual_seed(0)
    model = make_seq2seq(SETTINGS)
    save_made(tmp_path / "model", model, SETTINGS, {"words": ["ä", "b"]})
    return tmp_path / "model", model


def test_the_same_after_as_before(folder):
    path, model = folder
    again, notes = load_seq2seq(path)
    source, target = torch.randint(7, (5, 3)), torch.randint(8, (4, 3))
    assert torch.equal(again(source, target, [5, 2, 0]), model.eval()(source, target, [5, 2, 0]))
    assert notes == {"words": ["ä", "b"]}
    assert again.unknown == 2


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda a: a.update(kind="LanguageModel"), "it is a LanguageModel"),
        (lambda a: a["settings"].update(cell="NoCell"), "'NoCell'"),
        (lambda a: a["settings"].update(hidden_size=5), "its settings and its weights differ in attention.W.weight"),
        (lambda a: a.pop("settings"), "'settings'"),
        (lambda a: a.update(settings=[]), "does not hold an encoder-decoder"),
    ],
)
def test_damaged_notes(folder, change, said, rewrite):
    path, _ = folder
    rewrite(path, change)
    with pytest.raises(ValueError, match="does not hold an encoder-decoder") as caught:
        load_seq2seq(path)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["weights.safetensors", "model.json"])
def test_truncated_and_missing_files(folder, name):
    path, _ = folder
    whole = (path / name).read_bytes()
    (path / name).write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ValueError, match="does not hold an encoder-decoder"):
        load_seq2seq(path)
    (path / name).unlink()
    with pytest.raises(ValueError, match=f"no model in .*: {name} is missing"):
        load_seq2seq(path)


def test_another_kind_of_model_is_named(folder):
    with pytest.raises(ValueError, match="does not hold a language model: it is a Seq2Seq"):
        load_language_model(folder[0])


def language_model(folder):
    words = Vocabulary.from_text("abc")
    made = {"embedding_size": 4, "hidden_size": 4, "num_layers": 1, "dropout": 0.0}
    save_model(folder, LanguageModel(len(words), **made), made, words)
    return load_language_model


def text_model(folder, cell="GRUCell"):
    made = {"kind": "Tagger", "sizes": [9], "widths": [4], "cell": cell, "hidden_size": 6, "classes": 3}
    save_made(folder, make_text_model(made), made, {})
    return load_text_model


def transformer(folder):
    return text_model(folder, "transformer")


@pytest.mark.parametrize("layers", [10_000, 10**9, 10**400])
@pytest.mark.parametrize("kind", [language_model, text_model, transformer])
def test_settings_that_would_build_for_ever(kind, layers, tmp_path, rewrite):
    load = kind(tmp_path)
    load(tmp_path)
    rewrite(tmp_path, lambda about: about["settings"].update(num_layers=layers))
    started = time.process_time()
    with pytest.raises(ValueError, match="its settings have more layers than its weights"):
        load(tmp_path)
    assert time.process_time() - started < 5


@pytest.mark.parametrize("size", [10**9, 10**400])
def test_settings_that_would_take_all_memory(size, folder, rewrite):
    path, _ = folder
    for name in ("source_size", "embedding_size", "hidden_size"):
        rewrite(path, lambda about, name=name: about["settings"].update({**SETTINGS, name: size}))
        with pytest.raises(ValueError, match="does not hold an encoder-decoder"):
            load_seq2seq(path)
