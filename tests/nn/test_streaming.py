"""A stream gives what the whole sequence gives, and does not grow."""

import tracemalloc

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.testing import assert_close

import elman
from elman.nn.language_model import LanguageModel
from elman.nn.streaming import streaming

MODELS = {
    "LSTM": lambda: elman.nn.LSTM(3, 5, 2),
    "RNN": lambda: elman.nn.RNN(3, 5),
    "Recurrent": lambda: elman.nn.Recurrent(elman.cells.MGUCell, 3, 3, 2, connection=elman.nn.Residual),
}


@given(st.sampled_from(list(MODELS)), st.integers(1, 12), st.integers(1, 3), st.integers(0, 99))
def test_step_by_step_as_the_whole(name, steps, rows, seed):
    torch.manual_seed(seed)
    model, x = MODELS[name]().double(), torch.randn(steps, rows, 3, dtype=torch.float64)
    stream = streaming(model)
    assert_close(torch.stack([stream.feed(one) for one in x]), model(x)[0])
    assert stream.steps == steps
    stream.reset()
    assert_close(stream.feed(x[0]), model(x[:1])[0][0])


def test_a_cell_and_a_language_model():
    cell, x = elman.cells.GRUCell(3, 5), torch.randn(6, 2, 3)
    stream = streaming(cell)
    assert_close(torch.stack([stream.feed(one) for one in x]), elman.unroll(cell, x)[0])
    model, tokens = LanguageModel(7, 4, 6, dropout=0.5), torch.randint(7, (6, 2))
    stream = streaming(model)
    assert_close(torch.stack([stream.feed(one) for one in tokens]), model(tokens)[0])


@pytest.mark.parametrize("named", [None, True])
def test_batches_first(named):
    x = torch.randn(2, 6, 3)
    for layer in (elman.nn.LSTM(3, 5, 2, batch_first=True), Last(elman.nn.GRU(3, 5, batch_first=True))):
        stream = streaming(layer, batch_first=named)
        assert_close(torch.stack([stream.feed(x[:, t]) for t in range(6)], 1), layer(x)[0])
        assert_close(stream.state, layer(x)[1])


class Last(nn.Module):
    """A model around a layer."""

    def __init__(self, layer):
        super().__init__()
        self.layer, self.head = layer, nn.Linear(5, 2)

    def forward(self, x, state=None):
        outputs, state = self.layer(x, state)
        return self.head(outputs), state


def test_a_saved_state_goes_on():
    model, x = elman.nn.GRU(3, 5), torch.randn(6, 2, 3)
    one, other = streaming(model), streaming(model)
    for step in x[:3]:
        one.feed(step)
    other.state = one.state
    assert_close(other.feed(x[3]), one.feed(x[3]))


def test_a_long_stream_does_not_grow():
    stream, x = streaming(elman.cells.GRUCell(3, 4)), torch.randn(1, 3)
    for _ in range(200):
        stream.feed(x)
    tracemalloc.start()
    for _ in range(100):
        stream.feed(x)
    before, _ = tracemalloc.get_traced_memory()
    for _ in range(5000):
        stream.feed(x)
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert after - before < 5000  # bytes: less than one a step
    assert stream.steps == 5300


def test_what_cannot_be_streamed():
    with pytest.raises(ValueError, match="LSTM is bidirectional"):
        streaming(elman.nn.LSTM(3, 5, bidirectional=True))
    mixed = nn.Sequential(elman.nn.GRU(3, 5, batch_first=True), elman.nn.GRU(5, 5))
    with pytest.raises(ValueError, match=r"others batch_first=False: pass batch_first"):
        streaming(mixed)
    stream = streaming(elman.nn.GRU(3, 5))
    stream.feed(torch.randn(2, 3))
    with pytest.raises(ValueError, match="the stream has 2 rows, got 3"):
        stream.feed(torch.randn(3, 3))
