"""The solvers by their order and by one another, and the cell at the edges of time."""

import math

import pytest
import torch
from torch.testing import assert_close

import elman
from elman.cells import LSTMCell, ODERNNCell
from elman.cells.solvers import SOLVERS, adaptive


def pendulum(h):
    x, v = h.unbind(-1)
    return torch.stack([v, -torch.sin(x)], -1)


START = torch.tensor([[1.0, 0.0], [0.2, -1.5]], dtype=torch.float64)


@pytest.mark.parametrize(("solver", "order"), [("euler", 1), ("midpoint", 2), ("rk4", 4)])
def test_half_the_step_divides_the_error_by_two_to_the_order(solver, order):
    exact = SOLVERS["rk4"](pendulum, START, 4096)
    coarse, fine = ((SOLVERS[solver](pendulum, START, n) - exact).abs().max().item() for n in (32, 64))
    assert coarse / fine == pytest.approx(2**order, rel=0.05)


def test_exponential_growth():
    h = torch.ones(1, dtype=torch.float64)
    assert_close(SOLVERS["rk4"](lambda h: h, h, 200), torch.full_like(h, math.e), rtol=1e-10, atol=0)


def a_cell(**options):
    torch.manual_seed(0)
    cell = ODERNNCell(3, 5, **options).double()
    with torch.no_grad():
        for parameter in cell.parameters():
            parameter.normal_(0, 0.7)
    return cell


def batch():
    torch.manual_seed(1)
    return torch.cat([torch.randn(6, 4, 2), torch.rand(6, 4, 1) * 2], -1).double()


def test_adaptive_is_many_small_steps():
    pytest.importorskip("torchdiffeq")
    assert_close(adaptive(pendulum, START, 1e-10, 1e-12), SOLVERS["rk4"](pendulum, START, 400), rtol=1e-9, atol=1e-9)
    fine, free = a_cell(solver="rk4", steps=100), a_cell(solver="dopri5", rtol=1e-9, atol=1e-11)
    assert_close(elman.unroll(free, batch())[0], elman.unroll(fine, batch())[0], rtol=1e-7, atol=1e-7)
    gradients = []
    for cell in (fine, free):
        elman.unroll(cell, batch(), lengths=[6, 2, 1, 0])[0].sum().backward()
        gradients.append([p.grad for p in cell.parameters()])
    assert_close(gradients[1], gradients[0], rtol=1e-6, atol=1e-6)


def test_adaptive_runs_on_the_loop_and_says_why():
    pytest.importorskip("torchdiffeq")
    assert "loop" in elman.explain(a_cell(solver="dopri5")).splitlines()[0]


def test_adaptive_refuses_a_gap_that_is_not_finite():
    pytest.importorskip("torchdiffeq")
    x = batch()
    x[2, 1, -1] = math.nan
    with pytest.raises(ArithmeticError, match="a gap or the state is not finite"):
        elman.unroll(a_cell(solver="dopri5"), x)


def test_no_time_no_change_and_time_runs_back():
    cell, h = a_cell(solver="rk4", steps=50), torch.randn(3, 5, dtype=torch.float64)
    assert torch.equal(cell.flow(h, torch.zeros(3, 1, dtype=torch.float64)), h)
    gap = torch.tensor([[0.1], [0.5], [1.0]], dtype=torch.float64)
    assert_close(cell.flow(cell.flow(h, gap), -gap), h, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("solver", SOLVERS)
def test_gradients_also_of_the_gaps(solver):
    cell = a_cell(solver=solver)
    assert torch.autograd.gradcheck(lambda x: elman.unroll(cell, x)[0], batch().requires_grad_())


def test_any_cell_inside_of_whose_state_h_alone_flows():
    cell = a_cell(cell=LSTMCell, solver="rk4", steps=4)
    elman.check_cell(cell, "native")
    state = cell.initial_state(2)
    assert state._fields == ("h", "c")
    x = batch()[0, :2]
    flowed = state._replace(h=cell.flow(state.h, x[:, -1:]))
    assert_close(cell(x, state), cell.cell(x[:, :-1], flowed))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"solver": "rk5"}, "no solver 'rk5'; there are euler, midpoint, rk4, dopri5"),
        ({"steps": 0}, "steps must be a positive integer, got 0"),
        ({"field_size": 2.5}, "field_size must be a positive integer, got 2.5"),
    ],
)
def test_wrong_options(options, said):
    with pytest.raises(ValueError, match=said):
        ODERNNCell(3, 5, **options)


def test_a_gap_needs_something_beside_it():
    with pytest.raises(ValueError, match="input_size must be at least 2, got 1"):
        ODERNNCell(1, 5)
