"""Each wrapper against its equation, and the statistics of its masks."""

import pytest
import torch
from scipy.stats import binom
from torch.nn.functional import linear
from torch.testing import assert_close

import elman
from elman.cells import GRUCell, LSTMCell, ResetBeforeGRUCell, RNNCell, SLSTMCell
from elman.cells.wrappers import VariationalDropout, WeightDrop, Zoneout


@pytest.fixture(autouse=True)
def _seeded():
    torch.manual_seed(0)


def within_bounds(zeros, n, p):
    low, high = binom.interval(1 - 1e-6, n, p)
    assert low <= zeros <= high


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("make", [RNNCell, GRUCell, LSTMCell])
def test_zoneout_of_nothing_and_of_everything(make, training):
    cell = make(3, 4).double()
    x = torch.randn(6, 2, 3, dtype=torch.float64)
    start = type(cell.initial_state(2))(*(torch.randn(2, 4, dtype=torch.float64) for _ in cell.initial_state(2)))
    plain, end = elman.unroll(cell, x, start)
    outputs, final = elman.unroll(Zoneout(cell, 0.0).train(training), x, start)
    assert torch.equal(outputs, plain)
    assert all(map(torch.equal, final, end))
    outputs, final = elman.unroll(Zoneout(cell, 1.0).train(training), x, start)
    assert all(torch.equal(y, start.h) for y in outputs)
    assert all(map(torch.equal, final, start))


def test_zoneout_evaluates_its_expectation():
    cell = LSTMCell(3, 4)
    wrapped = Zoneout(cell, {"h": 0.1, "c": 0.6}).eval()
    drive, state = cell.drive(torch.randn(2, 3)), elman.cells.LSTMState(torch.randn(2, 4), torch.randn(2, 4))
    new, mixed = cell.step(drive, state), wrapped.step(drive, state)
    assert_close(mixed.h, 0.1 * state.h + 0.9 * new.h)
    assert_close(mixed.c, 0.6 * state.c + 0.4 * new.c)


def test_zoneout_masks_are_new_at_every_step():
    wrapped = Zoneout(LSTMCell(3, 50), {"c": 0.3})
    _, new = wrapped.drive(torch.randn(20, 10, 3))
    assert new.shape == (20, 10, 50)
    within_bounds(int((new == 0).sum()), new.numel(), 0.3)
    assert not torch.equal(new[0], new[1])
    assert not torch.equal(new[:, 0], new[:, 1])


def test_a_state_of_the_other_mode_names_the_way_out():
    cell = VariationalDropout(GRUCell(3, 4), states=0.3)
    bare = GRUCell(3, 4).initial_state(2)
    with pytest.raises(
        ValueError, match=r"tuple \(h, mask_h\), got State \(h\); convert it with cell.redraw\(state\)"
    ):
        elman.unroll(cell, torch.zeros(1, 2, 3), bare)
    elman.unroll(cell, torch.zeros(1, 2, 3), cell.redraw(bare))


def test_zoneout_keeps_no_part_of_what_belongs_together():
    assert Zoneout(SLSTMCell(3, 5)).p == {"h": 0.1}
    assert Zoneout(VariationalDropout(SLSTMCell(3, 5), states=0.2), 0.3).p == {"h": 0.3}
    assert Zoneout(SLSTMCell(3, 5), {"c": 0.2}).p == {"c": 0.2}


def test_variational_masks():
    wrapped = VariationalDropout(GRUCell(60, 70), inputs=0.4, states=0.2, outputs=0.5)
    state = wrapped.initial_state(50)
    _, final = elman.unroll(wrapped, torch.randn(7, 50, 60), state)
    for name, p in (("mask_x", 0.4), ("mask_h", 0.2), ("mask_y", 0.5)):
        mask = getattr(state, name)
        assert torch.equal(mask, getattr(final, name))
        assert not torch.equal(mask[0], mask[1])
        assert_close(mask.unique(), torch.tensor([0.0, 1 / (1 - p)]))
        within_bounds(int((mask == 0).sum()), mask.numel(), p)


