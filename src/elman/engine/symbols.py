"""Inputs that are rows of a table, such as the vectors of letters or words."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import embedding

__all__ = ["Symbols", "looked_up"]


@dataclass(frozen=True)
class Symbols:
    """Tokens, and the table whose rows stand for them: the same input as ``table[tokens]``.

    Where the table has fewer rows than there are tokens to read, as with letters, the native engine multiplies the
    table by the input weights, and not every token's vector: a product of V rows in place of ``T B``.

    Args:
        tokens: integers from 0 to V - 1, ``[T, B]``, in any layout that a layer takes without its last dimension.
        table: ``[V, I]``, such as an ``nn.Embedding``'s weight.

    Raises:
        TypeError: if the tokens are no integers.
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
            raise ValueError(f"the table must be [V, I], a row a token, got {list(self.table.shape)}")

    @property
    def vectors(self) -> Tensor:
        """``[..., I]``: each token's row of the table.

        Raises:
            IndexError: if a token has no row.
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
        """Zeros of the table's type and place."""
        return self.table.new_zeros(*size)

    def __len__(self) -> int:
        return len(self.tokens)


def looked_up(x: Any) -> Any:
    """Return the vectors of :class:`Symbols`, and anything else as it is."""
    return x.vectors if isinstance(x, Symbols) else x
