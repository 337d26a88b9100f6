"""``Recurrent`` against loops written by hand, and against ``elman.nn``'s own layers."""

import pytest
import torch
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence
from torch.testing import assert_close

import elman
from elman.cells import GRUCell, LSTMCell, RNNCell
from elman.nn import Highway, Recurrent, Residual


def test_residual_stack_is_the_loop_by_hand():
    layer = Recurrent(RNNCell, 3, 4, 3, connection=Residual).double()
    x = torch.randn(6, 2, 3, dtype=torch.float64)
    h = [torch.zeros(2, 4, dtype=torch.float64) for _ in range(3)]
    expected = []
    for x_t in x:
        y = x_t
        for depth, cell in enumerate(layer.cells):
            h[depth] = torch.tanh(y @ cell.weight_ih.T + h[depth] @ cell.weight_hh.T + cell.bias)
            y = h[depth] if depth == 0 else y + h[depth]
        expected.append(y)
    outputs, state = layer(x)
    assert_close(outputs, torch.stack(expected))
    assert_close([s.h for s in state], h)


def test_highway_is_its_equation():
    layer = Recurrent(GRUCell, 4, 4, connection=Highway)
    x = torch.randn(6, 2, 4)
    gate = layer.connections[0].gate
    t = torch.sigmoid(x @ gate.weight.T + gate.bias)
    y, _ = elman.unroll(layer.cells[0], x)
    assert_close(layer(x)[0], t * y + (1 - t) * x)
    assert gate.bias.tolist() == [-1.0] * 4


@pytest.mark.parametrize("form", ["time first", "batch first", "packed"])
def test_bidirectional_lstm_is_the_lstm(form):
    theirs = elman.nn.LSTM(3, 4, num_layers=2, bidirectional=True, batch_first=form != "time first").double()
    ours = Recurrent(LSTMCell, 3, 4, 2, bidirectional=True, batch_first=form != "time first").double()
    with torch.no_grad():
        for cell, names in zip(ours.cells, theirs._all_weights, strict=True):
            w_ih, w_hh, b_ih, b_hh = (getattr(theirs, name) for name in names)
            cell.weight_ih.copy_(w_ih)
            cell.weight_hh.copy_(w_hh)
            cell.bias.copy_(b_ih + b_hh)
    x, lengths = torch.randn(5, 5, 3, dtype=torch.float64), [5, 2, 4, 1, 3]
    hx = [torch.randn(4, 5, 4, dtype=torch.float64) for _ in range(2)]
    state = [elman.cells.LSTMState(h, c) for h, c in zip(*hx, strict=True)]
    if form == "packed":
        x, more = pack_padded_sequence(x, torch.tensor(lengths), True, enforce_sorted=False), {}
    else:
        more = {"lengths": lengths}
    outputs, final = ours(x, state, **more)
    expected, (h_n, c_n) = theirs(x, tuple(hx), **more)
    if form == "packed":
        outputs, expected = (pad_packed_sequence(y, True)[0] for y in (outputs, expected))
    assert_close(outputs, expected)
    assert_close(torch.stack([s.h for s in final]), h_n)
    assert_close(torch.stack([s.c for s in final]), c_n)


def test_unlike_cells():
    layer = Recurrent.of([GRUCell(3, 8), LSTMCell(8, 5)])
    x = torch.randn(6, 2, 3)
    y, _ = elman.unroll(layer.cells[0], x)
    assert_close(layer(x)[0], elman.unroll(layer.cells[1], y)[0])


def test_one_sequence_alone():
    layer = Recurrent(LSTMCell, 3, 4, bidirectional=True)
    x = torch.randn(6, 3)
    alone, state = layer(x, lengths=[4])
    batch, states = layer(x[:, None], lengths=[4])
    assert torch.equal(alone, batch[:, 0])
    assert torch.equal(state[1].c, states[1].c)
    assert layer(x, state)[0].shape == (6, 8)


def test_errors():
    with pytest.raises(TypeError, match=r"Recurrent\.of"):
        Recurrent(GRUCell(3, 4), 3, 4)
    with pytest.raises(TypeError, match=r"must be an elman\.Cell, got Linear"):
        Recurrent(torch.nn.Linear, 3, 4)
    with pytest.raises(ValueError, match="layer 1 must have input_size 8, got 3"):
        Recurrent.of([GRUCell(3, 8), GRUCell(3, 8)])
    with pytest.raises(ValueError, match="dropout must be a probability from 0 to 1, got 2"):
        Recurrent(GRUCell, 3, 4, dropout=2)
    with pytest.raises(ValueError, match="num_layers must be a positive integer, got 0"):
        Recurrent(GRUCell, 3, 4, 0)
    cell = GRUCell(3, 3)
    with pytest.raises(ValueError, match="used twice"):
        Recurrent.of([cell, cell])
    with pytest.raises(ValueError, match="every layer must have one cell"):
        Recurrent.of([])
    layer = Recurrent(GRUCell, 3, 4)
    with pytest.raises(ValueError, match="state must hold 1 states"):
        layer(torch.randn(5, 2, 3), [])
    with pytest.raises(ValueError, match=r"state.h must be \[2, 4\], got \[1, 4\]"):
        layer(torch.randn(5, 2, 3), layer.initial_state(1))
