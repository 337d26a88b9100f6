"""One step: what runs it has other ways, and the same values, gradients and manners."""

import pytest
import torch
from torch.testing import assert_close

import elman
import elman.nn


@pytest.mark.parametrize("name", ["LSTMCell", "GRUCell", "JordanCell"])
def test_unroll_as_the_loop(name):
    cell, x = getattr(elman.cells, name)(3, 5).double(), torch.randn(1, 4, 3, dtype=torch.float64)
    found = {}
    for engine in ("auto", "loop"):
        outputs, state = elman.unroll(cell, x, engine=engine)
        found[engine] = [outputs, *state, *torch.autograd.grad(outputs.cos().sum(), list(cell.parameters()))]
    assert_close(found["auto"], found["loop"])


def test_the_output_is_no_part_of_the_state():
    outputs, state = elman.unroll(elman.cells.GRUCell(3, 5), torch.randn(1, 4, 3))
    before = state.h.clone()
    outputs.zero_()
    assert_close(state.h, before)


@pytest.mark.parametrize("name", ["LSTM", "GRU", "RNN"])
@pytest.mark.parametrize("more", [{}, {"num_layers": 2, "bidirectional": True}, {"bias": False, "batch_first": True}])
@pytest.mark.parametrize("given", [False, True])
def test_layers_as_the_loop(name, more, given):
    layer = getattr(elman.nn, name)(3, 5, **more).double()
    x = torch.randn(1, 4, 3, dtype=torch.float64).requires_grad_()
    x = x.transpose(0, 1) if layer.batch_first else x
    places = layer.num_layers * (2 if layer.bidirectional else 1)
    h = torch.randn(places, 4, 5, dtype=torch.float64).requires_grad_()
    hx = ((h, h.tanh()) if name == "LSTM" else h) if given else None

    def run():
        outputs, state = layer(x, hx)
        state = state if isinstance(state, tuple) else (state,)
        loss = sum(part.cos().sum() for part in (outputs, *state))
        wanted = [x, *([h] if given else []), *layer.parameters()]
        return [outputs, *state, *torch.autograd.grad(loss, wanted, retain_graph=True)]

    found = run()
    with elman.use_engine("loop"):
        assert_close(found, run())


@pytest.mark.parametrize("name", ["LSTM", "GRU", "RNN"])
def test_outputs_of_a_layer_may_be_written_into(name):
    layer, x = getattr(elman.nn, name)(3, 5), torch.randn(1, 4, 3)
    expected = torch.autograd.grad((layer(x)[0] * 2).sum(), list(layer.parameters()))
    outputs, _ = layer(x)
    outputs *= 2
    assert_close(torch.autograd.grad(outputs.sum(), list(layer.parameters())), expected)


@pytest.mark.parametrize("rows", [1, 2, 6])
def test_a_drive_of_other_rows_is_refused_in_one_step_too(rows):
    class Fewer(elman.Cell):
        def drive(self, x):
            return x.new_zeros(rows, self.hidden_size)

        def step(self, drive, state):
            return elman.State(torch.tanh(drive + state.h))

    for engine in ("auto", "loop"):
        with pytest.raises(ValueError, match=f"drive of Fewer returned .*{rows}, 3.* for 4 inputs"):
            elman.unroll(Fewer(2, 3), torch.zeros(1, 4, 2), engine=engine)
