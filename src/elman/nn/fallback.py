"""When ``torch.nn``'s own kernels run in an Elman layer, and how."""

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
    """Whether to leave this input to ``torch.nn``: off the CPU, while being traced, under autocast.

    Not while a model is exported, since torch's own layers fix the length of the example; but a strict export,
    which traces Python code itself, takes torch's.

    Args:
        x: the input's data.
        full: whether it is a plain batch without ragged ends.
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
    # Of another dtype only the loop can run: torch's kernels for full batches win; packed, they are about as slow.
    return full and x.dtype not in (torch.float32, torch.float64)


def run_packed(by_torch: Callable[..., Any], layout: Layout, state: tuple[Tensor, ...]) -> Any:
    """Run ``torch.nn``'s forward over packed rows.

    Args:
        by_torch: the ``forward`` of the ``torch.nn`` class, bound.
        layout: what to run over; at least one step must be real.
        state: fields ``[K, B, H]`` in packed row order.

    Returns:
        Outputs ``[N, H]`` and the final fields ``[K, B, H]``.
    """
    # torch packs no row of length zero; they are the last ones, and keep the state they came with.
    alive = layout.batch_sizes[0]
    sizes = torch.tensor(list(takewhile(bool, layout.batch_sizes)))
    begun = tuple(field[:, :alive] for field in state)
    packed, final = by_torch(PackedSequence(looked_up(layout.data), sizes), single(begun))
    final = final if isinstance(final, tuple) else (final,)
    if alive < layout.batch:
        final = tuple(torch.cat([new, old[:, alive:]], 1) for new, old in zip(final, state, strict=True))
    return packed.data, final


def single(state: tuple[Tensor, ...]) -> Any:
    """Return a state as ``torch.nn`` writes it: one field bare, several as a tuple."""
    return state[0] if len(state) == 1 else state
