"""Pairs of sequences, padded into batches."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

__all__ = ["Pairs", "batch_pairs"]


class Pairs(NamedTuple):
    """A batch of B sources and targets."""

    source: Tensor  # [S, B]
    lengths: Tensor  # [B], of the sources
    target: Tensor  # [T, B]: bos, the target, eos
    target_lengths: Tensor  # [B], bos and eos included
    copied: Tensor | None = None  # [S, B], the source in ids of the target's extended vocabulary
    read: Tensor | None = None  # [T, B], what a teacher-forced decoder reads instead of the target


def batch_pairs(
    sources: Sequence[Sequence[int]],
    targets: Sequence[Sequence[int]],
    bos: int,
    eos: int,
    copied: Sequence[Sequence[int]] | None = None,
) -> Pairs:
    """Pad pairs into a batch; padding is token 0.

    Args:
        sources: tokens of each source.
        targets: tokens of each target, without bos and eos.
        bos: token that begins every target.
        eos: token that ends every target.
        copied: each source in ids of the target's extended vocabulary.

    Raises:
        ValueError: if there are no pairs, or the numbers of sources and targets differ.

    Example:
        >>> batch = batch_pairs([[1, 2, 3], [4]], [[3], [4, 4]], bos=8, eos=9)
        >>> batch.source.t().tolist(), batch.target.t().tolist(), batch.target_lengths.tolist()
        ([[1, 2, 3], [4, 0, 0]], [[8, 3, 9, 0], [8, 4, 4, 9]], [3, 4])
    """
    if not sources or len(sources) != len(targets) or (copied is not None and len(copied) != len(sources)):
        raise ValueError(f"expected at least one source and as many targets, got {len(sources)} and {len(targets)}")
    whole = [[bos, *target, eos] for target in targets]
    return Pairs(
        _pad(sources), torch.tensor([len(row) for row in sources]),
        _pad(whole), torch.tensor([len(row) for row in whole]),
        None if copied is None else _pad(copied),
    )  # fmt: skip


def _pad(rows: Sequence[Sequence[int]]) -> Tensor:
    tensors = [torch.tensor(list(row), dtype=torch.int64) for row in rows]
    return torch.nn.utils.rnn.pad_sequence(tensors)
