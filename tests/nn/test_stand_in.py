"""What carries over from ``torch.nn``: each line of the page of that name is a test here or in ``test_manners``."""

import abc
import copy
import pickle
import re
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.ao.nn.quantized import dynamic as quantized
from torch.ao.quantization import quantize_dynamic
from torch.export import Dim
from torch.nn.utils.rnn import pack_sequence

import elman
import elman.nn

from .same import HIDDEN, INPUT, KINDS, assert_same, gradients, leaves, twins

CELLS = ("RNNCell", "LSTMCell", "GRUCell")


class Model(nn.Module):
    """A layer in a model, as a user has it."""

    def __init__(self, layer):
        super().__init__()
        self.layer, self.head = layer, nn.Linear(HIDDEN, 2, dtype=layer.weight_ih_l0.dtype)

    def forward(self, x):
        outputs, _ = self.layer(x)
        return self.head(torch.relu(outputs))


def models(kind, dtype=torch.float64, **options):
    theirs, ours = twins(kind, dtype, **options)
    theirs, ours = Model(theirs), Model(ours)
    ours.load_state_dict(theirs.state_dict())
    return theirs, ours


def batch(dtype=torch.float64):
    return torch.randn(5, 2, INPUT, dtype=dtype)


# The class itself


@pytest.mark.parametrize("kind", KINDS)
def test_code_that_asks_for_the_exact_type_finds_the_layer(kind):
    theirs, ours = getattr(nn, kind), getattr(elman.nn, kind)
    layer = ours(INPUT, HIDDEN)
    assert type(layer) == theirs  # noqa: E721
    assert theirs == type(layer)  # noqa: E721
    assert type(layer) in {theirs}
    assert {theirs: "found"}[type(layer)] == "found"
    assert type(layer) is not theirs
    assert ours not in {getattr(nn, other) for other in KINDS if other != kind}


@pytest.mark.parametrize("kind", KINDS)
def test_a_subclass_is_itself_alone(kind):
    class Mine(getattr(elman.nn, kind), abc.ABC):
        pass

    assert Mine not in {getattr(nn, kind), getattr(elman.nn, kind)}
    assert isinstance(Mine(INPUT, HIDDEN), getattr(elman.nn, kind))
    assert isinstance(getattr(elman.nn, kind)(INPUT, HIDDEN), getattr(elman.nn, kind))
    assert not isinstance(getattr(nn, kind)(INPUT, HIDDEN), getattr(elman.nn, kind))
    assert not issubclass(getattr(nn, kind), getattr(elman.nn, kind))


@pytest.mark.parametrize("kind", CELLS)
def test_the_cells_are_torchs(kind):
    assert getattr(elman.nn, kind) is getattr(nn, kind)


@pytest.mark.parametrize("kind", KINDS)
def test_both_classes_are_one_key(kind):
    assert len({getattr(nn, kind), getattr(elman.nn, kind)}) == 1


# Quantisation


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning", "ignore::FutureWarning")
@pytest.mark.parametrize("kind", ["LSTM", "GRU"])
@pytest.mark.parametrize("spec", [None, "by type", "by our type", "by name"])
@pytest.mark.parametrize("dtype", [torch.qint8, torch.float16])
def test_dynamic_quantisation(kind, spec, dtype):
    theirs, ours = twins(kind, torch.float32, num_layers=2, bidirectional=True, batch_first=True)
    x = batch(torch.float32)
    found = []
    for layer, home in ((theirs, nn), (ours, elman.nn)):
        which = {
            None: None, "by type": {getattr(nn, kind)}, "by our type": {getattr(home, kind)}, "by name": {"0"},
        }[spec]  # fmt: skip
        made = quantize_dynamic(nn.Sequential(layer), which, dtype=dtype)
        assert type(made[0]) is getattr(quantized, kind)
        found.append(made(x))
    assert_same(found[1], found[0], torch.float32)
    assert not torch.equal(found[1][0], ours(x)[0])  # it is indeed another precision


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning", "ignore::FutureWarning")
@pytest.mark.parametrize("kind", CELLS)
def test_dynamic_quantisation_of_cells(kind):
    made = quantize_dynamic(nn.Sequential(getattr(elman.nn, kind)(INPUT, HIDDEN)), {getattr(nn, kind)})
    assert type(made[0]) is getattr(quantized, kind)


