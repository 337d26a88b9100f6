"""Every cell against an oracle in NumPy, against torch.nn's cells, and in its initial values."""

import importlib.util
import math
import re
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

import elman
from elman import cells
from elman.cells.lookup import FAMILIES, public_cells

spec = importlib.util.spec_from_file_location("oracles", Path(__file__).with_name("oracles.py"))
oracles = importlib.util.module_from_spec(spec)
sys.modules["oracles"] = oracles
spec.loader.exec_module(oracles)

spec = importlib.util.spec_from_file_location("oracles_later", Path(__file__).with_name("oracles_later.py"))
later = importlib.util.module_from_spec(spec)
spec.loader.exec_module(later)

I, H = 3, 5
CASES = {
    "rnn": (lambda: cells.RNNCell(I, H), oracles.rnn, {}),
    "rnn relu": (lambda: cells.RNNCell(I, H, "relu"), oracles.rnn, {"nonlinearity": "relu"}),
    "layer norm rnn": (lambda: cells.LayerNormRNNCell(I, H), oracles.layer_norm_rnn, {}),
    "layer norm rnn relu": (
        lambda: cells.LayerNormRNNCell(I, H, "relu"), oracles.layer_norm_rnn, {"nonlinearity": "relu"}
    ),
    "lstm": (lambda: cells.LSTMCell(I, H), oracles.lstm, {}),
    "gru": (lambda: cells.GRUCell(I, H), oracles.gru, {}),
    "reset-before gru": (lambda: cells.ResetBeforeGRUCell(I, H), oracles.reset_before_gru, {}),
    "projected lstm": (lambda: cells.ProjectedLSTMCell(I, H, 2), oracles.projected_lstm, {}),
    "projected to one": (lambda: cells.ProjectedLSTMCell(I, H, 1), oracles.projected_lstm, {}),
    "peephole lstm": (lambda: cells.PeepholeLSTMCell(I, H), oracles.peephole_lstm, {}),
    "no forget gate": (lambda: cells.NoForgetGateLSTMCell(I, H), oracles.three_blocks("igo"), {}),
    "no input gate": (lambda: cells.NoInputGateLSTMCell(I, H), oracles.three_blocks("fgo"), {}),
    "no output gate": (lambda: cells.NoOutputGateLSTMCell(I, H), oracles.three_blocks("ifg"), {}),
    "coupled gates": (lambda: cells.CoupledGateLSTMCell(I, H), oracles.coupled_gate_lstm, {}),
    "layer norm lstm": (lambda: cells.LayerNormLSTMCell(I, H), oracles.layer_norm_lstm, {}),
    "mgu": (lambda: cells.MGUCell(I, H), oracles.mgu, {}),
    "ind rnn": (lambda: cells.IndRNNCell(I, H), oracles.ind_rnn, {}),
    "janet": (lambda: cells.JANETCell(I, H), oracles.janet, {}),
    "min gru": (lambda: cells.MinGRUCell(I, H), oracles.min_gru, {}),
    "layer norm gru": (lambda: cells.LayerNormGRUCell(I, H), oracles.layer_norm_gru, {}),
    "min lstm": (lambda: cells.MinLSTMCell(I, H), oracles.min_lstm, {}),
    "fast grnn": (lambda: cells.FastGRNNCell(I, H), oracles.fast_grnn, {}),
    "scrn": (lambda: cells.SCRNCell(I, H, 2, alpha=0.8), oracles.scrn, {"alpha": 0.8}),
    "jordan": (lambda: cells.JordanCell(I, H, 2, decay=0.3), oracles.jordan, {"decay": 0.3}),
    "slstm": (lambda: cells.SLSTMCell(I, H), oracles.slstm, {}),
    "slstm sigmoid": (lambda: cells.SLSTMCell(I, H, "sigmoid"), oracles.slstm, {"forget_gate": "sigmoid"}),
    "cfc": (lambda: cells.CfCCell(I, H, 4), oracles.cfc, {}),
    "cfc with gaps": (lambda: cells.CfCCell(I, H, 4, time_gap=True), oracles.cfc, {"time_gap": True}),
    **{
        f"ode-rnn by {solver}": (
            lambda solver=solver: cells.ODERNNCell(I, H, solver=solver, steps=3, field_size=4),
            oracles.ode_rnn, {"solver": solver, "steps": 3},
        )
        for solver in ("euler", "midpoint", "rk4")
    },
    "ltc": (lambda: cells.LTCCell(I, H), oracles.ltc, {}),
    "ltc with gaps": (lambda: cells.LTCCell(I, H, 3, time_gap=True), oracles.ltc, {"unfolds": 3, "time_gap": True}),
}  # fmt: skip
LATER = {
    "rg-lru": (lambda: cells.RGLRUCell(I, H), later.rg_lru, {}),
    "sru": (lambda: cells.SRUCell(I, H), later.sru, {}),
    "qrnn": (lambda: cells.QRNNCell(I, H), later.qrnn, {}),
    "s6": (lambda: cells.S6Cell(I, H, 4), later.s6, {}),
    "mlstm": (lambda: cells.MLSTMCell(I, H), later.mlstm, {}),
    "mlstm with heads": (lambda: cells.MLSTMCell(I, 6, 2), later.mlstm, {}),
    "delta net": (lambda: cells.DeltaNetCell(I, 6, 2), later.delta_net, {}),
    "retention": (lambda: cells.RetentionCell(I, 6, 2), later.retention, {}),
    "linear attention": (lambda: cells.LinearAttentionCell(I, 6, 2), later.linear_attention, {}),
    "rwkv-4": (lambda: cells.RWKV4Cell(I, H), later.rwkv4, {}),
    "co rnn": (lambda: cells.CoRNNCell(I, H, 0.1, 2, 3), later.co_rnn, {"dt": 0.1, "gamma": 2, "epsilon": 3}),
    "uni cornn": (lambda: cells.UnICORNNCell(I, H, 0.2, 0.9), later.uni_cornn, {"dt": 0.2, "alpha": 0.9}),
    "lem": (lambda: cells.LEMCell(I, H, 0.8), later.lem, {"dt": 0.8}),
    "antisymmetric rnn": (
        lambda: cells.AntisymmetricRNNCell(I, H, 0.2, 0.1), later.antisymmetric_rnn, {"epsilon": 0.2, "gamma": 0.1}
    ),
    "brc": (lambda: cells.BRCCell(I, H), later.brc, {}),
    "nbrc": (lambda: cells.NBRCCell(I, H), later.nbrc, {}),
    "star": (lambda: cells.STARCell(I, H), later.star, {}),
    "atr": (lambda: cells.ATRCell(I, H), later.atr, {}),
    "minimal rnn": (lambda: cells.MinimalRNNCell(I, H), later.minimal_rnn, {}),
    "li-gru": (lambda: cells.LiGRUCell(I, H), later.li_gru, {}),
    "light ru": (lambda: cells.LightRUCell(I, H), later.light_ru, {}),
    "ugrnn": (lambda: cells.UGRNNCell(I, H), later.ugrnn, {}),
    "cfn": (lambda: cells.CFNCell(I, H), later.cfn, {}),
    "mut1": (lambda: cells.MUT1Cell(I, H), later.mut1, {}),
    "mut3": (lambda: cells.MUT3Cell(I, H), later.mut3, {}),
    "ran": (lambda: cells.RANCell(I, H), later.ran, {}),
    "multiplicative rnn": (lambda: cells.MultiplicativeRNNCell(I, H), later.multiplicative_rnn, {}),
    "multiplicative lstm": (lambda: cells.MultiplicativeLSTMCell(I, H), later.multiplicative_lstm, {}),
}  # fmt: skip
FIRST = list(CASES)
CASES |= LATER


