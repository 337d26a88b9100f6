"""The layers behave as torch.nn's wherever a module is saved, copied, shared, replaced or rewired."""

import copy
import inspect
import io
import pickle
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from torch.func import functional_call, grad
from torch.nn.utils import parametrizations, prune

import elman
import elman.nn

from .same import HIDDEN, INPUT, KINDS, PROJECTED, assert_same, gradients, twins

OPTIONS = {"num_layers": 2, "bidirectional": True}


def batch(dtype=torch.float64):
    return torch.randn(5, 2, INPUT, dtype=dtype)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("bias", [True, False])
def test_parameters_are_those_of_torch(kind, bias):
    more = {"proj_size": PROJECTED} if kind == "LSTM" else {}
    theirs, ours = twins(kind, bias=bias, dropout=0.1, batch_first=True, **OPTIONS, **more)
    assert isinstance(ours, getattr(torch.nn, kind))
    assert list(ours.state_dict()) == list(theirs.state_dict())
    for mine, other in zip(ours.parameters(), theirs.parameters(), strict=True):
        assert torch.equal(mine, other)
    assert str(ours) == str(theirs)
    assert inspect.signature(type(ours)) == inspect.signature(type(theirs))


@pytest.mark.parametrize("kind", KINDS)
def test_checkpoints_load_both_ways(kind, engine):
    theirs, ours = twins(kind, **OPTIONS)
    x = batch()
    with torch.no_grad():
        for p in ours.parameters():
            p.normal_()
    theirs.load_state_dict(ours.state_dict())
    with elman.use_engine(engine):
        assert_same(ours(x), theirs(x))
        with torch.no_grad():
            for p in theirs.parameters():
                p.normal_()
        ours.load_state_dict(theirs.state_dict(), assign=True)
        assert_same(ours(x), theirs(x))


@pytest.mark.parametrize("kind", KINDS)
def test_a_forward_leaves_no_trace_on_the_layer_or_the_random_stream(kind):
    _, ours = twins(kind, **OPTIONS)
    names, children, attributes = list(ours.state_dict()), list(ours.modules()), set(vars(ours))
    before = torch.get_rng_state()
    with elman.use_engine("loop"):
        ours(torch.zeros(5, 2, INPUT, dtype=torch.float64), lengths=[5, 1])
    assert torch.equal(before, torch.get_rng_state())
    assert (names, children, attributes) == (list(ours.state_dict()), list(ours.modules()), set(vars(ours)))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("how", ["deepcopy", "pickle", "torch.save"])
def test_copies_compute_the_same_and_share_nothing(kind, how, engine):
    _, ours = twins(kind, **OPTIONS)
    x = batch()
    with elman.use_engine(engine):
        before = ours(x)
        if how == "deepcopy":
            twin = copy.deepcopy(ours)
        elif how == "pickle":
            twin = pickle.loads(pickle.dumps(ours))
        else:
            file = io.BytesIO()
            torch.save(ours, file)
            file.seek(0)
            twin = torch.load(file, weights_only=False)
        assert type(twin) is type(ours)
        assert_same(twin(x), before)
        with torch.no_grad():
            for p in twin.parameters():
                p.zero_()
        assert_same(ours(x), before)


@pytest.mark.parametrize("kind", KINDS)
def test_conversion_to_another_dtype(kind, engine):
    theirs, ours = twins(kind, **OPTIONS)
    x = batch()
    with elman.use_engine(engine):
        ours(x)
        assert_same(ours.float()(x.float()), theirs.float()(x.float()), torch.float32)
        assert ours.to(torch.bfloat16)(x.bfloat16())[0].dtype == torch.bfloat16


@pytest.mark.parametrize("kind", KINDS)
def test_no_grad_and_inference_mode(kind, engine):
    theirs, ours = twins(kind, **OPTIONS)
    x = batch()
    with elman.use_engine(engine):
        for mode in (torch.inference_mode, torch.no_grad):
            with mode():
                result = ours(x, lengths=[5, 5])
                assert not result[0].requires_grad
                assert_same(result, theirs(x))
        result = ours(x)
    assert_same(gradients(result, list(ours.parameters())), gradients(theirs(x), list(theirs.parameters())))


@pytest.mark.parametrize("kind", KINDS)
def test_partly_frozen_weights(kind, engine):
    theirs, ours = twins(kind, **OPTIONS)
    x = batch()
    for layer in (theirs, ours):
        layer.weight_hh_l0.requires_grad_(False)
        layer.bias_ih_l1.requires_grad_(False)
    with elman.use_engine(engine):
        result = ours(x)
    assert_same(
        gradients(result, [p for p in ours.parameters() if p.requires_grad]),
        gradients(theirs(x), [p for p in theirs.parameters() if p.requires_grad]),
    )


