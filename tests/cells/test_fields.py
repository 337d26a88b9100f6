"""State fields are ``[B, *]``: one number a row, or a matrix a row, wherever a state goes."""

from typing import NamedTuple

import pytest
import torch
from torch import Tensor, nn
from torch.testing import assert_close

import elman
from elman import Cell
from elman.cells.wrappers import VariationalDropout, Zoneout
from elman.decode.state import select
from elman.nn import Recurrent
from elman.nn.exporting import export
from elman.nn.streaming import streaming
from elman.testing import check_cell


class Fast(NamedTuple):
    h: Tensor  # [B, H]
    A: Tensor  # [B, H, 2], fast weights
    count: Tensor  # [B]


class FastCell(Cell):
    """Fast weights that decay, and a clock."""

    state_type = Fast

    def __init__(self, input_size, hidden_size):
        super().__init__(input_size, hidden_size)
        self.W, self.R = nn.Linear(input_size, hidden_size), nn.Linear(hidden_size, hidden_size)

    def initial_state(self, batch_size):
        new = self.W.bias.new_zeros
        return Fast(new(batch_size, self.hidden_size), new(batch_size, self.hidden_size, 2), new(batch_size))

    def drive(self, x):
        return self.W(x)

    def step(self, drive, state):
        h = torch.tanh(drive + self.R(state.h) + state.A.sum(-1) + 0.1 * state.count.unsqueeze(-1))
        A = 0.5 * state.A + h.unsqueeze(-1) * drive[:, :2].unsqueeze(1)
        return Fast(h, A, 0.9 * state.count + h.mean(-1))


@pytest.mark.parametrize("wrap", [lambda c: c, lambda c: Zoneout(c, 0.3), lambda c: VariationalDropout(c, 0.2, 0.2)])
def test_the_contract(wrap):
    check_cell(wrap(FastCell(3, 4)).eval())


@pytest.mark.parametrize("rows", [2, 4, 5])
def test_zoneout_keeps_single_numbers_of_single_rows(rows):
    """Each number is the old one or the new one; with B = H nothing is broadcast along the wrong axis."""
    torch.manual_seed(0)
    cell = Zoneout(FastCell(3, 4), 0.5)
    state = Fast(torch.randn(rows, 4), torch.randn(rows, 4, 2), torch.randn(rows))
    drive = cell.drive(torch.randn(rows, 3))
    after, new = cell.step(drive, state), cell.cell.step(drive[0], state)
    kept = drive[1] == 0
    assert kept.shape == (rows, 4 + 8 + 1)
    masks = kept[:, :4], kept[:, 4:12].view(rows, 4, 2), kept[:, 12]
    for got, old, fresh, mask in zip(after, state, new, masks, strict=True):
        assert torch.equal(got, torch.where(mask, old, fresh))
    assert len({tuple(row.tolist()) for row in kept}) == rows  # every row has a mask of its own


@pytest.mark.parametrize("engine", ["auto", "loop"])
def test_zoneout_over_a_sequence(engine):
    cell = Zoneout(FastCell(3, 4), 0.5)
    x = torch.randn(6, 4, 3)
    torch.manual_seed(1)
    outputs, final = elman.unroll(cell, x, lengths=[6, 2, 0, 5], engine=engine)
    torch.manual_seed(1)
    expected, end = elman.unroll(cell, x, lengths=[6, 2, 0, 5], engine="loop")
    assert_close((outputs, *final), (expected, *end))


def test_layers_streams_export_and_beams():
    torch.manual_seed(0)
    layer, x = Recurrent(FastCell, 3, 4, num_layers=2), torch.randn(5, 4, 3)
    _, state = layer(x, lengths=[2, 5, 0, 3])
    for row, length in enumerate([2, 5, 0, 3]):
        _, alone = layer(x[:, row : row + 1], lengths=[length])
        for ours, wanted in zip(state, alone, strict=True):
            assert_close(tuple(field[row : row + 1] for field in ours), tuple(wanted))
    _, resumed = layer(x, state)
    assert [field.shape for field in resumed[0]] == [(4, 4), (4, 4, 2), (4,)]
    for model in (layer, FastCell(3, 4), Zoneout(FastCell(3, 4), 0.2)):
        stream = streaming(model)
        whole = elman.unroll(model, x)[0] if isinstance(model, Cell) else model(x)[0]
        assert_close(torch.stack([stream.feed(step) for step in x]), whole)
    picked = select(state, torch.tensor([3, 3, 0]), count=4)
    assert torch.equal(picked[0].A, state[0].A[[3, 3, 0]])
    assert torch.equal(picked[1].count, state[1].count[[3, 3, 0]])


@pytest.mark.filterwarnings("ignore")
def test_export():
    layer = Recurrent(FastCell, 3, 4).eval()
    program = export(layer, torch.randn(5, 3, 3), lengths=torch.tensor([5, 2, 3])).module()
    x, lengths = torch.randn(8, 4, 3), torch.tensor([8, 0, 3, 5])
    outputs, (state,) = program(x, lengths=lengths)
    wanted, (end,) = layer(x, lengths=lengths)
    assert_close((outputs, *state), (wanted, *end))
