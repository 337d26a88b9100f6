"""Strings of brackets, balanced and not, of a chosen depth: every balanced string of a length is as likely."""

import random
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cache

__all__ = ["FAULTS", "Brackets", "as_batch", "depths", "is_balanced"]

FAULTS = ("flipped", "swapped", "shuffled")


@dataclass(frozen=True)
class Brackets:
    """Half of the strings are balanced; the others have one of three faults, in equal parts.

    *Flipped* has one bracket turned about, so that a rule which only compares the two counts finds it. *Swapped*
    has one opening and one closing bracket exchanged, and *shuffled* has its brackets in random order: there are as
    many of either, in the wrong order, and that rule takes them for balanced. It is right on two strings of three.

    Args:
        longest: brackets of the longest string, an even number from 4 to 800.
        deepest: nesting allowed in the balanced strings, at least 1; default none but the length.
        shortest: brackets of the shortest string; default 2.
        shallowest: nesting that a balanced string has at least; default 1.

    Raises:
        ValueError: if no string can be that long and that deep.

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
        """Draw strings, every other one balanced, each with its fault, ``""`` where it is balanced.

        A string that cannot have its fault (``()`` shuffled is ``)(`` or no fault), or is one of ``but``, is drawn
        again.
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
    """Whether every bracket is closed, and none that was not open.

    Example:
        >>> is_balanced("(()())"), is_balanced("())("), is_balanced("")
        (True, False, True)
    """
    heights = depths(text)
    return not heights or (min(heights) >= 0 and heights[-1] == 0)


def depths(text: str) -> list[int]:
    """Brackets open after each character, negative where more are closed than were opened.

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
    """A balanced string, all of that length and depth being as likely: each bracket by the ways that are left."""
    height, brackets = 0, []
    for left in range(length, 0, -1):
        up = _ways(left - 1, height + 1, min(ceiling, length))
        opens = choice.randrange(_ways(left, height, min(ceiling, length))) < up
        height += 1 if opens else -1
        brackets.append("(" if opens else ")")
    return "".join(brackets)


@cache
def _ways(left: int, height: int, ceiling: int) -> int:
    """Ways to come from a height down to nothing with so many brackets left, never above the ceiling."""
    if not 0 <= height <= min(left, ceiling):
        return 0
    if left == 0:
        return 1
    return _ways(left - 1, height + 1, ceiling) + _ways(left - 1, height - 1, ceiling)


def as_batch(strings: Sequence[str]):
    """Make one batch: one-hot inputs ``[T, B, 2]`` padded with zeros, and lengths ``[B]``.

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