# Graphs


@pytest.mark.parametrize("kind", [*KINDS, "Recurrent"])
def test_fx_takes_a_layer_for_a_leaf(kind):
    class Carried(nn.Module):
        def __init__(self, layer):
            super().__init__()
            self.layer = layer

        def forward(self, x, state, lengths):
            return self.layer(x)[0], self.layer(x, state, lengths=lengths)

    make = (lambda *sizes: elman.nn.Recurrent(elman.cells.MGUCell, *sizes)) if kind == "Recurrent" else None
    model = Carried((make or getattr(elman.nn, kind))(INPUT, HIDDEN))
    traced = torch.fx.symbolic_trace(model)
    assert [node.target for node in traced.graph.nodes if node.op == "call_module"] == ["layer", "layer"]
    x, lengths = batch(torch.float32), torch.tensor([2, 5])
    state = model.layer(x)[1]
    assert_same(traced(x, state, lengths), model(x, state, lengths), torch.float32)


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning")
@pytest.mark.parametrize(
    ("kind", "options", "free", "strict"),
    [
        # what torch.nn's layers can do: any batch
        ("LSTM", {}, {1: Dim("b")}, False),
        ("GRU", {"batch_first": True, "num_layers": 2}, {0: Dim("b")}, False),
        ("LSTM", {"batch_first": True, "num_layers": 2}, {0: Dim("b")}, True),
        # and what they cannot: any length
        ("RNN", {"batch_first": True, "num_layers": 2}, {0: Dim("b"), 1: Dim("t")}, False),
    ],
)
def test_torch_export(kind, options, free, strict):
    torch.compiler.reset()
    _, ours = models(kind, torch.float32, **options)
    ours.eval()
    sizes = [4, 6]
    program = torch.export.export(ours, (torch.randn(*sizes, INPUT),), dynamic_shapes=(free,), strict=strict)
    other = torch.randn(*(9 if place in free else size for place, size in enumerate(sizes)), INPUT)
    assert_same(program.module()(other), ours(other), torch.float32)


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning")
@pytest.mark.parametrize("kind", KINDS)
def test_a_scripted_layer_is_torchs(kind):
    _, ours = models(kind)
    original = copy.deepcopy(ours)
    scripted = torch.jit.script(ours)
    x = batch()
    assert type(ours.layer) is getattr(nn, kind)
    assert type(original.layer) is getattr(elman.nn, kind)
    assert_same(scripted(x), original(x))


# Tensors


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("options", [{}, {"num_layers": 2, "batch_first": True}, {"bidirectional": True}])
@pytest.mark.parametrize("how", ["relu", "dropout", "row", "state"])
@pytest.mark.parametrize("layout", ["batch", "alone", "packed", "lengths"])
def test_outputs_may_be_written_in_place(kind, options, how, layout):
    theirs, ours = twins(kind, **options)  # float64, where torch's LSTM does not save its outputs either
    x = batch().transpose(0, 1) if "batch_first" in options else batch()
    x = {"alone": x[:, 0], "packed": pack_sequence([x[:, 0], x[:3, 1]])}.get(layout, x)

    def written(layer, **more):
        torch.manual_seed(1)
        outputs, state = layer(x, **more)
        data = outputs.data if layout == "packed" else outputs
        if how == "relu":
            F.relu_(data)
        elif how == "dropout":
            F.dropout(data, 0.5, inplace=True)
        elif how == "row":
            data[0] = 0
        else:
            F.relu_(leaves(state)[0])
        return outputs, state

    more = {"lengths": [5] * 2} if layout == "lengths" else {}
    found, expected = written(ours, **more), written(theirs)
    assert_same(found, expected)
    assert_same(gradients(found, list(ours.parameters())), gradients(expected, list(theirs.parameters())))


class Watched:
    """An object that is not a tensor and takes part in ``__torch_function__``."""

    def __init__(self, *shape):
        self.tensor = torch.randn(*shape)

    def __getattr__(self, name):
        return getattr(self.tensor, name)

    @classmethod
    def __torch_function__(cls, function, types, args=(), kwargs=None):
        return function.__name__, *args[1]


