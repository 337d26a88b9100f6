"""What single cells promise beyond their equations: bounds, invariances, closed forms, extreme inputs."""

import itertools
import math

import pytest
import torch
from torch.testing import assert_close

import elman
from elman import State, cells
from elman.cells import SLSTMState

H = 4
ENGINES = ["loop", "native"]
EXACT = {"rtol": 1e-12, "atol": 1e-13}


def transparent(kind, blocks, *args, dtype=torch.float64):
    """A cell of H units whose pre-activations are its inputs, block after block, and do not see the state."""
    cell = kind(blocks * H, H, *args).to(dtype)
    with torch.no_grad():
        for parameter in cell.parameters():
            parameter.zero_()
        cell.weight_ih.copy_(torch.eye(blocks * H))
    return cell


def shaken(cell, scale=1.0):
    """The cell in float64 with random parameters."""
    torch.manual_seed(0)
    cell = cell.double()
    with torch.no_grad():
        for parameter in cell.parameters():
            parameter.normal_(0, scale)
    return cell


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("forget_gate", ["exp", "sigmoid"])
@pytest.mark.parametrize("size", [1, 30, 500])
def test_slstm_is_a_weighted_mean_of_its_past(size, forget_gate, engine):
    """Definition without m: weights e^i times all f since; as a softmax of their logarithms it cannot overflow."""
    torch.manual_seed(0)
    cell = transparent(cells.SLSTMCell, 4, forget_gate)
    x = size * torch.randn(40, 3, 4 * H, dtype=torch.float64)
    i, f, z, o = x.chunk(4, -1)
    if forget_gate == "sigmoid":
        f = torch.nn.functional.logsigmoid(f)
    outputs, _ = elman.unroll(cell, x, engine=engine)
    for t in range(len(x)):
        kept = torch.stack([f[k + 1 : t + 1].sum(0) for k in range(t + 1)])
        weights = torch.softmax(i[: t + 1] + kept, 0)
        expected = torch.sigmoid(o[t]) * (weights * torch.tanh(z[: t + 1])).sum(0)
        assert_close(outputs[t], expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("forget_gate", ["exp", "sigmoid"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_slstm_stays_finite(dtype, forget_gate, engine):
    """Every pair of steps of gates at ±500, then the same again, values and gradients."""
    cell = transparent(cells.SLSTMCell, 4, forget_gate, dtype=dtype)
    corners = torch.tensor(list(itertools.product([-500.0, 500.0], repeat=8)), dtype=dtype)
    x = corners.view(-1, 2, 4).transpose(0, 1).repeat_interleave(H, -1).repeat(3, 1, 1).requires_grad_()
    outputs, final = elman.unroll(cell, x, engine=engine)
    gradients = torch.autograd.grad(outputs.sum() + final.h.sum(), [x, *cell.parameters()])
    for value in (outputs, *final, *gradients):
        assert value.isfinite().all()
    assert (outputs.abs() <= 1).all()
    assert (final.n >= 1).all(), "after any step one of old and new weighs exactly 1"


def test_slstm_begins_with_its_first_input():
    cell = transparent(cells.SLSTMCell, 4)
    i, f, z, o = (torch.randn(50, H, dtype=torch.float64) * 300 for _ in range(4))
    h = cell(torch.cat([i, f, z, o], -1)).h
    assert_close(h, torch.sigmoid(o) * torch.tanh(z), **EXACT)


def test_slstm_does_not_depend_on_its_stabiliser():
    """The same memory written with another m gives the same outputs."""
    cell = shaken(cells.SLSTMCell(3, H))
    x, h, c, m = (torch.randn(2, n, dtype=torch.float64) for n in (3, H, H, H))
    n, shift = torch.rand_like(c) + 0.5, torch.randn_like(m)
    one = SLSTMState(h, c, n, m)
    other = SLSTMState(h, c * torch.exp(-shift), n * torch.exp(-shift), m + shift)
    assert_close(cell(x, other).h, cell(x, one).h, **EXACT)


def test_min_lstm_shares_are_one_together():
    torch.manual_seed(0)
    cell = transparent(cells.MinLSTMCell, 3)
    gates = torch.randn(200, 2 * H, dtype=torch.float64) * 5
    zero, one = (torch.full((200, H), value, dtype=torch.float64) for value in (0.0, 1.0))
    kept = cell(torch.cat([gates, zero], -1), State(one)).h
    taken = cell(torch.cat([gates, one], -1), State(zero)).h
    f, i = torch.sigmoid(gates).chunk(2, -1)
    assert_close(kept, f / (f + i), **EXACT)
    assert_close(taken, i / (f + i), **EXACT)
    assert_close(kept + taken, one, **EXACT)


@pytest.mark.parametrize("engine", ENGINES)
def test_min_lstm_with_both_gates_closed(engine):
    """The quotient of two sigmoids that are both zero in float32 is still the right one."""
    cell = transparent(cells.MinLSTMCell, 3, dtype=torch.float32)
    x = torch.tensor([-500.0, -501.0, 1.0]).repeat_interleave(H).expand(1, 1, -1).clone().requires_grad_()
    outputs, _ = elman.unroll(cell, x, engine=engine)
    assert_close(outputs, torch.full((1, 1, H), 1 / (1 + math.e)))
    assert torch.autograd.grad(outputs.sum(), x)[0].isfinite().all()


@pytest.mark.parametrize("engine", ENGINES)
def test_ltc_stays_between_its_reversal_bounds(engine):
    """Theorem 2 of the paper, for wild weights, inputs and gaps."""
    cell = shaken(cells.LTCCell(3, 20, unfolds=2, time_gap=True), 3.0)
    x = 30 * torch.randn(100, 8, 3, dtype=torch.float64)
    x[..., -1] = 10.0 ** torch.empty(100, 8, dtype=torch.float64).uniform_(-6, 6)
    outputs, _ = elman.unroll(cell, x, engine=engine)
    slack = 1e-14 * cell.reversal.abs()  # rounding
    assert (outputs >= cell.reversal.clamp(max=0) - slack).all()
    assert (outputs <= cell.reversal.clamp(min=0) + slack).all()


def test_ltc_solves_its_equation():
    """Against classical Runge-Kutta: the error is small and halves with the step, as a first-order solver's."""
    cell = shaken(cells.LTCCell(3, 5))
    x, h = torch.randn(1, 3, dtype=torch.float64), torch.randn(1, 5, dtype=torch.float64)

    def slope(h):
        f = torch.sigmoid(cell.drive(x) + h @ cell.weight_hh.T)
        return -(1 / torch.exp(cell.log_tau) + f) * h + f * cell.reversal

    exact, dt = h, 1 / 1000
    for _ in range(1000):
        a = slope(exact)
        b = slope(exact + dt / 2 * a)
        c = slope(exact + dt / 2 * b)
        d = slope(exact + dt * c)
        exact = exact + dt / 6 * (a + 2 * b + 2 * c + d)
    errors = []
    for unfolds in (200, 400, 800):
        cell.unfolds = unfolds
        errors.append((cell(x, State(h)).h - exact).abs().max().item())
    assert errors[0] < 0.02
    assert errors[0] / errors[1] == pytest.approx(2, rel=0.03)
    assert errors[1] / errors[2] == pytest.approx(2, rel=0.015)


@pytest.mark.parametrize("kind", [cells.CfCCell, cells.LTCCell])
def test_gaps_of_one_are_no_gaps(kind):
    timed, plain = kind(4, H, time_gap=True).double(), kind(3, H).double()
    plain.load_state_dict(timed.state_dict())
    x = torch.randn(6, 2, 3, dtype=torch.float64)
    with_gaps = torch.cat([x, torch.ones_like(x[..., :1])], -1)
    assert_close(elman.unroll(timed, with_gaps)[0], elman.unroll(plain, x)[0], **EXACT)


def test_cfc_ends_at_one_of_its_answers():
    """After a long time a unit is at tanh(k) where its pace is positive, else at tanh(g)."""
    cell = shaken(cells.CfCCell(3, H, time_gap=True))
    x, state = torch.randn(50, 3, dtype=torch.float64), State(torch.randn(50, H, dtype=torch.float64))
    x[:, -1] = 1e12
    u = 1.7159 * torch.tanh(0.666 * (cell.drive(x)[0] + state.h @ cell.weight_hh.T))
    g, k, p, _ = (u @ cell.weight_heads.T + cell.bias_heads).chunk(4, -1)
    assert_close(cell(x, state).h, torch.tanh(torch.where(p > 0, k, g)), **EXACT)


def test_scrn_context_is_a_running_mean():
    """Under a constant input, s is (1 - alpha^t) B x, and the hidden layer does not touch it."""
    cell = shaken(cells.SCRNCell(3, 8, alpha=0.9))
    x = torch.randn(2, 3, dtype=torch.float64)
    for steps in (1, 5, 60):
        _, state = elman.unroll(cell, x.expand(steps, 2, 3))
        assert_close(state.s, (1 - 0.9**steps) * x @ cell.weight_is.T, **EXACT)


def test_jordan_feeds_back_a_trace_of_its_outputs():
    cell = shaken(cells.JordanCell(3, 8, out_size=2, decay=0.6))
    outputs, state = elman.unroll(cell, torch.randn(7, 2, 3, dtype=torch.float64))
    assert outputs.shape == (7, 2, 2)
    assert torch.equal(outputs[-1], state.h)
    assert_close(state.s, sum(0.6 ** (5 - k) * outputs[k] for k in range(6)), **EXACT)


def test_fast_grnn_between_its_two_forms():
    """With zeta 1 and nu 0 it takes a mean of old and new; with zeta 0 and nu 1 it adds up."""
    cell = shaken(cells.FastGRNNCell(3, H))
    x, h = torch.randn(9, 3, dtype=torch.float64), torch.randn(9, H, dtype=torch.float64)
    a = x @ cell.weight_ih.T + h @ cell.weight_hh.T
    z, new = torch.sigmoid(a + cell.bias_z), torch.tanh(a + cell.bias_h)
    for zeta, nu, expected in ((50, -50, (1 - z) * new + z * h), (-50, 50, new + z * h)):
        with torch.no_grad():
            cell.logit_zeta.fill_(zeta)
            cell.logit_nu.fill_(nu)
        assert_close(cell(x, State(h)).h, expected, **EXACT)


def test_layer_norm_gru_ignores_the_scale_of_its_products():
    """Large weights, so that the epsilon under the root is nothing beside the variance."""
    cell = shaken(cells.LayerNormGRUCell(3, H), 1e4)
    with torch.no_grad():
        cell.gain_ih.fill_(0.7), cell.gain_hh.fill_(1.3), cell.bias.normal_(), cell.bias_hn.normal_()
    x, state = torch.randn(9, 3, dtype=torch.float64), State(torch.randn(9, H, dtype=torch.float64))
    before = cell(x, state).h
    with torch.no_grad():
        cell.weight_ih.mul_(3), cell.weight_hh.mul_(5)
    assert_close(cell(x, state).h, before, rtol=1e-9, atol=1e-10)


def test_how_they_start():
    assert cells.MinLSTMCell(3, 2).bias.tolist() == [1, 1, 0, 0, 0, 0]
    assert cells.SLSTMCell(3, 2).bias.tolist() == [0.0] * 8
    assert cells.SLSTMCell(3, 2, "sigmoid").bias.tolist() == [0, 0, 3, 3, 0, 0, 0, 0]
    assert cells.SLSTMCell(3, 2, forget_bias=0.5).bias.tolist() == [0, 0, 0.5, 0.5, 0, 0, 0, 0]
    assert set(cells.LTCCell(3, 200).reversal.tolist()) == {-1.0, 1.0}


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: cells.SCRNCell(3, 4, context_size=0), "context_size must be a positive integer, got 0"),
        (lambda: cells.SCRNCell(3, 4, alpha=1.5), "alpha must lie between 0 and 1, got 1.5"),
        (lambda: cells.JordanCell(3, 4, out_size=2.0), "out_size must be a positive integer, got 2.0"),
        (lambda: cells.JordanCell(3, 4, decay=1.0), "decay must be at least 0 and below 1, got 1.0"),
        (lambda: cells.SLSTMCell(3, 4, "relu"), "'exp' or 'sigmoid', got 'relu'"),
        (lambda: cells.CfCCell(3, 4, backbone_size=-1), "backbone_size must be a positive integer, got -1"),
        (lambda: cells.CfCCell(1, 4, time_gap=True), "input_size must be at least 2, got 1"),
        (lambda: cells.LTCCell(1, 4, time_gap=True), "input_size must be at least 2, got 1"),
        (lambda: cells.LTCCell(3, 4, unfolds=0), "unfolds must be a positive integer, got 0"),
    ],
)
def test_wrong_options(make, words):
    with pytest.raises(ValueError, match=words):
        make()