@pytest.mark.parametrize("engine", ["loop", "native"])
def test_variational_lstm_is_the_loop_by_hand(engine):
    cell = LSTMCell(3, 4).double()
    wrapped = VariationalDropout(cell, inputs=0.4, states=0.4, outputs=0.4)
    x = torch.randn(6, 2, 3, dtype=torch.float64)
    state = wrapped.initial_state(2)
    expected, inside = [], cell.initial_state(2)
    for x_t in x:
        inside = cell.step(cell.drive(x_t * state.mask_x), inside._replace(h=inside.h * state.mask_h))
        expected.append(inside.h * state.mask_y)
    outputs, final = elman.unroll(wrapped, x, state, engine=engine)
    assert_close(outputs, torch.stack(expected))
    assert_close(final.recurrent_h, inside.h)


def test_variational_gru_keeps_what_it_hands_on_whole():
    cell = GRUCell(3, 4)
    wrapped = VariationalDropout(cell, states=0.5)
    x = torch.randn(6, 2, 3)
    state = wrapped.initial_state(2)
    h, expected = state.h, []
    for drive in cell.drive(x):
        x_r, x_z, x_n = drive.chunk(3, -1)
        h_r, h_z, h_n = linear(h * state.mask_h, cell.weight_hh).chunk(3, -1)
        z = torch.sigmoid(x_z + h_z)
        h = (1 - z) * torch.tanh(x_n + torch.sigmoid(x_r + h_r) * (h_n + cell.bias_hn)) + z * h
        expected.append(h)
    assert_close(elman.unroll(wrapped, x, state)[0], torch.stack(expected))


def test_variational_mask_acts_behind_a_gate():
    cell = ResetBeforeGRUCell(3, 4)
    wrapped = VariationalDropout(cell, states=0.5)
    x, state = torch.randn(2, 3), wrapped.initial_state(2)._replace(h=torch.randn(2, 4))
    h, m = state.h, state.mask_h
    R_rz, R_n = cell.weight_hh.split([8, 4])
    x_rz, x_n = cell.drive(x).split([8, 4], -1)
    r, z = torch.sigmoid(x_rz + linear(h * m, R_rz)).chunk(2, -1)
    n = torch.tanh(x_n + linear(r * h * m, R_n))
    assert_close(wrapped.step(wrapped.drive(x), state).h, n + z * (h - n))


SPELLINGS = {
    "linear": lambda h, R: linear(h, R),
    "@": lambda h, R: h @ R.T,
    "matmul": lambda h, R: torch.matmul(h, R.T),
    "mm": lambda h, R: h.mm(R.T),
    "addmm": lambda h, R: torch.addmm(torch.zeros(4), h, R.T),
    "gate first": lambda h, R: (0.5 * h) @ R.T * 2,
}


class Spelt(elman.Cell):
    def __init__(self, spelling):
        super().__init__(4, 4)
        self.R = torch.nn.Parameter(torch.randn(4, 4))
        self.spelling = spelling

    def step(self, drive, state):
        return elman.State(drive + SPELLINGS[self.spelling](state.h, self.R))


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_products_however_they_are_written(spelling):
    cell = Spelt(spelling)
    wrapped = VariationalDropout(cell, states=0.5)
    x, state = torch.randn(3, 4), wrapped.initial_state(3)._replace(h=torch.randn(3, 4))
    assert_close(wrapped.step(x, state).h, x + linear(state.h * state.mask_h, cell.R))


def test_a_state_that_no_product_reads():
    class Leaky(elman.Cell):
        def step(self, drive, state):
            return elman.State(0.9 * state.h + drive)

    with pytest.raises(ValueError, match="this cell's step has no product of h"):
        elman.unroll(VariationalDropout(Leaky(3, 3), states=0.5), torch.randn(5, 2, 3))
    with pytest.raises(ValueError, match="names of weight matrices, got no name; Leaky has no matrix"):
        WeightDrop(Leaky(3, 3))


def test_redraw():
    wrapped = VariationalDropout(LSTMCell(8, 8), inputs=0.5, outputs=0.5)
    _, state = elman.unroll(wrapped, torch.randn(5, 4, 8))
    again = wrapped.redraw(state)
    assert torch.equal(again.recurrent_h, state.recurrent_h)
    assert torch.equal(again.c, state.c)
    assert not torch.equal(again.mask_x, state.mask_x)
    bare = wrapped.eval().redraw(state)
    assert type(bare) is elman.cells.LSTMState
    assert torch.equal(bare.h, state.recurrent_h)


