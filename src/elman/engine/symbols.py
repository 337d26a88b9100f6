"""Inputs given as tokens and an embedding table."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import embedding

__all__ = ["Symbols", "looked_up"]


@dataclass(frozen=True)
class Symbols:
    """Tokens and their embedding table: the same input as ``table[tokens]``, computed faster.

    If the table has fewer rows than there are tokens, as with characters, the native engine multiplies the table by
    the input weights instead of every token's vector: a product of V rows instead of ``T B``.

    Args:
        tokens: integers from 0 to V - 1, ``[T, B]``, in any layout that a layer takes without its last dimension.
        table: ``[V, I]``, such as an ``nn.Embedding``'s weight.

    Raises:
        TypeError: if the tokens are not int64 or int32.
        ValueError: if the table is not ``[V, I]``.

    Example:
        >>> import elman
        >>> cell, table = elman.cells.GRUCell(3, 5), torch.randn(4, 3)
        >>> tokens = torch.randint(4, (10, 2))
        >>> outputs, _ = elman.unroll(cell, elman.Symbols(tokens, table))
        >>> torch.allclose(outputs, elman.unroll(cell, table[tokens])[0], atol=1e-6)
        True
    """

    tokens: Tensor
    table: Tensor

    def __post_init__(self) -> None:
        if self.tokens.dtype not in (torch.int64, torch.int32):
            raise TypeError(f"tokens must be int64 or int32, got {self.tokens.dtype}")
        if self.table.dim() != 2:
            raise ValueError(f"the table must be [V, I], one row per token, got {list(self.table.shape)}")

    @property
    def vectors(self) -> Tensor:
        """Each token's row of the table, ``[..., I]``.

        Raises:
            IndexError: if a token is outside the table.
        """
        return embedding(self.tokens, self.table)

    @property
    def dtype(self) -> torch.dtype:
        """The table's."""
        return self.table.dtype

    @property
    def device(self) -> torch.device:
        """The table's."""
        return self.table.device

    def new_zeros(self, *size: int) -> Tensor:
        """Return zeros with the table's dtype and device."""
        return self.table.new_zeros(*size)

    def __len__(self) -> int:
        return len(self.tokens)


def looked_up(x: Any) -> Any:
    """Return the vectors of :class:`Symbols`; return anything else unchanged."""
    return x.vectors if isinstance(x, Symbols) else x
