"""Twins, one of torch and one of Elman with the same weights, and how to hold them to one another."""

import torch
from torch.nn.utils.rnn import PackedSequence

import elman.nn

KINDS = ("RNN", "LSTM", "GRU")
INPUT, HIDDEN, PROJECTED = 3, 4, 2


def twins(kind, dtype=torch.float64, **options):
    torch.manual_seed(0)
    theirs = getattr(torch.nn, kind)(INPUT, HIDDEN, dtype=dtype, **options)
    torch.manual_seed(0)
    ours = getattr(elman.nn, kind)(INPUT, HIDDEN, dtype=dtype, **options)
    return theirs, ours


def states(layer, batch, dtype=torch.float64):
    """A random initial state; ``batch`` None for one sequence alone."""
    places = layer.num_layers * (2 if layer.bidirectional else 1)
    rows = () if batch is None else (batch,)
    h = torch.randn(places, *rows, layer.proj_size or HIDDEN, dtype=dtype, requires_grad=True)
    if not isinstance(layer, torch.nn.LSTM):
        return h
    return h, torch.randn(places, *rows, HIDDEN, dtype=dtype, requires_grad=True)


def leaves(tree):
    if tree is None:
        return []
    if isinstance(tree, PackedSequence):
        return [tree.data]
    return [tree] if isinstance(tree, torch.Tensor) else [leaf for part in tree for leaf in leaves(part)]


def gradients(results, inputs):
    """Gradients of a fixed random projection of all results."""
    outputs = leaves(results)
    generator = torch.Generator().manual_seed(1)
    weights = [torch.randn(o.shape, generator=generator, dtype=o.dtype) for o in outputs]
    pairs = [(o, w) for o, w in zip(outputs, weights, strict=True) if o.requires_grad]
    if not pairs:
        return [torch.zeros_like(i) for i in inputs]
    outputs, weights = zip(*pairs, strict=True)
    return torch.autograd.grad(outputs, inputs, weights, allow_unused=True, materialize_grads=True)


def assert_same(ours, theirs, dtype=torch.float64, gradient=False):
    """Within 1e-6 (gradients 1e-5) in float32 and 1e-12 in float64, with the same shapes."""
    tolerance = 1e-12 if dtype == torch.float64 else 1e-5 if gradient else 1e-6
    ours, theirs = leaves(ours), leaves(theirs)
    assert len(ours) == len(theirs)
    for mine, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close(mine, other, rtol=tolerance, atol=tolerance)
