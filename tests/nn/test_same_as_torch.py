"""RNN, LSTM and GRU give torch.nn's values and gradients, over every combination of their options."""

from itertools import product

import pytest
import torch
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence

import elman

from .same import INPUT, KINDS, PROJECTED, assert_same, gradients, leaves, states, twins

STEPS, BATCH = 5, 3
LAYOUTS = ("steps first", "batch first", "alone", "packed sorted", "packed unsorted")
VARIANTS = {
    "tanh": ("RNN", {"nonlinearity": "tanh"}),
    "relu": ("RNN", {"nonlinearity": "relu"}),
    "lstm": ("LSTM", {}),
    "projected": ("LSTM", {"proj_size": PROJECTED}),
    "gru": ("GRU", {}),
}


def lay_out(x, layout):
    """``x [T, B, I]`` in one of the layouts a layer takes."""
    match layout:
        case "steps first":
            return x
        case "batch first":
            return x.transpose(0, 1)
        case "alone":
            return x[:, 0]
        case "packed sorted":
            return pack_padded_sequence(x, torch.tensor([5, 3, 3]))
        case _:
            return pack_padded_sequence(x, torch.tensor([2, 5, 1]), enforce_sorted=False)


@pytest.mark.filterwarnings("ignore:LSTM with projections is not supported with oneDNN")
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=["float32", "float64"])
def test_same_values_and_gradients(variant, layout, dtype, engine):
    kind, more = VARIANTS[variant]
    for layers, bidirectional, bias, given in product((1, 2, 3), (False, True), (True, False), (True, False)):
        options = {"num_layers": layers, "bidirectional": bidirectional, "bias": bias, **more}
        theirs, ours = twins(kind, dtype, batch_first=layout == "batch first", **options)
        x = torch.randn(STEPS, BATCH, INPUT, dtype=dtype, requires_grad=True)
        hx = states(ours, None if layout == "alone" else BATCH, dtype) if given else None
        expected = theirs(lay_out(x, layout), hx)
        with elman.use_engine(engine):
            result = ours(lay_out(x, layout), hx)
        assert_same(result, expected, dtype)
        inputs = [x, *leaves(hx)]
        assert_same(
            gradients(result, [*inputs, *ours.parameters()]),
            gradients(expected, [*inputs, *theirs.parameters()]),
            dtype,
            gradient=True,
        )
        if isinstance(result[0], PackedSequence):
            for mine, other in zip(result[0][1:], expected[0][1:], strict=True):
                assert mine is other or torch.equal(mine, other)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_same_dropout_mask_from_the_same_seed(kind, layout, engine):
    theirs, ours = twins(kind, num_layers=3, dropout=0.5, bidirectional=True, batch_first=layout == "batch first")
    x = lay_out(torch.randn(STEPS, BATCH, INPUT, dtype=torch.float64), layout)
    for training in (True, False):
        torch.manual_seed(7)
        expected = theirs.train(training)(x)
        torch.manual_seed(7)
        with elman.use_engine(engine):
            result = ours.train(training)(x)
        assert_same(result, expected)


@pytest.mark.parametrize("kind", KINDS)
def test_dropout_of_one_silences_the_layers_above(kind, engine):
    _, ours = twins(kind, num_layers=2, dropout=1.0, bias=False)
    with elman.use_engine(engine):
        outputs, _ = ours(torch.randn(4, 2, INPUT, dtype=torch.float64))
    assert outputs.count_nonzero() == 0


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shape", [(1, 1), (4, 0), (1, 7)])
def test_small_and_empty_batches(kind, shape, engine):
    theirs, ours = twins(kind, num_layers=2, bidirectional=True)
    x = torch.randn(*shape, INPUT, dtype=torch.float64)
    with elman.use_engine(engine):
        assert_same(ours(x), theirs(x))


@pytest.mark.parametrize("kind", KINDS)
def test_transposed_and_strided_inputs(kind, engine):
    theirs, ours = twins(kind)
    wide = torch.randn(INPUT, 2 * STEPS, BATCH, dtype=torch.float64)
    x = wide.permute(1, 2, 0)[::2]
    hx = states(ours, BATCH)
    strided = [torch.stack([h, h], -1)[..., 0] for h in leaves(hx)]
    given = tuple(strided) if isinstance(hx, tuple) else strided[0]
    with elman.use_engine(engine):
        assert_same(ours(x, given), theirs(x, given))


@pytest.mark.parametrize("kind", KINDS)
def test_streaming_step_by_step_is_one_long_run(kind, engine):
    theirs, ours = twins(kind, num_layers=2)
    x = torch.randn(STEPS, BATCH, INPUT, dtype=torch.float64)
    expected, final = theirs(x)
    state, outputs = None, []
    with elman.use_engine(engine), torch.no_grad():
        for step in x.split(1):
            output, state = ours(step, state)
            outputs.append(output)
    assert_same((torch.cat(outputs), state), (expected, final))


@pytest.mark.parametrize("kind", KINDS)
def test_gradients_agree_with_finite_differences(kind, engine):
    _, ours = twins(kind, num_layers=2, bidirectional=True)
    x = torch.randn(3, 2, INPUT, dtype=torch.float64, requires_grad=True)
    hx = states(ours, 2)
    with elman.use_engine(engine):
        assert torch.autograd.gradcheck(
            lambda x, *h: leaves(ours(x, h if len(h) > 1 else h[0], lengths=[1, 3])), (x, *leaves(hx))
        )
