"""Off the CPU, while traced and under autocast the layers are torch.nn's, ``lengths`` included."""

import copy

import pytest
import torch
from torch.nn.utils.rnn import pack_padded_sequence

import elman
import elman.nn
from elman.nn import fallback

from .same import HIDDEN, INPUT, KINDS, PROJECTED, assert_same, gradients, leaves, states, twins


def batch():
    return torch.randn(5, 3, INPUT, dtype=torch.float64)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("lengths", [[2, 5, 1], [0, 3, 0], [5, 5, 5], [0, 0, 0]])
@pytest.mark.parametrize("batch_first", [False, True])
@pytest.mark.parametrize("given", [False, True])
def test_lengths_realised_by_torch(kind, lengths, batch_first, given, monkeypatch):
    more = {"proj_size": PROJECTED} if kind == "LSTM" else {}
    _, ours = twins(kind, num_layers=2, bidirectional=True, batch_first=batch_first, **more)
    x = batch().transpose(0, 1) if batch_first else batch()
    x.requires_grad_()
    hx = states(ours, 3) if given else None
    with elman.use_engine("loop"):
        expected = ours(x, hx, lengths=lengths)
    monkeypatch.setattr(fallback, "_torch_is_faster", lambda x, full: True)
    result = ours(x, hx, lengths=lengths)
    assert_same(result, expected)
    inputs = [x, *leaves(hx), *ours.parameters()]
    assert_same(gradients(result, inputs), gradients(expected, inputs))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("lengths", [None, [0, 3, 5]])
def test_meta_tensors(kind, lengths):
    layer = getattr(elman.nn, kind)(INPUT, HIDDEN, bidirectional=True, device="meta")
    outputs, final = layer(torch.empty(5, 3, INPUT, device="meta"), lengths=lengths)
    assert outputs.is_meta
    assert outputs.shape == (5, 3, 2 * HIDDEN)
    assert all(h.is_meta and h.shape == (2, 3, HIDDEN) for h in leaves(final))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("lengths", [None, [0, 3, 5], torch.tensor([5, 2, 0])])
def test_cuda(kind, lengths):
    _, ours = twins(kind, num_layers=2, bidirectional=True)
    x = batch()
    expected = ours(x, lengths=lengths)
    ours, x = ours.cuda(), x.cuda()
    for given in (lengths, lengths.cuda() if isinstance(lengths, torch.Tensor) else lengths):
        result = ours(x, lengths=given)
        assert all(leaf.is_cuda for leaf in leaves(result))
        assert_same([leaf.cpu() for leaf in leaves(result)], expected)


@pytest.mark.parametrize("kind", KINDS)
def test_autocast(kind):
    theirs, ours = twins(kind, torch.float32)
    x = batch().float()
    with torch.autocast("cpu"):
        try:
            expected = theirs(x)
        except RuntimeError as error:
            with pytest.raises(RuntimeError):
                ours(x)
            pytest.skip(f"torch's own {kind} has no bfloat16 on this CPU: {error}")
        assert_same(ours(x), expected, torch.float32)
        packed = pack_padded_sequence(x, torch.tensor([5, 3, 2]))
        assert ours(x, lengths=[3, 2, 5])[0].dtype == theirs(packed)[0].data.dtype
        assert ours(x, lengths=[3, 0, 5])[0].dtype == theirs(packed)[0].data.dtype


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning")
@pytest.mark.filterwarnings("ignore::torch.jit.TracerWarning")
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("how", ["script", "trace", "export", "compile"])
def test_graph_captures(kind, how):
    _, ours = twins(kind, num_layers=2, bidirectional=True)
    model = torch.nn.Sequential(ours).eval()
    x = batch()
    expected = model(x)
    if how == "script":
        captured = torch.jit.script(copy.deepcopy(model))
    elif how == "trace":
        captured = torch.jit.trace(model, x)
    elif how == "export":
        captured = torch.export.export(model, (x,)).module()
    else:
        torch.compiler.reset()
        captured = torch.compile(model, backend="eager")
    assert_same(captured(x), expected)
