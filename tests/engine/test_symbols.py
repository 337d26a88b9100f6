"""Symbols are the same input as the vectors they stand for, for every cell, layer and engine."""

import pytest
import torch
from torch.nn.functional import embedding

import elman
from elman.cells.lookup import public_cells
from elman.cells.wrappers import VariationalDropout, Zoneout
from elman.nn.exporting import export

from ..first_cells import later_ones_slow


def both_ways(run, parameters, tokens, table):
    """Outputs and gradients of symbols, then of vectors."""
    for x in (elman.Symbols(tokens, table), embedding(tokens, table)):
        outputs, state = run(x)
        loss = outputs.square().sum() + sum(field.sin().sum() for one in state for field in one)
        yield [outputs.detach(), *torch.autograd.grad(loss, [table, *parameters], allow_unused=True)]


def assert_same(run, parameters, tokens, table):
    for one, other in zip(*both_ways(run, list(parameters), tokens, table), strict=True):
        torch.testing.assert_close(one, other)


@pytest.mark.parametrize("rows", [3, 40], ids=["few", "many"])
@pytest.mark.parametrize("lengths", [None, [6, 0, 4]], ids=["full", "ragged"])
@pytest.mark.parametrize("engine", ["auto", "loop"])
@pytest.mark.parametrize("name", later_ones_slow(public_cells()))
def test_every_cell(name, engine, lengths, rows):
    torch.manual_seed(0)
    cell = public_cells()[name](4, 5).double()
    table = (
        torch.randn(rows, 4, dtype=torch.float64).abs().requires_grad_()
    )  # some cells read a gap, which is positive
    tokens = torch.randint(3, (6, 3))

    def run(x):
        return elman.unroll(cell, x, lengths=lengths, reverse=rows > 3, engine=engine)

    assert_same(run, cell.parameters(), tokens, table)


@pytest.mark.parametrize("kind", [elman.nn.RNN, elman.nn.GRU, elman.nn.LSTM])
@pytest.mark.parametrize("batch_first", [False, True])
@pytest.mark.parametrize("lengths", [None, [6, 0, 4]], ids=["full", "ragged"])
def test_layers(kind, batch_first, lengths):
    layer = kind(4, 5, num_layers=2, bidirectional=True, batch_first=batch_first).double()
    table = torch.randn(3, 4, dtype=torch.float64, requires_grad=True)
    tokens = torch.randint(3, (3, 6) if batch_first else (6, 3))
    assert_same(lambda x: layer(x, lengths=lengths), layer.parameters(), tokens, table)


def test_one_sequence_alone_and_a_residual_stack():
    table, tokens = torch.randn(3, 5, dtype=torch.float64, requires_grad=True), torch.randint(3, (9,))
    layer = elman.nn.GRU(5, 4).double()
    assert_same(layer, layer.parameters(), tokens, table)
    stack = elman.nn.Recurrent(elman.cells.GRUCell, 5, 5, 2, connection=elman.nn.Residual).double()
    assert_same(stack, stack.parameters(), tokens, table)


@pytest.mark.parametrize("wrap", [lambda c: Zoneout(c, 0.4), lambda c: VariationalDropout(c, inputs=0.5, states=0.3)])
def test_masks_are_drawn_as_for_vectors(wrap):
    """Equal tokens must not share a mask."""
    cell, table, tokens = wrap(elman.cells.LSTMCell(4, 5)), torch.randn(2, 4), torch.randint(2, (20, 3))
    found = []
    for x in (elman.Symbols(tokens, table), table[tokens]):
        torch.manual_seed(1)
        found.append(elman.unroll(cell, x)[0])
    torch.testing.assert_close(*found)


def test_second_gradients():
    cell, tokens = elman.cells.GRUCell(2, 3).double(), torch.randint(2, (4, 2))
    table = torch.randn(2, 2, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradgradcheck(lambda t: elman.unroll(cell, elman.Symbols(tokens, t))[0], table)


def test_exported_with_batch_and_length_open():
    class Reader(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.table, self.layer = torch.nn.Embedding(3, 4), elman.nn.GRU(4, 5)

        def forward(self, tokens):
            return self.layer(elman.Symbols(tokens, self.table.weight))[0]

    model = Reader()
    program = export(model, torch.randint(3, (5, 3)))
    longer = torch.randint(3, (17, 4))
    torch.testing.assert_close(program.module()(longer), model(longer))


def test_what_is_refused():
    cell, table = elman.cells.GRUCell(4, 5), torch.randn(3, 4)
    with pytest.raises(IndexError):
        elman.unroll(cell, elman.Symbols(torch.full((6, 2), 3), table))
    with pytest.raises(TypeError, match=r"tokens must be int64 or int32, got torch\.float32"):
        elman.Symbols(torch.zeros(6, 2), table)
    with pytest.raises(ValueError, match=r"the table must be \[V, I\], one row per token, got \[3\]"):
        elman.Symbols(torch.zeros(6, 2, dtype=torch.int64), table[:, 0])
    with pytest.raises(ValueError, match=r"x must be \[T, B, 4\] for this cell, got \[6, 2, 3\]"):
        elman.unroll(cell, elman.Symbols(torch.zeros(6, 2, dtype=torch.int64), table[:, :3]))
    with pytest.raises(ValueError, match=r"tokens must be \[T, B\], or \[T\] for one sequence, got \[1, 6, 2\]"):
        elman.nn.GRU(4, 5)(elman.Symbols(torch.zeros(1, 6, 2, dtype=torch.int64), table))
    with pytest.raises(RuntimeError, match=r"Expected 4, got 3"):
        elman.nn.GRU(4, 5)(elman.Symbols(torch.zeros(6, 2, dtype=torch.int64), table[:, :3]))
