"""``resets`` of layers and streams: what loops that reset by hand give, in every layout."""

import hypothesis.strategies as st
import pytest
import torch
from hypothesis import given, settings
from torch import fx, nn
from torch.nn.utils.rnn import pack_sequence
from torch.testing import assert_close

import elman
from elman.nn.language_model import LanguageModel
from elman.nn.streaming import streaming

from ..engine.by_hand import walk_layers
from .same import HIDDEN, INPUT, KINDS, gradients, leaves, states

STEPS = {"LSTM": torch.lstm_cell, "GRU": torch.gru_cell, "RNN": torch.rnn_tanh_cell}


def steps_of(layer):
    """The step and the initial state of each layer and direction, by PyTorch's own cells."""

    def place(weights):
        weights = [getattr(layer, name) for name in weights]
        zero = weights[0].new_zeros(1, HIDDEN)
        if isinstance(layer, nn.LSTM):
            return lambda x, state: torch.lstm_cell(x, state, *weights), lambda: (zero, zero)
        return lambda x, state: (STEPS[layer.mode.split("_")[0]](x, *state, *weights),), lambda: (zero,)

    return [place(weights) for weights in layer._all_weights]


def steps_of_cells(layer):
    def place(cell):
        kind = type(cell.initial_state(1))
        return lambda x, state: cell.step(cell.drive(x), kind(*state)), lambda: cell.initial_state(1)

    return [place(cell) for cell in layer.cells]


@st.composite
def batches(draw):
    lengths = draw(st.lists(st.integers(0, 5), min_size=1, max_size=3))
    marks = draw(st.lists(st.booleans(), min_size=5 * len(lengths), max_size=5 * len(lengths)))
    return lengths, torch.tensor(marks).reshape(5, len(lengths))


