"""Checkpoints of models whose state is a nest: layers of cells, each with fields of its own."""

import pytest
import torch

from elman.cells import GRUCell, LSTMCell
from elman.nn.language_model import LanguageModel
from elman.nn.recurrent import Recurrent
from elman.train import Streams, fit, load_checkpoint, save_checkpoint

TOKENS = torch.arange(200) % 7 % 5


class Stop(Exception):
    pass


def model():
    torch.manual_seed(0)
    layers = Recurrent.of([LSTMCell(4, 6), GRUCell(6, 3)])
    return LanguageModel(5, 4, dropout=0.1, recurrent=layers)


def train(net, path, each=None):
    return fit(net, Streams(TOKENS, 4, 8), 9, learning_rate=1e-2, checkpoint=path, checkpoint_every=2, each=each)


def test_training_goes_on_bit_for_bit(tmp_path):
    whole = model()
    losses = train(whole, tmp_path / "whole")

    def stop(update, loss):
        if update == 5:
            raise Stop

    with pytest.raises(Stop):
        train(model(), tmp_path / "cut", stop)
    other = model()
    assert train(other, tmp_path / "cut") == losses
    assert all(torch.equal(a, b) for a, b in zip(whole.parameters(), other.parameters(), strict=True))


@pytest.mark.parametrize(
    "state",
    [(), (torch.ones(2),), (torch.ones(2), torch.zeros(3)), ((torch.ones(1), torch.zeros(2)), (torch.ones(3),))],
)
def test_a_state_comes_back_as_it_was(tmp_path, state):
    net = model()
    optimizer = torch.optim.AdamW(net.parameters())
    save_checkpoint(tmp_path / "c", net, optimizer, {}, state)
    restored = load_checkpoint(tmp_path / "c", net, optimizer)
    assert restored is not None
    assert str(restored[1]) == str(state)


def test_more_than_ten_layers_keep_their_order(tmp_path):
    net = model()
    optimizer = torch.optim.AdamW(net.parameters())
    save_checkpoint(tmp_path / "c", net, optimizer, {}, tuple((torch.full((1,), k),) for k in range(12)))
    restored = load_checkpoint(tmp_path / "c", net, optimizer)
    assert restored is not None
    assert [part[0].item() for part in restored[1]] == list(range(12))
