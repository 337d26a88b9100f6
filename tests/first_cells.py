"""Which built-in cells run in every test of every cell, and which only in the slow ones.

The first cells go through all tests. A cell that is added later has two fast tests, its oracle in tests/cells and one
comparison with the loop in tests/conformance; its others are marked slow, so that the fast tests stay fast.
"""

import pytest

FIRST = frozenset({
    "CfCCell", "CoupledGateLSTMCell", "FastGRNNCell", "GRUCell", "IndRNNCell", "JANETCell", "JordanCell", "LSTMCell",
    "LTCCell", "LayerNormGRUCell", "LayerNormLSTMCell", "LayerNormRNNCell", "MGUCell", "MinGRUCell", "MinLSTMCell",
    "NoForgetGateLSTMCell", "NoInputGateLSTMCell", "NoOutputGateLSTMCell", "ODERNNCell", "PeepholeLSTMCell",
    "ProjectedLSTMCell", "RNNCell", "ResetBeforeGRUCell", "SCRNCell", "SLSTMCell",
})  # fmt: skip


def later_ones_slow(names):
    """The names, for ``parametrize``; those of later cells are marked slow."""
    return [name if name in FIRST else pytest.param(name, marks=pytest.mark.slow) for name in names]