@settings(max_examples=25, deadline=None)
@given(
    kind=st.sampled_from([*KINDS, "MGUCell", "SLSTMCell"]),
    batch=batches(),
    ragged=st.booleans(),
    layers=st.integers(1, 2),
    bidirectional=st.booleans(),
    batch_first=st.booleans(),
    with_state=st.booleans(),
    engine=st.sampled_from(["auto", "loop"]),
)
def test_as_loops_that_reset_by_hand(kind, batch, ragged, layers, bidirectional, batch_first, with_state, engine):
    torch.manual_seed(0)
    lengths, resets = batch
    if not ragged:
        lengths = [5] * len(lengths)
    directions = 2 if bidirectional else 1
    options = {"num_layers": layers, "bidirectional": bidirectional, "batch_first": batch_first}
    x = torch.randn(5, len(lengths), INPUT, dtype=torch.float64, requires_grad=True)
    if kind in KINDS:
        layer = getattr(elman.nn, kind)(INPUT, HIDDEN, **options).double()
        state = states(layer, len(lengths))
        fields = state if kind == "LSTM" else (state,)
        if not with_state:
            fields = [torch.zeros_like(field) for field in fields]
        begun, places = list(zip(*(field.unbind(0) for field in fields), strict=True)), steps_of(layer)
        inputs = [x, *layer.parameters(), *(fields if with_state else ())]
    else:
        layer = elman.nn.Recurrent(getattr(elman.cells, kind), INPUT, HIDDEN, **options).double()
        state = begun = layer.initial_state(len(lengths))
        if with_state:
            state = begun = [type(one)(*(torch.rand_like(f).requires_grad_() for f in one)) for one in begun]
        places = steps_of_cells(layer)
        inputs = [x, *layer.parameters(), *(f for one in begun if with_state for f in one)]
    expected, ends = walk_layers(places, directions, x, begun, lengths, resets)
    turned = (lambda one: one.transpose(0, 1)) if batch_first else (lambda one: one)
    with elman.use_engine(engine):
        outputs, final = layer(
            turned(x), state if with_state else None, lengths=lengths if ragged else None, resets=turned(resets)
        )
    if kind in KINDS:
        ends = [torch.stack(fields) for fields in zip(*ends, strict=True)]
        final = final if kind == "LSTM" else (final,)
        assert_close(list(final), ends, rtol=1e-12, atol=1e-12)
    else:
        assert_close([tuple(one) for one in final], ends, rtol=1e-12, atol=1e-12)
    assert_close(outputs, turned(expected), rtol=1e-12, atol=1e-12)
    ours, theirs = gradients((outputs, *final), inputs), gradients((turned(expected), *ends), inputs)
    assert_close(ours, theirs, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("kind", [*KINDS, "Recurrent"])
def test_one_sequence_alone_symbols_and_none_set(kind):
    layer = made(kind, bidirectional=True)
    x, resets = torch.randn(7, INPUT), torch.tensor([1, 0, 0, 1, 1, 0, 0]).bool()
    outputs, state = layer(x, resets=resets)
    together, batched = layer(x[:, None], resets=resets[:, None])
    assert_close(outputs, together[:, 0])
    for piece in (slice(0, 3), slice(3, 4), slice(4, 7)):
        assert_close(outputs[piece], layer(x[piece])[0])
    outputs, _ = layer(x, state, resets=resets)
    assert_close(outputs, layer(x[:, None], batched, resets=resets[:, None])[0][:, 0])
    tokens, table = torch.randint(5, (7, 2)), torch.randn(5, INPUT)
    marks = torch.rand(7, 2) < 0.4
    assert_close(layer(elman.Symbols(tokens, table), resets=marks)[0], layer(table[tokens], resets=marks)[0])
    assert torch.equal(layer(x, resets=torch.zeros(7, dtype=torch.bool))[0], layer(x)[0])
    step = torch.ones(1, 2, dtype=torch.bool)
    assert_close(layer(table[tokens[:1]], layer(table[tokens])[1], resets=step)[0][..., :HIDDEN],
                 layer(table[tokens[:1]])[0][..., :HIDDEN])  # fmt: skip


def made(kind, **options):
    if kind == "Recurrent":
        return elman.nn.Recurrent(elman.cells.JANETCell, INPUT, HIDDEN, **options)
    return getattr(elman.nn, kind)(INPUT, HIDDEN, **options)


@pytest.mark.parametrize("kind", [*KINDS, "Recurrent"])
@pytest.mark.parametrize("bidirectional", [False, True])
def test_one_step(kind, bidirectional, engine):
    layer = made(kind, num_layers=2, bidirectional=bidirectional)
    _, state = layer(torch.randn(4, 3, INPUT))
    x, rows = torch.randn(1, 3, INPUT), torch.tensor([[True, False, True]])
    with elman.use_engine(engine):
        ours, final = layer(x, state, resets=rows)
        cut, ends = layer(x, state, resets=rows, lengths=[1, 1, 1])
    assert_close(ours, cut)
    assert_close(leaves(final), leaves(ends))
    assert_close(ours[:, 1], layer(x, state)[0][:, 1])
    if not bidirectional:
        assert_close(ours[:, ::2], layer(x)[0][:, ::2])


def test_under_autocast_torch_runs_the_segments():
    layer, x = elman.nn.LSTM(INPUT, HIDDEN, 2), torch.randn(6, 2, INPUT)
    resets = torch.zeros(6, 2, dtype=torch.bool)
    resets[2, 0] = resets[4, 1] = True
    expected, (_, c) = layer(x, resets=resets)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        outputs, final = layer(x, resets=resets)
    assert_close(outputs.float(), expected, rtol=0, atol=0.05)
    assert_close(final[1].float(), c, rtol=0, atol=0.05)


@pytest.mark.parametrize("kind", [*KINDS, "Recurrent"])
def test_nan_stays_on_its_side(kind, engine):
    layer, x = made(kind, num_layers=2, bidirectional=True), torch.randn(6, 2, INPUT)
    resets = torch.zeros(6, 2, dtype=torch.bool)
    resets[3, 0] = True
    dirty = x.clone()
    dirty[:3, 0] = torch.nan
    dirty.requires_grad_()
    with elman.use_engine(engine):
        outputs, _ = layer(dirty, resets=resets)
        assert_close(outputs[3:, :1], layer(x[3:, :1])[0])
        (gradient,) = torch.autograd.grad(outputs[3:].sum() + outputs[:, 1].sum(), dirty)
    assert gradient[3:, 0].isfinite().all()
    assert gradient[:, 1].isfinite().all()


@pytest.mark.parametrize("kind", [*KINDS, "Recurrent"])
def test_what_is_refused(kind):
    layer, x, good = made(kind, batch_first=True), torch.zeros(2, 5, INPUT), torch.ones(2, 5, dtype=torch.bool)
    with pytest.raises(ValueError, match=r"resets must be \[B, T\] = \[2, 5\].* got \[5, 2\]"):
        layer(x, resets=good.T)
    with pytest.raises(ValueError, match=r"resets must be \[T\] = \[5\].* got \[2, 5\]"):
        layer(x[0], resets=good)
    with pytest.raises(TypeError, match=r"resets must be bool, got torch.uint8"):
        layer(x, resets=good.byte())
    with pytest.raises(ValueError, match="resets are on meta and the input on cpu"):
        layer(x, resets=good.to("meta"))
    with pytest.raises(ValueError, match="resets need a padded tensor"):
        layer(pack_sequence([x[0]]), resets=good)
    with pytest.raises(TypeError, match="got list"):
        layer([[1.0]], resets=good)


def test_no_export_and_no_tracing_with_resets():
    class Policy(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = elman.nn.GRU(INPUT, HIDDEN)

        def forward(self, x, resets):
            return self.layer(x, resets=resets)[0]

    x, resets = torch.zeros(5, 2, INPUT), torch.zeros(5, 2, dtype=torch.bool)
    with pytest.raises(ValueError, match="with resets cannot be exported or traced"):
        elman.nn.export(Policy(), x, resets)
    with pytest.raises(ValueError, match="with resets cannot be exported or traced"):
        torch.jit.trace(Policy(), (x, resets))
    resets[2] = True
    model = Policy()
    assert_close(fx.symbolic_trace(model)(x, resets), model(x, resets))


MODELS = {
    "cell": lambda: elman.cells.SLSTMCell(3, 4),
    "LSTM": lambda: elman.nn.LSTM(3, 4, 2),
    "GRU, batch first": lambda: elman.nn.GRU(3, 4, batch_first=True),
    "Recurrent": lambda: elman.nn.Recurrent(elman.cells.MGUCell, 3, 4, 2),
}


@pytest.mark.parametrize("name", MODELS)
def test_a_stream_resets_rows(name):
    model, x, resets = MODELS[name](), torch.randn(9, 3, 3), torch.rand(9, 3) < 0.3
    stream = streaming(model)
    outputs = torch.stack([stream.feed(one, resets=marks) for one, marks in zip(x, resets, strict=True)])
    if name == "cell":
        expected = elman.unroll(model, x, resets=resets)[0]
    elif name == "GRU, batch first":
        expected = model(x.transpose(0, 1), resets=resets.T)[0].transpose(0, 1)
    else:
        expected = model(x, resets=resets)[0]
    assert_close(outputs, expected)
    with pytest.raises(ValueError, match=r"resets must be \[B\] = \[3\]"):
        stream.feed(x[0], resets=resets)


def test_a_language_model_and_a_model_that_takes_no_resets():
    model, tokens, resets = LanguageModel(7, 4, 6), torch.randint(7, (6, 2)), torch.rand(6, 2) < 0.4
    stream = streaming(model)
    outputs = torch.stack([stream.feed(one, resets=marks) for one, marks in zip(tokens, resets, strict=True)])
    assert_close(outputs, model(tokens, resets=resets)[0])

    class Plain(nn.Module):
        def forward(self, x, state=None):
            return x, state

    with pytest.raises(TypeError, match=r"Plain.forward takes no resets: add a parameter resets=None"):
        streaming(Plain()).feed(torch.zeros(1, 3), resets=torch.ones(1, dtype=torch.bool))