def test_weight_drop():
    cell = LSTMCell(3, 40)
    wrapped = WeightDrop(cell, 0.3)
    before = {name: parameter.clone() for name, parameter in cell.named_parameters()}
    thin = wrapped.drawn()
    R = thin.weight_hh
    within_bounds(int((R == 0).sum()), R.numel(), 0.3)
    assert_close(R[R != 0], (cell.weight_hh / 0.7)[R != 0])
    assert thin.weight_ih is cell.weight_ih
    for name, parameter in cell.named_parameters():
        assert torch.equal(parameter, before[name])
    outputs, _ = elman.unroll(thin, torch.randn(6, 2, 3))
    (gradient,) = torch.autograd.grad(outputs.sum(), cell.weight_hh)
    assert not gradient[R == 0].any()
    assert wrapped.eval().drawn() is cell


@pytest.mark.parametrize("engine", ["loop", "native"])
@pytest.mark.parametrize(
    "wrap",
    [
        lambda cell: VariationalDropout(cell, inputs=0.4, states=0.4, outputs=0.4),
        lambda cell: Zoneout(cell, 0.4),
        lambda cell: WeightDrop(cell, 0.4),
    ],
)
def test_gradients_under_a_fixed_mask(wrap, engine):
    wrapped = wrap(LSTMCell(2, 3)).double()

    def run(x, h, c):
        torch.manual_seed(7)
        state = wrapped.redraw(elman.cells.LSTMState(h, c))
        return elman.unroll(wrapped, x, state, lengths=[3, 1], engine=engine)[0]

    def run_weights(weight_hh, weight_ih):
        named = {"cell.weight_hh": weight_hh, "cell.weight_ih": weight_ih}
        torch.manual_seed(7)
        return torch.func.functional_call(Whole(wrapped), {f"cell.{k}": v for k, v in named.items()}, (engine,))

    shapes = [(4, 2, 2), (2, 3), (2, 3)]
    assert torch.autograd.gradcheck(run, [torch.randn(s, dtype=torch.float64, requires_grad=True) for s in shapes])
    weights = [p.detach().clone().requires_grad_() for p in (wrapped.cell.weight_hh, wrapped.cell.weight_ih)]
    assert torch.autograd.gradcheck(run_weights, weights)


class Whole(torch.nn.Module):
    def __init__(self, cell):
        super().__init__()
        self.cell = cell

    def forward(self, engine):
        return elman.unroll(self.cell, torch.ones(4, 2, 2, dtype=torch.float64), engine=engine)[0]


def test_in_evaluation_they_pass_for_cells():
    for wrap in (lambda c: VariationalDropout(c, 0.3, 0.3, 0.3), Zoneout, WeightDrop):
        elman.check_cell(wrap(GRUCell(3, 4)).eval())
    elman.check_cell(VariationalDropout(GRUCell(3, 4)))


def test_errors():
    cell = GRUCell(3, 4)
    with pytest.raises(TypeError, match=r"Zoneout wraps an elman\.Cell, got Linear"):
        Zoneout(torch.nn.Linear(3, 4))
    with pytest.raises(ValueError, match=r"p of h must be a probability from 0 to 1, got 1\.5"):
        Zoneout(cell, 1.5)
    with pytest.raises(ValueError, match="p names c, but the state's fields are h"):
        Zoneout(cell, {"c": 0.5})
    with pytest.raises(ValueError, match="inputs must be a probability"):
        VariationalDropout(cell, inputs=-0.1)
    with pytest.raises(ValueError, match="names of weight matrices, got bias"):
        WeightDrop(cell, names=["bias"])
    with pytest.raises(ValueError, match="once"):
        WeightDrop(WeightDrop(cell))
    with pytest.raises(ValueError, match="wrap it once"):
        VariationalDropout(VariationalDropout(cell, inputs=0.1), inputs=0.1).initial_state(1)
    wrapped = WeightDrop(cell)
    with pytest.raises(RuntimeError, match=r"call cell\.drawn\(\) once and step its result"):
        wrapped.step(wrapped.drive(torch.randn(2, 3)), wrapped.initial_state(2))
    with pytest.raises(ValueError, match=r"VariationalDropout\(Zoneout\(cell\)\)"):
        Zoneout(VariationalDropout(cell, outputs=0.1))
