"""Balanced and unbalanced bracket strings of a chosen depth; balanced strings are drawn uniformly."""

import random
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cache

__all__ = ["FAULTS", "Brackets", "as_batch", "depths", "is_balanced"]

FAULTS = ("flipped", "swapped", "shuffled")


@dataclass(frozen=True)
class Brackets:
    """A generator of bracket strings: half are balanced, the others have one of three faults, equally often.

    A *flipped* string has one bracket reversed, so that comparing the two counts detects it. A *swapped* string has
    one opening and one closing bracket exchanged, and a *shuffled* string has its brackets in random order; both have
    equal counts. Comparing counts is therefore correct on two strings of three.

    Args:
        longest: brackets of the longest string, an even number from 4 to 800.
        deepest: maximum depth of the balanced strings, at least 1; default limited only by the length.
        shortest: brackets of the shortest string; default 2.
        shallowest: minimum depth of the balanced strings; default 1.

    Raises:
        ValueError: if no string has these lengths and depths.

    Example:
        >>> Brackets(longest=8).draw(4, seed=0)
        [('((()))()', ''), ('()()))()', 'flipped'), ('(())', ''), (')(', 'swapped')]
    """

    longest: int
    deepest: int = 10**6
    shortest: int = 2
    shallowest: int = 1

    def __post_init__(self):
        if self.longest % 2 or not 4 <= self.longest <= 800 or not 2 <= self.shortest <= self.longest:
            raise ValueError(
                "the longest string must have an even number of 4 to 800 brackets, the shortest from 2 to as many; "
                f"got {self.shortest} to {self.longest}"
            )
        if not 1 <= self.shallowest <= min(self.deepest, self.shortest // 2):
            allowed = min(self.deepest, self.shortest // 2)
            raise ValueError(f"strings of {self.shortest} brackets can be 1 to {allowed} deep, got {self.shallowest}")

    def draw(self, count: int, seed: int, but: Collection[str] = ()) -> list[tuple[str, str]]:
        """Draw pairs of a string and its fault; every other string is balanced, with the fault ``""``.

        A string that cannot have its fault (``()`` shuffled may be balanced), or that is in ``but``, is drawn again.
        """
        choice = random.Random(seed)
        drawn = []
        for number in range(count):
            fault = FAULTS[number // 2 % 3] if number % 2 else ""
            while is_balanced(text := self._one(fault, choice)) == bool(fault) or text in but:
                pass
            drawn.append((text, fault))
        return drawn

    def _one(self, fault: str, choice: random.Random) -> str:
        length = 2 * choice.randint((self.shortest + 1) // 2, self.longest // 2)
        while max(depths(text := _dyck(length, self.deepest, choice))) < self.shallowest:
            pass
        brackets = list(text)
        if fault == "flipped":
            place = choice.randrange(length)
            brackets[place] = ")" if brackets[place] == "(" else "("
        elif fault == "swapped":
            one, other = (choice.choice([i for i, b in enumerate(text) if b == kind]) for kind in "()")
            brackets[one], brackets[other] = ")", "("
        elif fault == "shuffled":
            choice.shuffle(brackets)
        return "".join(brackets)


def is_balanced(text: str) -> bool:
    """Return whether the brackets are balanced.

    Example:
        >>> is_balanced("(()())"), is_balanced("())("), is_balanced("")
        (True, False, True)
    """
    heights = depths(text)
    return not heights or (min(heights) >= 0 and heights[-1] == 0)


def depths(text: str) -> list[int]:
    """Return the number of open brackets after each character, negative if more were closed than opened.

    Raises:
        ValueError: for anything but round brackets.

    Example:
        >>> depths("(())()")
        [1, 2, 1, 0, 1, 0]
    """
    if other := set(text) - set("()"):
        raise ValueError(f"only ( and ) are read, got {''.join(sorted(other))!r}")
    height, heights = 0, []
    for bracket in text:
        height += 1 if bracket == "(" else -1
        heights.append(height)
    return heights


def _dyck(length: int, ceiling: int, choice: random.Random) -> str:
    """Draw a balanced string uniformly among those of this length and depth, by counting the continuations."""
    height, brackets = 0, []
    for left in range(length, 0, -1):
        up = _ways(left - 1, height + 1, min(ceiling, length))
        opens = choice.randrange(_ways(left, height, min(ceiling, length))) < up
        height += 1 if opens else -1
        brackets.append("(" if opens else ")")
    return "".join(brackets)


@cache
def _ways(left: int, height: int, ceiling: int) -> int:
    """Count the ways to return from a height to 0 in ``left`` brackets without exceeding the ceiling."""
    if not 0 <= height <= min(left, ceiling):
        return 0
    if left == 0:
        return 1
    return _ways(left - 1, height + 1, ceiling) + _ways(left - 1, height - 1, ceiling)


def as_batch(strings: Sequence[str]):
    """Return a batch: one-hot inputs ``[T, B, 2]`` padded with zeros, and lengths ``[B]``.

    Example:
        >>> x, lengths = as_batch(["()", "(())"])
        >>> x.shape, lengths.tolist(), x[:, 1].argmax(-1).tolist()
        (torch.Size([4, 2, 2]), [2, 4], [0, 0, 1, 1])
    """
    import torch

    lengths = torch.tensor([len(text) for text in strings])
    x = torch.zeros(int(lengths.max()), len(strings), 2)
    for row, text in enumerate(strings):
        x[range(len(text)), row, [int(bracket == ")") for bracket in text]] = 1
    return x, lengths