@pytest.mark.parametrize("size", [1, 500])
def test_rwkv4_is_a_weighted_mean_of_its_past(size):
    """Definition without p: weights e^(k - age w), and e^(u + k) now; as a softmax of their logarithms."""
    cell = shaken(cells.RWKV4Cell(3 * H, H))
    with torch.no_grad():
        cell.weight_ih.copy_(torch.eye(3 * H))
        cell.mu.fill_(1)
    x = size * torch.randn(12, 2, 3 * H, dtype=torch.float64)
    r, k, v = x.chunk(3, -1)
    outputs, _ = elman.unroll(cell, x, engine="loop")
    for t in range(len(x)):
        age = torch.arange(t - 1, -1, -1, dtype=torch.float64)[:, None, None]
        logarithms = torch.cat([k[:t] - age * torch.exp(cell.omega), (cell.u + k[t])[None]])
        expected = torch.sigmoid(r[t]) * (torch.softmax(logarithms, 0) * v[: t + 1]).sum(0)
        assert_close(outputs[t], expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("kind", [cells.RWKV4Cell, cells.MLSTMCell, cells.RGLRUCell, cells.S6Cell])
@pytest.mark.parametrize("size", [0.0, 500.0])
def test_extreme_inputs_stay_finite(kind, size):
    """Values and gradients in float32, where every gate saturates and where the input is zero."""
    torch.manual_seed(0)
    cell = kind(3, H)
    x = (size * torch.randn(8, 5, 3)).requires_grad_()
    outputs, final = elman.unroll(cell, x, engine="loop")
    loss = outputs.square().sum() + sum(field.square().sum() for field in final)
    for value in (outputs, *final, *torch.autograd.grad(loss, [x, *cell.parameters()])):
        assert value.isfinite().all()


def test_delta_net_overwrites_the_value_of_a_key():
    """With beta at one, a key that is written twice has its second value, exactly; other keys keep theirs."""
    cell = cells.DeltaNetCell(3, 4).double()
    key, other = torch.tensor([[0.6, 0.8, 0, 0], [0.8, -0.6, 0, 0]], dtype=torch.float64)
    one, last, third = torch.randn(3, 4, dtype=torch.float64)
    state, beta = cell.initial_state(1), torch.ones(1, 1, dtype=torch.float64)
    for k, v in ((key, one), (other, third), (key, last)):
        state = cell.step((key[None], k[None], v[None], beta), state)
    assert_close(state.h[0], last, **EXACT)
    assert_close(cell.step((other[None], key[None], last[None], beta), state).h[0], third, **EXACT)


@pytest.mark.parametrize(
    "kind", [cells.MLSTMCell, cells.DeltaNetCell, cells.RetentionCell, cells.LinearAttentionCell]
)
def test_heads_that_do_not_fit(kind):
    with pytest.raises(ValueError, match="heads must divide hidden_size, got 3 heads for hidden_size 4"):
        kind(3, 4, heads=3)
