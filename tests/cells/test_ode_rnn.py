"""The solvers by their order and by one another, and the cell at the edges of time."""

import math
import re
import sys

import numpy as np
import pytest
import torch
from scipy.integrate import solve_ivp
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


def test_adaptive_against_scipy_in_each_row_s_own_time():
    """DOP853 from 0 to the gap, a row at a time, nothing rescaled."""
    pytest.importorskip("torchdiffeq")
    cell = a_cell(solver="dopri5", rtol=1e-10, atol=1e-12)
    W_1, b_1, W_2, b_2 = (p.detach().numpy() for p in (cell.W_1, cell.b_1, cell.W_2, cell.b_2))
    h = torch.randn(4, 5, dtype=torch.float64)
    gap = torch.tensor([[0.0], [0.03], [1.0], [7.0]], dtype=torch.float64)
    for start, time, end in zip(h.numpy(), gap.flatten().tolist(), cell.flow(h, gap).detach().numpy(), strict=True):
        exact = solve_ivp(
            lambda t, y: W_2 @ np.tanh(W_1 @ y + b_1) + b_2, (0, time), start, "DOP853", rtol=1e-12, atol=1e-13
        )
        np.testing.assert_allclose(end, exact.y[:, -1], rtol=1e-7, atol=1e-8)


def test_many_quiet_rows_do_not_loosen_the_tolerance_of_one():
    pytest.importorskip("torchdiffeq")
    busy = torch.zeros(5000, 1, dtype=torch.float64)
    busy[17] = 5.0
    start = START[:1].expand(5000, 2)
    alone = adaptive(lambda h: 5.0 * pendulum(h), START[:1], 1e-6, 1e-6)
    among = adaptive(lambda h: busy * pendulum(h), start, 1e-6, 1e-6)
    assert_close(among[17:18], alone, rtol=1e-12, atol=1e-12)
    assert torch.equal(among[:17], start[:17])


def test_adaptive_runs_on_the_loop_and_says_why():
    pytest.importorskip("torchdiffeq")
    cell = a_cell(solver="dopri5")
    reported = elman.explain(cell)
    assert "runs on the loop engine" in reported
    assert "step runs odeint" in reported
    assert "at solvers.py" in reported
    with pytest.raises(ValueError, match="cannot run on the native engine"):
        elman.unroll(cell, batch(), engine="native")


def test_adaptive_without_torchdiffeq_says_what_to_install(monkeypatch):
    cell = a_cell(solver="dopri5")
    monkeypatch.setitem(sys.modules, "torchdiffeq", None)
    with pytest.raises(ImportError, match=re.escape("install elman[ode], or choose euler, midpoint or rk4")):
        elman.unroll(cell, batch())
    elman.unroll(a_cell(), batch())


@pytest.mark.parametrize("gap", [math.nan, math.inf, -math.inf])
def test_adaptive_refuses_a_gap_that_is_not_finite(gap):
    pytest.importorskip("torchdiffeq")
    x = batch()
    x[2, 1, -1] = gap
    with pytest.raises(ArithmeticError, match="a gap or the state is not finite"):
        elman.unroll(a_cell(solver="dopri5"), x)


@pytest.mark.parametrize("engine", ["loop", "native"])
def test_a_gap_of_nan_spoils_its_row_and_no_other(engine):
    x = batch()
    x[2, 1, -1] = math.nan
    outputs = elman.unroll(a_cell(), x, engine=engine)[0]
    assert outputs[2:, 1].isnan().all()
    outputs[2:, 1] = 0
    assert outputs.isfinite().all()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("solver", [*SOLVERS, "dopri5"])
def test_no_time_no_change(solver, dtype):
    """Bit for bit, among rows for which time passes too, and whatever their number."""
    if solver == "dopri5":
        pytest.importorskip("torchdiffeq")
    cell, h = a_cell(solver=solver).to(dtype), torch.randn(300, 5, dtype=dtype)
    gap = torch.rand(300, 1, dtype=dtype) * 3
    gap[::2] = 0
    flowed = cell.flow(h, gap)
    assert torch.equal(flowed[::2], h[::2])
    assert not (flowed[1::2] == h[1::2]).all(-1).any()
    assert torch.equal(cell.flow(h, torch.zeros_like(gap)), h)
    assert cell.flow(h[:0], gap[:0]).shape == (0, 5)


def test_time_runs_back():
    cell, h = a_cell(solver="rk4", steps=50), torch.randn(3, 5, dtype=torch.float64)
    gap = torch.tensor([[0.1], [0.5], [1.0]], dtype=torch.float64)
    assert_close(cell.flow(cell.flow(h, gap), -gap), h, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("solver", [*SOLVERS, "dopri5"])
def test_gradients_also_of_the_gaps_and_where_they_are_zero(solver):
    if solver == "dopri5":
        pytest.importorskip("torchdiffeq")
    cell = a_cell(solver=solver, rtol=1e-10, atol=1e-12)
    x = batch()[:2, :2]
    x[0, 1, -1] = x[1, 0, -1] = 0
    assert torch.autograd.gradcheck(lambda x: elman.unroll(cell, x)[0], x.requires_grad_())


@pytest.mark.parametrize("solver", [*SOLVERS, "dopri5"])
def test_the_gradient_of_a_gap_of_zero_is_the_rate_of_change(solver):
    """No solver has an error there: d flow / d gap = f(h)."""
    if solver == "dopri5":
        pytest.importorskip("torchdiffeq")
    cell, h = a_cell(solver=solver), torch.randn(4, 5, dtype=torch.float64)
    gap = torch.zeros(4, 1, dtype=torch.float64, requires_grad=True)
    cell.flow(h, gap).sum().backward()
    rate = torch.tanh(h @ cell.W_1.T + cell.b_1) @ cell.W_2.T + cell.b_2
    assert_close(gap.grad, rate.sum(-1, keepdim=True), rtol=1e-12, atol=1e-13)


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
        ({"solver": "rk5"}, "no solver 'rk5'; did you mean rk4"),
        ({"steps": 0}, "steps must be a positive integer, got 0"),
        ({"field_size": 2.5}, "field_size must be a positive integer, got 2.5"),
        ({"rtol": 0.0}, "rtol must be a positive number, got 0.0"),
        ({"atol": -1e-6}, "atol must be a positive number, got -1e-06"),
        ({"rtol": math.nan}, "rtol must be a positive number, got nan"),
    ],
)
def test_wrong_options(options, said):
    with pytest.raises(ValueError, match=said):
        ODERNNCell(3, 5, **options)


def test_a_gap_needs_something_beside_it():
    with pytest.raises(ValueError, match="input_size must be at least 2, got 1"):
        ODERNNCell(1, 5)