@pytest.mark.parametrize("kind", KINDS)
def test_optimisers_see_every_step(kind, engine):
    theirs, ours = twins(kind, **OPTIONS)
    x = batch()
    with elman.use_engine(engine):
        for layer in (theirs, ours):
            optimiser = torch.optim.SGD(layer.parameters(), lr=0.5)
            for _ in range(3):
                optimiser.zero_grad()
                layer(x)[0].square().sum().backward()
                optimiser.step()
        assert_same(ours(x), theirs(x))


@pytest.mark.parametrize("kind", KINDS)
def test_functional_call_and_func_grad(kind, engine):
    theirs, ours = twins(kind, **OPTIONS)
    x = batch()
    weights = {name: torch.randn_like(p) for name, p in ours.named_parameters()}

    def loss(weights, layer):
        return functional_call(layer, weights, (x,))[0].square().sum()

    with elman.use_engine(engine):
        before = ours(x)
        assert_same(functional_call(ours, weights, (x,)), functional_call(theirs, weights, (x,)))
        assert_same(list(grad(loss)(weights, ours).values()), list(grad(loss)(weights, theirs).values()))
        assert_same(ours(x), before)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("wrap", [parametrizations.weight_norm, parametrizations.orthogonal])
def test_parametrizations(kind, wrap, engine):
    theirs, ours = twins(kind, **OPTIONS)
    x = batch()
    for layer in (theirs, ours):
        torch.manual_seed(0)
        wrap(layer, "weight_hh_l0")
    with elman.use_engine(engine):
        result = ours(x, lengths=[5, 5])
    expected = theirs(x)
    assert_same(result, expected)
    assert_same(gradients(result, list(ours.parameters())), gradients(expected, list(theirs.parameters())))


@pytest.mark.parametrize("kind", KINDS)
def test_pruning(kind, engine):
    theirs, ours = twins(kind, **OPTIONS)
    x = batch()
    for layer in (theirs, ours):
        prune.l1_unstructured(layer, "weight_hh_l0", amount=0.5)
    with elman.use_engine(engine):
        assert_same(ours(x), theirs(x))


@pytest.mark.parametrize("kind", KINDS)
def test_hooks_run(kind, engine):
    _, ours = twins(kind)
    seen = []
    ours.register_forward_pre_hook(lambda *_: seen.append("before"))
    ours.register_forward_hook(lambda *_: seen.append("after"))
    with elman.use_engine(engine):
        ours(batch(), lengths=[1, 2])
    assert seen == ["before", "after"]


@pytest.mark.parametrize("kind", KINDS)
def test_replicas_share_the_weights_they_are_given(kind, engine):
    theirs, ours = twins(kind, **OPTIONS)
    x = batch()
    replica = ours._replicate_for_data_parallel()
    for name, p in theirs.named_parameters():
        setattr(replica, name, p * 1)
    with elman.use_engine(engine):
        assert_same(replica(x), theirs(x))


@pytest.mark.parametrize("kind", KINDS)
def test_threads_share_a_layer(kind, engine):
    theirs, ours = twins(kind, **OPTIONS)
    inputs = [torch.randn(4, 2, INPUT, dtype=torch.float64) for _ in range(32)]

    def run(x):
        with elman.use_engine(engine):
            result = ours(x, lengths=[4, 4])
        return result, gradients(result, list(ours.parameters()))

    expected = [(theirs(x), gradients(theirs(x), list(theirs.parameters()))) for x in inputs]
    with ThreadPoolExecutor(8) as pool:
        for (result, gradient), (value, slope) in zip(pool.map(run, inputs), expected, strict=True):
            assert_same(result, value)
            assert_same(gradient, slope)


@pytest.mark.parametrize("kind", KINDS)
def test_subclasses_may_extend_forward(kind, engine):
    base = getattr(elman.nn, kind)

    class Doubled(base):
        def forward(self, input, hx=None, **more):  # noqa: A002
            outputs, state = super().forward(input, hx, **more)
            return 2 * outputs, state

    layer = Doubled(INPUT, HIDDEN)
    plain = base(INPUT, HIDDEN)
    plain.load_state_dict(layer.state_dict())
    x = batch(torch.float32)
    with elman.use_engine(engine):
        assert torch.equal(layer(x, lengths=[3, 5])[0], 2 * plain(x, lengths=[3, 5])[0])
