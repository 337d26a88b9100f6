"""Every cell with every wrapper and every manner of a layer: the matrix is generated."""

import copy
import io
import pickle

import pytest
import torch
from torch.testing import assert_close

import elman
from elman import cells
from elman.cells.wrappers import VariationalDropout, WeightDrop, Zoneout
from elman.nn import Highway, Recurrent, Residual
from elman.nn.exporting import export

from ..first_cells import later_ones_slow

I, H, T, B = 3, 4, 5, 3
LENGTHS = [5, 0, 3]
CELLS = {
    name: kind
    for name, kind in sorted(vars(cells).items())
    if isinstance(kind, type) and issubclass(kind, elman.Cell) and kind is not elman.Cell
}
WRAPPERS = {
    "bare": lambda cell: cell,
    "variational": lambda cell: VariationalDropout(cell, inputs=0.3, outputs=0.4),
    "variational states": lambda cell: VariationalDropout(cell, states=0.3),
    "zoneout": lambda cell: Zoneout(cell, 0.3),
    "weight drop": lambda cell: WeightDrop(cell, 0.3),
    "all": lambda cell: VariationalDropout(Zoneout(cell, {"h": 0.2}), inputs=0.3, outputs=0.2),
}
LAYERS = {
    "one": {},
    "stacked": {"num_layers": 2, "dropout": 0.2},
    "bidirectional": {"bidirectional": True, "num_layers": 2},
    "residual": {"num_layers": 2, "connection": Residual},
    "highway": {"num_layers": 2, "connection": Highway},
}
# What a cell cannot be wrapped in, in the wrapper's own words.
REFUSED = ("no product of h", "expected the names of weight matrices")


def make(cell, wrapper, layer="one"):
    torch.manual_seed(0)
    return Recurrent(lambda i, h: WRAPPERS[wrapper](CELLS[cell](i, h)), I, H, **LAYERS[layer]).double()


def ready(cell, wrapper, layer="one"):
    """A layer in training, or a skip where the wrapper says why not."""
    try:
        made = make(cell, wrapper, layer)
        made(torch.zeros(1, 1, I, dtype=torch.float64))
    except ValueError as error:
        if any(words in str(error) for words in REFUSED):
            pytest.skip(str(error))
        raise
    return made


def inputs():
    return torch.randn(T, B, I, dtype=torch.float64, generator=torch.Generator().manual_seed(1))


def flat(states):
    return [field for state in states for field in state]


def run(layer, *args, seed=3, engine="auto", **more):
    torch.manual_seed(seed)
    with elman.use_engine(engine):
        return layer(*args, **more)


@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize("cell", later_ones_slow(CELLS))
def test_layers(cell, layer):
    """Padding, rows, carried state, a copy, saving and loading, in evaluation."""
    with elman.use_engine("loop"):  # how a cell alone runs natively is tested elsewhere
        layers(cell, layer)


def layers(cell, layer):
    made = make(cell, "bare", layer).eval()
    x = inputs()
    outputs, final = made(x)
    ragged, _ = made(x, lengths=LENGTHS)
    padding = torch.arange(T)[:, None] >= torch.tensor(LENGTHS)
    leaky, _ = made(x.masked_fill(padding[..., None], torch.nan), lengths=LENGTHS)
    assert torch.equal(ragged, leaky)
    assert not ragged[padding].any()
    assert_close(ragged[:3, 2], made(x[:3, 2])[0])
    if not made.bidirectional:
        first, middle = made(x[:2])
        second, end = made(x[2:], middle)
        assert_close(torch.cat([first, second]), outputs)
        assert_close(flat(end), flat(final))
    file = io.BytesIO()
    torch.save(made.state_dict(), file)
    file.seek(0)
    other = make(cell, "bare", layer).eval()
    other.load_state_dict(torch.load(file, weights_only=True))
    for twin in (other, copy.deepcopy(made)):
        assert torch.equal(twin(x)[0], outputs)