@pytest.fixture(params=CASES)
def case(request):
    make, step, options = CASES[request.param]
    torch.manual_seed(0)
    cell = make().double()
    with torch.no_grad():
        for parameter in cell.parameters():
            parameter.normal_(0, 0.7)
    return cell, step, options


def test_every_public_cell_has_a_case():
    public = {c for c in vars(cells).values() if isinstance(c, type) and issubclass(c, elman.Cell)}
    assert public == {type(make()) for make, _, _ in CASES.values()}


@pytest.mark.parametrize("kind", public_cells().values(), ids=lambda kind: kind.__name__)
def test_says_where_it_was_published(kind):
    assert {"year", "paper"} <= set(vars(kind)), f"{kind.__name__} has no year and paper of its own"
    assert 1943 < kind.year <= 2100
    assert re.fullmatch(r"[\w ,.&-]+, \w.+", kind.paper), "a paper is named as authors, title"
    reported = f"{sys.modules[kind.__module__].__doc__} {kind.__doc__}"
    assert str(kind.year) in reported, "the docstrings say another year"
    assert kind.family in FAMILIES


def memory_of(state):
    return state[1:] or state


def test_linear_in_state_is_measured(case):
    """The memory after a step, for the mean of two memories, is the mean of the two; h is not read."""
    cell, _, _ = case
    with torch.no_grad():
        drive = cell.drive(torch.rand(4, I, dtype=torch.float64))
        one, other = (type(s)(*map(torch.randn_like, s)) for s in (cell.initial_state(4),) * 2)
        mean = type(one)(*((a + b) / 2 for a, b in zip(one, other, strict=True)))
        after = [memory_of(cell.step(drive, state)) for state in (one, other, mean)]
        linear = all(torch.allclose((a + b) / 2, c, atol=1e-10) for a, b, c in zip(*after, strict=True))
        if len(one) > 1:
            unread = zip(cell.step(drive, one), cell.step(drive, one._replace(h=other.h)), strict=True)
            linear &= all(torch.equal(a, b) for a, b in unread)
    assert cell.linear_in_state == linear


