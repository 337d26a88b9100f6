"""Checkpoints of models whose state is a nest: layers of cells, each with fields of its own."""

import random
import tempfile
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from elman.cells import GRUCell, LSTMCell
from elman.nn.language_model import LanguageModel
from elman.nn.recurrent import Recurrent
from elman.train import Streams, Truncated, load_checkpoint, losses, save_checkpoint, train
from elman.train.checkpoint import RandomState

TOKENS = torch.arange(200) % 7 % 5


class Stop(Exception):
    pass


def model():
    torch.manual_seed(0)
    layers = Recurrent.of([LSTMCell(4, 6), GRUCell(6, 3)])
    return LanguageModel(5, 4, dropout=0.1, recurrent=layers)


def run(net, path, each=None):
    loss = Truncated(net, Streams(TOKENS, 4, 8))
    return losses(train(net, loss, 9, learning_rate=1e-2, checkpoint=path, checkpoint_every=2), each)


def test_training_goes_on_bit_for_bit(tmp_path):
    whole = model()
    expected = run(whole, tmp_path / "whole")

    def stop(update, loss):
        if update == 5:
            raise Stop

    with pytest.raises(Stop):
        run(model(), tmp_path / "cut", stop)
    other = model()
    assert run(other, tmp_path / "cut") == expected
    assert all(torch.equal(a, b) for a, b in zip(whole.parameters(), other.parameters(), strict=True))


leaves = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**70), 2**70), st.floats(), st.text(max_size=3),
    st.integers(0, 3).map(torch.arange), st.just(torch.tensor(1.5, dtype=torch.float64)),
)  # fmt: skip
trees = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.lists(inner, max_size=13),
        st.lists(inner, max_size=3).map(tuple),
        st.dictionaries(st.one_of(st.text(max_size=3), st.integers()), inner, max_size=3),
    ),
    max_leaves=30,
)


@given(trees)
def test_any_tree_comes_back_as_it_was(tree):
    with tempfile.TemporaryDirectory() as folder:
        save_checkpoint(Path(folder) / "c", {}, tree)
        assert repr(load_checkpoint(Path(folder) / "c", {})) == repr(tree)


def test_what_cannot_be_kept_is_refused(tmp_path):
    with pytest.raises(TypeError, match="cannot hold a function"):
        save_checkpoint(tmp_path / "c", {}, {"f": model})
    assert not (tmp_path / "c").exists()


def test_every_source_of_random_numbers_goes_on(tmp_path):
    def draw():
        return torch.rand(2).tolist(), random.random(), np.random.rand(2).tolist()

    save_checkpoint(tmp_path / "c", {"random": RandomState()})
    expected = draw()
    load_checkpoint(tmp_path / "c", {"random": RandomState()})
    assert draw() == expected
