"""Probes against closed forms and finite differences."""

import pytest
import torch

from elman import cells
from elman.probe.gradient_flow import gradient_flow
from elman.probe.parameters import count_parameters


def test_gradient_of_a_linear_recurrence_is_a_matrix_power():
    """With relu in its linear range dL/dh_t = (R^T)^(T-t) v, exactly."""
    cell = cells.RNNCell(2, 3, "relu").double()
    with torch.no_grad():
        cell.weight_hh.copy_(torch.rand(3, 3))
        cell.bias.fill_(1.0)
        cell.weight_ih.zero_()
    v = torch.tensor([1.0, -2.0, 0.5], dtype=torch.float64)
    norms = gradient_flow(cell, torch.zeros(8, 1, 2, dtype=torch.float64), lambda h: h[0] @ v)["h"]
    for t in range(8):
        expected = torch.linalg.matrix_power(cell.weight_hh.detach().T, 7 - t) @ v
        assert norms[t].item() == pytest.approx(expected.norm().item(), rel=1e-12)


def test_gradient_by_finite_differences():
    torch.manual_seed(0)
    cell = cells.LSTMCell(2, 3).double()
    x = torch.randn(6, 2, 2, dtype=torch.float64)
    norms = gradient_flow(cell, x, torch.sum)

    def loss_from(t, state):
        for k in range(t, 6):
            state = cell.step(cell.drive(x[k]), state)
        return state.h.sum().item()

    state = cell.initial_state(2)
    with torch.no_grad():
        for k in range(3):
            state = cell.step(cell.drive(x[k]), state)
        for index, name in enumerate(("h", "c")):
            squares = 0.0
            for place in range(6):
                moved = [[field.clone() for field in state] for _ in range(2)]
                for sign, fields in zip((1, -1), moved, strict=True):
                    fields[index].view(-1)[place] += sign * 1e-6
                    if name == "c":  # h_t is made from c_t in the same step, and moves with it
                        fields[0] *= fields[1].tanh() / state.c.tanh()
                up, down = (loss_from(3, type(state)(*fields)) for fields in moved)
                squares += ((up - down) / 2e-6) ** 2
            assert norms[name][2].item() == pytest.approx(squares**0.5, rel=1e-7)


def test_gradient_flow_needs_a_step():
    with pytest.raises(ValueError, match="at least one step"):
        gradient_flow(cells.RNNCell(2, 3), torch.zeros(0, 1, 2), torch.sum)


@pytest.mark.parametrize(("kind", "gates", "extra"), [("rnn", 1, 0), ("lstm", 4, 0), ("gru", 3, 0)])
@pytest.mark.parametrize("layers", [1, 3])
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("biases", [1, 2])
def test_counts_equal_the_formula(kind, gates, extra, layers, bidirectional, biases):
    I, H, O = 7, 5, 3
    D = 2 if bidirectional else 1
    parts = count_parameters(kind, I, H, O, layers, bidirectional, biases)
    inner = sum(gates * (H * (I if layer == 0 else D * H) + H * H + biases * H) for layer in range(layers))
    assert sum(part.parameters for part in parts) == D * inner + D * H * O + O


def test_huge_sizes_take_no_memory():
    assert sum(part.parameters for part in count_parameters("lstm", 10**6, 10**6)) == 8 * 10**12 + 4 * 10**6


@pytest.mark.parametrize("sizes", [(0, 1), (1, 0), (-3, 5)])
def test_bad_sizes(sizes):
    with pytest.raises(ValueError, match="must be at least 1"):
        count_parameters("rnn", *sizes)