@pytest.mark.parametrize("kind", KINDS)
def test_objects_with_torch_function(kind):
    theirs, ours = twins(kind, torch.float32)
    x, state = Watched(5, 2, INPUT), torch.zeros(1, 2, HIDDEN)
    outputs = [layer(x, (state, state) if kind == "LSTM" else state)[0] for layer in (theirs, ours)]
    assert outputs[0] == outputs[1] == {"RNN": "rnn_tanh", "LSTM": "lstm", "GRU": "gru"}[kind]


class Named(torch.Tensor):
    """A subclass of Tensor that survives operations."""


@pytest.mark.parametrize("kind", KINDS)
def test_subclasses_of_tensor_survive(kind):
    theirs, ours = twins(kind)
    x = batch().as_subclass(Named)
    assert type(ours(x)[0]) is type(theirs(x)[0])
    assert_same(torch.Tensor(ours(x)[0]), torch.Tensor(theirs(x)[0]))


# Saving


@pytest.mark.parametrize("kind", KINDS)
def test_a_saved_layer_loads_with_weights_only(kind, tmp_path):
    _, ours = twins(kind)
    torch.save(ours.state_dict(), tmp_path / "layer.pt")
    other = getattr(nn, kind)(INPUT, HIDDEN, dtype=torch.float64)
    other.load_state_dict(torch.load(tmp_path / "layer.pt", weights_only=True))
    x = batch()
    assert_same(other(x), ours(x))


@pytest.mark.parametrize("kind", KINDS)
def test_a_class_is_pickled_by_its_own_name(kind):
    ours = getattr(elman.nn, kind)
    assert pickle.loads(pickle.dumps(ours)) is ours
    assert copy.deepcopy(ours) is ours


# Weights


@pytest.mark.filterwarnings("ignore::FutureWarning")
@pytest.mark.parametrize("kind", KINDS)
def test_weight_norm_and_spectral_norm_by_hooks(kind):
    theirs, ours = twins(kind)
    x = batch()
    for layer in (theirs, ours):
        torch.manual_seed(0)
        nn.utils.weight_norm(layer, "weight_hh_l0")
        nn.utils.spectral_norm(layer, "weight_ih_l0")
    found, expected = ours(x), theirs(x)
    assert_same(found, expected)
    assert_same(gradients(found, list(ours.parameters())), gradients(expected, list(theirs.parameters())))


@pytest.mark.parametrize("kind", KINDS)
def test_vmap_jvp_and_double_backward(kind):
    theirs, ours = twins(kind)
    x, v = batch(), batch()
    for layer in (theirs, ours):
        layer.requires_grad_(False)

    def read(layer):
        return lambda x: layer(x)[0].square().sum()

    stacked = torch.stack([x, v])
    assert_same(
        [torch.func.grad(read(ours))(x), torch.func.jvp(read(ours), (x,), (v,)), torch.func.hessian(read(ours))(x)],
        [
            torch.func.grad(read(theirs))(x),
            torch.func.jvp(read(theirs), (x,), (v,)),
            torch.func.hessian(read(theirs))(x),
        ],
    )
    # torch.nn's layers have no batching rule
    assert_same(torch.vmap(lambda x: ours(x)[0])(stacked), torch.stack([theirs(x)[0], theirs(v)[0]]))


def test_d2l_style_initial_values():
    """A recipe in many notebooks: ``type(m) == nn.GRU`` and the names in ``_flat_weights_names``."""

    def start(module):
        if type(module) == nn.GRU:  # noqa: E721
            for name in module._flat_weights_names:
                if "weight" in name:
                    nn.init.constant_(module._parameters[name], 0.5)

    model = nn.Sequential(elman.nn.GRU(INPUT, HIDDEN))
    model.apply(start)
    assert bool((model[0].weight_hh_l0 == 0.5).all())


# The page


def test_every_line_of_the_page_names_its_test():
    page = (Path(__file__).parents[2] / "docs" / "how-to" / "carries-over.md").read_text("utf-8")
    rows = [line.strip("|").split("|") for line in page.splitlines() if line.startswith("| ") and "---" not in line]
    named = [re.findall(r"`(test_\w+)`", row[-1]) for row in rows if row[-1].strip() != "test"]
    assert len(named) > 20
    assert all(named)
    written = "\n".join(path.read_text("utf-8") for path in Path(__file__).parent.glob("test_*.py"))
    for names in named:
        for name in names:
            assert f"def {name}(" in written, name
