"""Results of study 15.19: perplexity by gradient length, costs, and the echo task."""

import math
from collections.abc import Callable, Sequence
from typing import Any

from elman.lab.arms import Arms
from elman.lab.findings import Curves, Findings, Series, Table
from elman.lab.formatting import percent
from elman.lab.over_seeds import POSITIVE, across, spread
from elman.lab.study import Record
from elman.lab.verdicts import interval

__all__ = ["ECHO", "EQUAL", "PIECE", "RESET", "TIME", "Cuts", "results"]

PIECE, EQUAL, TIME, RESET, ECHO = "one update per piece", "equal updates", "equal time", "reset", "echoes"


class Cuts:
    """Records by arm and piece length k; a k of the whole segment is one piece.

    Args:
        arms: the records.
        full: characters per segment.
    """

    def __init__(self, arms: Arms, full: int):
        self.arms, self.full = arms, full

    def _arm(self, arm: str, length: int) -> str:
        return EQUAL if (arm, length) == (PIECE, self.full) else arm  # one piece per segment: both are the same

    def records(self, arm: str, length: int) -> list[Record]:
        """Return the arm's records at one k."""
        return self.arms.on(k=length)[self._arm(arm, length)]

    def values(self, arm: str, length: int, name: str = "validation") -> list[float]:
        """Return a number of the arm at one k, one value per seed."""
        return self.arms.on(k=length).numbers(self._arm(arm, length), name)

    def paired(self, one: tuple[str, int], other: tuple[str, int]) -> list[float]:
        """Return the loss of ``one`` minus that of ``other``, each an arm and its k, per seed."""
        (a, j), (b, k) = one, other
        return self.arms.on(k=j).less(self._arm(a, j), self._arm(b, k), "validation", among=self.arms.on(k=k))

    def kept(self, length: int) -> float | None:
        """Return the bytes that an update on a piece keeps for the backward pass, None if not measured."""
        numbers = self.values(PIECE, length, "kept")
        return sum(numbers) / len(numbers) if numbers else None


def results(plan: Any, records: Sequence[Record]) -> Findings:
    """Return perplexity by k in every arm, time, memory and gradient norms, and the echo losses."""
    k, full = min(plan.lengths), plan.window
    cuts = Cuts(Arms(records), full)
    values = cuts.values
    every = sorted({*plan.lengths, full})

    def mean(numbers: Sequence[float]) -> float | None:
        return sum(numbers) / len(numbers) if numbers else None

    def shown(numbers: Sequence[float], as_shown: Callable[[float], float] = math.exp) -> str | None:
        return spread(numbers, shown_as=as_shown)

    def rounded(number: float | None, digits: int = 2) -> float | None:
        return None if number is None else round(number, digits)

    text_arms = [arm for arm in (PIECE, EQUAL, TIME, RESET) if any(cuts.records(arm, length) for length in every)]
    perplexity = [
        [length, *(shown(values(arm, length)) for arm in (PIECE, EQUAL, TIME, RESET)),
         shown(values(RESET, length, "as trained"))]
        for length in every
    ]  # fmt: skip
    costs = [
        [
            arm, length, *(rounded(mean(values(arm, length, name)), digits) for name, digits in (
                ("updates", 0), ("characters", 0), ("seconds", 1), ("milliseconds", 2), ("rate", 0), ("norm", 3))),
            rounded((mean(values(arm, length, "kept")) or 0) / 1e6, 2),
        ]
        for arm in text_arms for length in every if cuts.records(arm, length)
    ]  # fmt: skip
    cut = [[length, shown(values(ECHO, length), float), "no" if length <= plan.lag else
            f"for {percent(1 - plan.lag / length, 0)} of echoes"] for length in every]  # fmt: skip

    def by_length(arm: str) -> Series:
        there = [length for length in every if cuts.records(arm, length)]
        bands = [interval(values(arm, length)) for length in there]
        several = plan.seeds > 1 and all(len(values(arm, length)) > 1 for length in there)
        return Series(arm, there, [math.exp(b[0]) for b in bands],
                      [math.exp(b[1]) for b in bands] if several else None,
                      [math.exp(b[2]) for b in bands] if several else None)  # fmt: skip

    def curve(arm: str, length: int) -> Series:
        losses = [r.series["loss"] for r in cuts.records(arm, length)]
        read, points = mean(values(arm, length, "characters")) or 0.0, min(map(len, losses))
        return across(f"{arm}, k = {length}", [(j + 0.5) * read / points for j in range(points)], losses, POSITIVE)

    ends = [mean(values(arm, length)) for arm, length in ((PIECE, k), (EQUAL, k), (PIECE, full))]
    if None in ends:
        summary = "Some arms are missing."
    else:
        piece, equal, whole = (math.exp(end or 0.0) for end in ends)
        summary = (
            f"Cutting the gradient after {k} characters gives a perplexity of {piece:.2f} with one update per "
            f"piece and {equal:.2f} with one per segment; the full gradient over {full} characters gives "
            f"{whole:.2f}."
        )
    pairs = [(arm, length) for arm in (PIECE, EQUAL) for length in (k, full) if cuts.records(arm, length)]
    return Findings(
        summary=summary,
        tables=[
            Table("Perplexity on validation, by where the gradient is cut",
                  ["k", PIECE, EQUAL, f"{TIME}, {plan.seconds:g} s", "state reset", "reset, validated as trained"],
                  perplexity, f"exp of the mean nats per character over seeds, with 95 % intervals; {plan.cell}. "
                  "All columns but the last validate with carried state."),
            Table("What it costs", ["arm", "k", "updates", "characters read", "CPU s", "ms per update",
                                    "characters per s", "gradient norm", "MB kept for the backward pass"], costs,
                  "Means over seeds; norms are before clipping at 1. MB is what autograd keeps for one window; with "
                  "equal updates all pieces of a segment are kept."),
            Table(f"Echoes over {plan.lag} steps", ["k", "loss relative to guessing", "call within reach"],
                  cut, "Equal updates, carried state; 1 is guessing, 0 is certainty; 95 % intervals. Below 1 with "
                  "the call out of reach, the carried state kept the call although no gradient taught it to."),
        ],
        figures=[
            Curves("Three arms that separate truncation from the number of updates", "k, characters", "perplexity",
                   [by_length(arm) for arm in text_arms], log_x=True),
            Curves("Learning", "characters read", "training loss, nats per character",
                   [curve(arm, length) for arm, length in dict.fromkeys(pairs) if (arm, length) != (EQUAL, full)]),
        ],
    )  # fmt: skip
