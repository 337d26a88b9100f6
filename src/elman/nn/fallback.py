"""Decide when an Elman layer runs ``torch.nn``'s kernels, and run them."""

from collections.abc import Callable
from itertools import takewhile
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence

from elman.engine import choice
from elman.engine.symbols import looked_up
from elman.nn.layout import Layout


def torch_runs(x: Tensor, full: bool) -> bool:
    """Return whether ``torch.nn`` runs this input: off the CPU, while being traced, or under autocast.

    While a model is exported, Elman runs it, because torch's layers fix the length to that of the example. A strict
    export, which traces Python code itself, uses torch's.

    Args:
        x: the input's data.
        full: whether ``x`` is a padded batch in which all rows have full length.
    """
    if not isinstance(x, Tensor):  # an object with __torch_function__
        return True
    if torch.compiler.is_exporting():
        return torch.compiler.is_dynamo_compiling()
    if torch.compiler.is_compiling() or torch._C._get_tracing_state() is not None:
        return True
    if choice.forced() != "auto":
        return False
    return (
        x.device.type != "cpu"
        or torch.is_autocast_enabled("cpu")
        or not (type(x) is Tensor or isinstance(x, nn.Parameter))
        or _torch_is_faster(x, full)
    )


def _torch_is_faster(x: Tensor, full: bool) -> bool:
    # For other dtypes Elman has only the loop: torch's kernels are faster on full batches, and equal on packed ones.
    return full and x.dtype not in (torch.float32, torch.float64)


def run_packed(by_torch: Callable[..., Any], layout: Layout, state: tuple[Tensor, ...]) -> Any:
    """Run ``torch.nn``'s forward over packed rows.

    Args:
        by_torch: the ``forward`` of the ``torch.nn`` class, as a bound method.
        layout: the layout of the input, with at least one real step.
        state: fields ``[K, B, H]`` in packed row order.

    Returns:
        Outputs ``[N, H]`` and the final fields ``[K, B, H]``.
    """
    # torch cannot pack rows of length zero; such rows come last and keep their initial state.
    alive = layout.batch_sizes[0]
    sizes = torch.tensor(list(takewhile(bool, layout.batch_sizes)))
    begun = tuple(field[:, :alive] for field in state)
    packed, final = by_torch(PackedSequence(looked_up(layout.data), sizes), single(begun))
    final = final if isinstance(final, tuple) else (final,)
    if alive < state[0].shape[1]:
        final = tuple(torch.cat([new, old[:, alive:]], 1) for new, old in zip(final, state, strict=True))
    return packed.data, final


def single(state: tuple[Tensor, ...]) -> Any:
    """Return a state in ``torch.nn``'s form: a tensor for one field, a tuple for several."""
    return state[0] if len(state) == 1 else state