def test_oracle(case):
    cell, step, options = case
    engine = "loop" if step.__module__ == later.__name__ else "auto"  # tests/conformance holds native to the loop
    x = torch.randn(6, 4, I, dtype=torch.float64)
    if options.get("time_gap"):
        x[..., -1].abs_()  # time does not run backwards
    start = type(cell.initial_state(4))(*map(torch.randn_like, cell.initial_state(4)))
    outputs, final = elman.unroll(cell, x, start, lengths=[6, 1, 4, 6], engine=engine)
    weights = {name: p.detach().numpy() for name, p in cell.named_parameters()}
    for row, length in enumerate([6, 1, 4, 6]):
        expected, end = oracles.run(
            step, x[:length, row].numpy(), [field[row].numpy() for field in start], **weights, **options
        )
        np.testing.assert_allclose(outputs[:length, row].detach(), expected, rtol=1e-12, atol=1e-13)
        for ours, theirs in zip(final, end, strict=True):
            np.testing.assert_allclose(ours[row].detach(), theirs, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("engine", ["loop", "native"])
@pytest.mark.parametrize(
    "case", [*FIRST, *(pytest.param(name, marks=pytest.mark.slow) for name in LATER)], indirect=True
)
def test_contract(case, engine):
    elman.check_cell(case[0], engine)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (cells.RNNCell(I, H), torch.nn.RNNCell(I, H)),
        (cells.RNNCell(I, H, "relu"), torch.nn.RNNCell(I, H, nonlinearity="relu")),
        (cells.LSTMCell(I, H), torch.nn.LSTMCell(I, H)),
        (cells.GRUCell(I, H), torch.nn.GRUCell(I, H)),
    ],
    ids=lambda cell: type(cell).__name__,
)
def test_torch_cells(ours, theirs):
    """Copied weights, two biases added into one (a GRU's recurrent candidate bias stays apart)."""
    ours, theirs = ours.double(), theirs.double()
    with torch.no_grad():
        ours.weight_ih.copy_(theirs.weight_ih)
        ours.weight_hh.copy_(theirs.weight_hh)
        both = theirs.bias_ih + theirs.bias_hh
        if isinstance(ours, cells.GRUCell):
            both[2 * H :] = theirs.bias_ih[2 * H :]
            ours.bias_hn.copy_(theirs.bias_hh[2 * H :])
        ours.bias.copy_(both)
    x = torch.randn(4, I, dtype=torch.float64)
    state = [torch.randn_like(field) for field in ours.initial_state(4)]
    stepped = ours(x, ours.state_type(*state))
    expected = theirs(x, tuple(state) if len(state) > 1 else state[0])
    for a, b in zip(stepped, expected if len(state) > 1 else [expected], strict=True):
        torch.testing.assert_close(a, b, rtol=1e-12, atol=1e-13)


def test_xavier_bounds_of_each_matrix():
    """Exercise 15.11: uniform within ±sqrt(6 / (fan_in + fan_out)), filling the range, and biases zero."""
    cell = cells.RNNCell(200, 300)
    for weight, bound in ((cell.weight_ih, math.sqrt(6 / 500)), (cell.weight_hh, math.sqrt(6 / 600))):
        assert weight.abs().max() <= bound
        assert weight.abs().max() > 0.99 * bound
        assert abs(weight.std().item() / (bound / math.sqrt(3)) - 1) < 0.02
    assert not cell.bias.any()


def test_without_peepholes_it_is_an_lstm():
    ours, plain = cells.PeepholeLSTMCell(I, H).double(), cells.LSTMCell(I, H).double()
    ours.load_state_dict(plain.state_dict(), strict=False)
    x = torch.randn(6, 3, I, dtype=torch.float64)
    outputs, expected = (elman.unroll(cell, x, engine="loop")[0] for cell in (ours, plain))
    torch.testing.assert_close(outputs, expected, rtol=1e-14, atol=1e-14)  # a product depends on where it lies


def test_forget_bias_is_set_once():
    cell = cells.LSTMCell(3, 5, forget_bias=2.5)
    assert cell.bias.tolist() == [0.0] * 5 + [2.5] * 5 + [0.0] * 10


def test_sizes_of_any_kind_of_integer():
    cell = cells.ProjectedLSTMCell(np.int64(3), np.int32(5), np.int64(2))
    assert [type(size) for size in (cell.input_size, cell.hidden_size, cell.proj_size)] == [int] * 3
    assert repr(cell).startswith("ProjectedLSTMCell(3, 5")


@pytest.mark.parametrize("size", [0, -1, 2.0, "3", True])
def test_wrong_sizes(size):
    with pytest.raises(ValueError, match="hidden_size must be a positive integer"):
        cells.GRUCell(3, size)


def test_wrong_nonlinearity():
    with pytest.raises(ValueError, match="'tanh' or 'relu', got 'gelu'"):
        cells.RNNCell(3, 5, "gelu")
