"""``lengths``: exactly what packing by hand gives, for any lengths, whatever the padding holds."""

import hypothesis.strategies as st
import pytest
import torch
from hypothesis import given, settings
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

import elman

from .same import HIDDEN, INPUT, KINDS, PROJECTED, assert_same, gradients, leaves, states, twins

STEPS = 5


def by_hand(layer, x, hx, lengths):
    """Pack the rows that have a step, run torch's layer, unpack; rows that have none keep ``hx``."""
    alive = [row for row, length in enumerate(lengths) if length]
    batch_dim = 0 if layer.batch_first else 1
    if hx is None:
        hx = tuple(torch.zeros_like(h) for h in leaves(states(layer, len(lengths), x.dtype)))
        hx = hx if len(hx) > 1 else hx[0]
    fields = leaves(hx)
    if not alive:
        width = fields[0].shape[-1] * (2 if layer.bidirectional else 1)
        return x.new_zeros(*x.shape[:2], width), hx
    packed = pack_padded_sequence(
        x.index_select(batch_dim, torch.tensor(alive)),
        torch.tensor([lengths[row] for row in alive]),
        batch_first=layer.batch_first,
        enforce_sorted=False,
    )
    begun = tuple(h[:, alive] for h in fields)
    packed, final = layer(packed, begun if len(begun) > 1 else begun[0])
    some, _ = pad_packed_sequence(packed, layer.batch_first, total_length=x.shape[1 - batch_dim])
    outputs = x.new_zeros(*x.shape[:2], some.shape[-1]).index_copy(batch_dim, torch.tensor(alive), some)
    finals = tuple(h.index_copy(1, torch.tensor(alive), new) for h, new in zip(fields, leaves(final), strict=True))
    return outputs, finals if len(finals) > 1 else finals[0]


@settings(max_examples=120, deadline=None)
@given(
    kind=st.sampled_from([("RNN", 0), ("LSTM", 0), ("LSTM", PROJECTED), ("GRU", 0)]),
    lengths=st.lists(st.integers(0, STEPS), max_size=4),
    layers=st.integers(1, 2),
    bidirectional=st.booleans(),
    bias=st.booleans(),
    batch_first=st.booleans(),
    with_state=st.booleans(),
    junk=st.sampled_from([0.0, 1e30, float("inf"), float("nan")]),
    engine=st.sampled_from(["auto", "loop"]),
)
def test_equal_to_packing_by_hand(kind, lengths, layers, bidirectional, bias, batch_first, with_state, junk, engine):
    kind, projected = kind
    more = {"proj_size": projected} if projected else {}
    theirs, ours = twins(
        kind, num_layers=layers, bidirectional=bidirectional, bias=bias, batch_first=batch_first, **more
    )
    batch = len(lengths)
    padding = torch.arange(STEPS)[:, None] >= torch.tensor(lengths, dtype=torch.int64)
    x = torch.randn(STEPS, batch, INPUT, dtype=torch.float64).masked_fill(padding[..., None], junk)
    x = (x.transpose(0, 1) if batch_first else x).contiguous().requires_grad_()
    hx = states(ours, batch) if with_state else None
    with elman.use_engine(engine):
        result = ours(x, hx, lengths=lengths)
    expected = by_hand(theirs, x, hx, lengths)
    assert_same(result, expected)
    outputs = result[0].transpose(0, 1) if batch_first else result[0]
    assert outputs[padding].count_nonzero() == 0
    inputs = [x, *leaves(hx)]
    mine = gradients(result, [*inputs, *ours.parameters()])
    assert_same(mine, gradients(expected, [*inputs, *theirs.parameters()]))
    dx = mine[0].transpose(0, 1) if batch_first else mine[0]
    assert dx[padding].count_nonzero() == 0


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("as_lengths", [list, tuple, torch.tensor, lambda n: torch.tensor(n, dtype=torch.uint8)])
def test_lengths_of_any_integer_kind(kind, as_lengths, engine):
    theirs, ours = twins(kind, batch_first=True)
    x = torch.randn(3, STEPS, INPUT, dtype=torch.float64)
    with elman.use_engine(engine):
        assert_same(ours(x, lengths=as_lengths([2, 0, 5])), by_hand(theirs, x, None, [2, 0, 5]))


@pytest.mark.parametrize("kind", KINDS)
def test_full_lengths_change_nothing(kind, engine):
    _, ours = twins(kind, num_layers=2, bidirectional=True)
    x = torch.randn(STEPS, 2, INPUT, dtype=torch.float64)
    with elman.use_engine(engine):
        assert_same(ours(x, lengths=[STEPS, STEPS]), ours(x))


@pytest.mark.parametrize("kind", KINDS)
def test_one_sequence_alone_may_have_a_length(kind, engine):
    theirs, ours = twins(kind)
    x = torch.randn(STEPS, INPUT, dtype=torch.float64)
    hx = states(ours, None)
    with elman.use_engine(engine):
        outputs, final = ours(x, hx, lengths=[3])
    expected, expected_final = theirs(x[:3], hx)
    assert_same((outputs[:3], final), (expected, expected_final))
    assert outputs[3:].count_nonzero() == 0


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shape", [(STEPS, 2), (0, 2)])
def test_no_real_step_at_all(kind, shape, engine):
    _, ours = twins(kind, bidirectional=True)
    hx = states(ours, 2)
    with elman.use_engine(engine):
        outputs, final = ours(torch.full((*shape, INPUT), torch.nan, dtype=torch.float64), hx, lengths=[0, 0])
    assert outputs.shape == (*shape, 2 * HIDDEN)
    assert outputs.count_nonzero() == 0
    assert_same(final, hx)


@pytest.mark.parametrize("kind", KINDS)
def test_a_bad_gradient_past_the_end_is_dropped(kind, engine):
    _, ours = twins(kind, num_layers=2, bidirectional=True)
    x = torch.randn(STEPS, 2, INPUT, dtype=torch.float64, requires_grad=True)
    with elman.use_engine(engine):
        outputs, _ = ours(x, lengths=[5, 2])
    weights = torch.ones_like(outputs)
    weights[2:, 1] = torch.nan
    for gradient in torch.autograd.grad(outputs, [x, *ours.parameters()], weights):
        assert gradient.isfinite().all()


@pytest.mark.parametrize("kind", KINDS)
def test_a_row_does_not_know_its_neighbours(kind, engine):
    _, ours = twins(kind, num_layers=2, bidirectional=True)
    x = torch.randn(STEPS, 3, INPUT, dtype=torch.float64)
    lengths = [4, 5, 1]
    with elman.use_engine(engine):
        outputs, final = ours(x, lengths=lengths)
        for row, length in enumerate(lengths):
            alone, alone_final = ours(x[:length, row])
            assert_same(outputs[:length, row], alone)
            assert_same([h[:, row] for h in leaves(final)], alone_final)
