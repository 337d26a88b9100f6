"""The engine's small language: each value once, in its simplest form, and never changed."""

import dataclasses
import math

import pytest
import torch

from elman.cells.lookup import public_cells
from elman.engine.planning.language import Op, Slice, is_cheap
from elman.engine.planning.lower import KNOWN, lower
from elman.engine.planning.lowering import RULES, lowers
from elman.engine.planning.plan import plan
from elman.engine.planning.program import through
from elman.engine.planning.values import Values
from elman.engine.tracing.trace import record
from elman.probe.cell_table import make_cell

from ..first_cells import later_ones_slow


def planned(cell):
    return plan(lower(record(cell, torch.float64, KNOWN)))


def test_the_same_value_is_the_same_object():
    values = Values()
    x, y = values.input("drive", 6, 0), values.input("drive", 6, 1)
    assert values.input("drive", 6, 0) is x
    assert values.pointwise(Op.ADD, x, y) is values.pointwise(Op.ADD, x, y)
    assert values.pointwise(Op.ADD, x, y) is not values.pointwise(Op.ADD, y, x)
    assert values.const(0.0) is not values.const(-0.0)
    assert math.copysign(1, values.const(-0.0).number) == -1


def test_a_value_never_changes():
    x = Values().input("drive", 6)
    with pytest.raises(dataclasses.FrozenInstanceError):
        x.width = 3


def test_slices_read_where_the_numbers_come_from():
    values = Values()
    x, y = values.input("drive", 6, 0), values.input("state", 4, 0)
    both = values.cat([x, y])
    assert values.slice(both, 0, 6) is x
    assert values.slice(both, 7, 2) is values.slice(y, 1, 2)
    across = values.slice(both, 4, 4)
    assert isinstance(across, Slice)
    assert through(across, 1, 3) == [(x, 5, 1), (y, 0, 2)]
    assert values.slice(values.slice(x, 1, 4), 2, 1) is values.slice(x, 3, 1)
    assert values.slice(values.const(2.0, 6), 1, 3) is values.const(2.0, 3)


def test_an_operator_has_one_rule():
    with pytest.raises(AssertionError, match="two rules"):
        lowers("tanh")(lambda low, node: low.row(node.args[0]))
    assert RULES["tanh"].read is RULES["sigmoid"].read
    assert set(RULES) <= KNOWN


@pytest.mark.parametrize("name", later_ones_slow(public_cells()))
def test_a_plan_reads_only_what_is_there(name):
    """Columns lie within their buffers, levels follow one another, and only what is costly to compute is saved."""
    cell = make_cell(public_cells()[name], 3, 6).double()
    found = planned(cell.drawn())
    for program in (found.inference, found.training, found.backward):
        buffers = set(program.buffers)
        for number, level in enumerate(program.levels):
            for product in level.products:
                assert product.level == number
                assert {product.operand.buffer, product.place.buffer} <= buffers
                assert product.operand.column + product.matrix.k <= product.operand.buffer.width
            for store in level.stores:
                assert store.level == number
                assert store.place.buffer in buffers
                width = store.width if store.mode in ("set", "add") else 1
                assert store.place.column + width <= store.place.buffer.width
    assert not any(is_cheap(one.value) for one in found.saved.stretches)
