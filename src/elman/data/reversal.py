"""Digit strings to reverse, some of them held out."""

from dataclasses import dataclass

import torch
from torch import Tensor

from elman.data.pairs import Pairs

__all__ = ["BEGIN", "END", "Reversal", "is_held_out"]

BEGIN, END = 10, 11
HELD_OUT = 8  # one string in HELD_OUT is never trained on


@dataclass(frozen=True)
class Reversal:
    """The task of reversing digits: ``1 2 3 4 5`` becomes ``5 4 3 2 1``.

    The length and each digit are drawn uniformly. A fixed hash assigns one string in eight to the test and the others
    to training, so that no test string occurs in training, however short.

    Args:
        shortest: digits of the shortest string.
        longest: digits of the longest.

    Raises:
        ValueError: if the lengths are not 1 <= shortest <= longest <= 15.

    Example:
        >>> batch = Reversal(2, 4).draw(3, torch.Generator().manual_seed(0))
        >>> n = int(batch.lengths[0])
        >>> batch.source[:n, 0].flip(0).equal(batch.target[1 : n + 1, 0]), int(batch.target[n + 1, 0]) == END
        (True, True)
    """

    shortest: int = 3
    longest: int = 10

    def __post_init__(self) -> None:
        if not 1 <= self.shortest <= self.longest <= 15:
            raise ValueError(
                f"lengths must be 1 <= shortest <= longest <= 15, got {self.shortest} and {self.longest}"
            )

    @property
    def source_size(self) -> int:
        """Number of source tokens: the digits."""
        return 10

    @property
    def target_size(self) -> int:
        """Number of target tokens: the digits, one that begins and one that ends."""
        return 12

    def draw(self, batch_size: int, generator: torch.Generator, *, held_out: bool = False) -> Pairs:
        """Draw a batch of training strings, or of held-out ones."""
        digits = torch.empty(self.longest, 0, dtype=torch.int64)
        lengths = torch.empty(0, dtype=torch.int64)
        while len(lengths) < batch_size:
            count = 2 * batch_size * (HELD_OUT if held_out else 1)
            n = torch.randint(self.shortest, self.longest + 1, (count,), generator=generator)
            d = torch.randint(10, (self.longest, count), generator=generator)
            d = torch.where(torch.arange(self.longest)[:, None] < n, d, 0)
            kept = is_held_out(d, n) == held_out
            digits, lengths = torch.cat([digits, d[:, kept]], 1), torch.cat([lengths, n[kept]])
        digits, lengths = digits[:, :batch_size], lengths[:batch_size]
        place = torch.arange(self.longest + 2)[:, None]
        backwards = digits.gather(0, (lengths - place).clamp(0, self.longest - 1))
        target = torch.where(place <= lengths, backwards, torch.where(place == lengths + 1, END, 0))
        target[0] = BEGIN
        return Pairs(digits, lengths, target, lengths + 2)


def is_held_out(digits: Tensor, lengths: Tensor) -> Tensor:
    """Return which strings ``[S, B]`` of the given lengths belong to the test, by their hash."""
    powers = 10 ** torch.arange(len(digits))
    number = (digits * powers[:, None]).sum(0) * 16 + lengths
    mixed = (number ^ (number >> 15)) * 0x2545F491 % (2**31 - 1)
    return (mixed ^ (mixed >> 11)) % HELD_OUT == 0