@pytest.mark.parametrize("wrapper", [name for name in WRAPPERS if name != "bare"])
@pytest.mark.parametrize("cell", later_ones_slow(CELLS))
def test_wrappers(cell, wrapper):
    """Same masks on every engine, repeatable, no leak; in evaluation the bare cell; carried, copied, pickled."""
    made = ready(cell, wrapper)
    x = inputs()
    parameters = list(made.parameters())
    results = []
    for engine in ("auto", "loop"):
        padding = torch.arange(T)[:, None] >= torch.tensor(LENGTHS)
        dirty = x.masked_fill(padding[..., None], torch.nan).requires_grad_()
        outputs, final = run(made, dirty, lengths=LENGTHS, engine=engine)
        assert not outputs[padding].any()
        total = outputs.square().sum() + sum(field.sum() for field in flat(final))
        gradients = torch.autograd.grad(total, [dirty, *parameters], allow_unused=True)
        assert not gradients[0][padding].any()
        results.append([outputs, *flat(final), *(g for g in gradients if g is not None)])
    assert_close(*results)
    assert torch.equal(results[1][0], run(made, x, lengths=LENGTHS, engine="loop")[0])
    twin = pickle.loads(pickle.dumps(made))
    whole, end = run(made, x)
    assert torch.equal(run(twin, x)[0], whole)
    assert not torch.equal(run(made, x, seed=4)[0], whole)
    if wrapper.startswith("variational"):
        with_state = pickle.loads(pickle.dumps(run(made, x[:2])[1]))
        assert_close(torch.cat([whole[:2], made(x[2:], with_state)[0]]), whole)
        assert_close(flat(made(x[2:], with_state)[1]), flat(end))
    with elman.use_engine("loop"):
        evaluation(cell, wrapper, made.eval(), x)


def evaluation(cell, wrapper, made, x):
    bare = make(cell, "bare").eval()
    for ours, theirs in zip(made.parameters(), bare.parameters(), strict=True):
        theirs.data.copy_(ours.data)
    if wrapper not in ("zoneout", "all"):
        assert torch.equal(made(x)[0], bare(x)[0])
    first, middle = made(x[:2])
    assert_close(torch.cat([first, made(x[2:], middle)[0]]), made(x)[0])
    assert [type(s) for s in middle] == [type(s) for s in bare(x)[1]]


@pytest.mark.parametrize("layer", [name for name in LAYERS if name != "one"])
@pytest.mark.parametrize("wrapper", WRAPPERS)
@pytest.mark.parametrize("cell", ["LSTMCell", "GRUCell", "ProjectedLSTMCell"])
def test_all_together(cell, wrapper, layer):
    """Training on ragged batches: the engines agree, and every parameter gets a gradient."""
    made = make(cell, wrapper, layer)
    results = []
    for engine in ("auto", "loop"):
        outputs, final = run(made, inputs(), lengths=LENGTHS, engine=engine)
        gradients = torch.autograd.grad(outputs.square().sum(), list(made.parameters()))
        results.append([outputs, *flat(final), *gradients])
    assert_close(*results)


EXPORTED = [*((cell, "bare") for cell in CELLS), *(("LSTMCell", name) for name in WRAPPERS if name != "bare")]
FEW = (("ODERNNCell", "bare"), ("LSTMCell", "variational"))  # an export takes seconds


@pytest.mark.parametrize(
    ("cell", "wrapper"), [pair if pair in FEW else pytest.param(*pair, marks=pytest.mark.slow) for pair in EXPORTED]
)
def test_export(cell, wrapper):
    """An exported layer takes any length and batch."""
    made = make(cell, wrapper, "residual").eval()
    program = export(made, inputs())
    x = torch.cat([inputs(), inputs().flip(0)])
    expected, state = made(x)
    outputs, final = program.module()(x)
    assert_close(outputs, expected)
    assert_close(flat(final), flat(state))
