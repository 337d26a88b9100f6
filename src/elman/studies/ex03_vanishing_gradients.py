"""Vanishing and exploding gradients, by powers of a matrix.

**Question.** A vanilla recurrent network has the recurrent matrix diag(0.5, 0.3). What is its tenth power, what
happens to the gradient signal after 50 steps, and what if the diagonal is 1.5 and 1.3?

**Method.** The powers are computed by `torch.linalg.matrix_power` in float64. Then a real `RNNCell` with this
matrix runs for 50 steps from a zero state, twice. On zero inputs tanh has slope one, so the gradient of the last
state with respect to the first is exactly a power of the matrix. On noise the slopes are below one. The gradient
is measured by backpropagation. From the first state to the fiftieth there are 49 factors.

**What to expect.** 0.5¹⁰ = 9.77·10⁻⁴ and 0.3¹⁰ = 5.90·10⁻⁶; after 50 steps 8.9·10⁻¹⁶ and 7.2·10⁻²⁷. With 1.5
and 1.3 the powers explode, to 6.4·10⁸ and 5.0·10⁵. On real inputs tanh saturates and may cancel the growth: a
spectral radius above one is necessary for explosion, not sufficient (Pascanu, Mikolov & Bengio, 2013).

Other numbers: `elman study 15.3 --set diagonal=0.9,0.99 --set steps=100`.
"""

import math
from collections.abc import Sequence
from random import Random
from typing import Annotated

from pydantic import Field
from pydantic.dataclasses import dataclass

from elman.lab.arms import Arms
from elman.lab.findings import Claim, Curves, Findings, Passage, Series, Table
from elman.lab.formatting import number
from elman.lab.quiz import Part, Question
from elman.lab.study import Record, Trial
from elman.lab.workspace import Desk

EXPLODES = 1000  # a gradient that grows by this factor over all steps explodes; one that shrinks by it vanishes


@dataclass(frozen=True)
class Plan:
    """The diagonals of the two matrices, the power and the number of steps."""

    diagonal: tuple[float, ...] = (0.5, 0.3)
    larger: tuple[float, ...] = (1.5, 1.3)
    power: Annotated[int, Field(ge=1, le=1000)] = 10
    steps: Annotated[int, Field(ge=2, le=1000)] = 50

    def __post_init__(self) -> None:
        if not self.diagonal or not self.larger or not all(map(math.isfinite, (*self.diagonal, *self.larger))):
            raise ValueError(
                "diagonal and larger must each be one or more finite numbers, "
                f"got {list(self.diagonal)} and {list(self.larger)}"
            )
        most = max(map(abs, (*self.diagonal, *self.larger)))
        if most > 1 and max(self.power, self.steps) * math.log10(most) > 300:
            raise ValueError(
                f"entries to the power of {max(self.power, self.steps)} must be at most 1e300, got {most:g}; "
                "choose smaller entries, a smaller power or fewer steps"
            )


QUICK = Plan()


def claims(plan: Plan) -> list[Claim]:
    """State the power, the gradient on zero inputs and the gradient on noise."""
    by_hand = max(abs(d) for d in plan.diagonal) ** plan.power

    def off(arms: Arms) -> float | list[float]:
        for record in arms["diagonal"]:
            expected = reversed(record.series["powers"][: plan.steps])
            found = [abs(g / p - 1) for g, p in zip(record.series["zero"], expected, strict=True) if p > 0]
            return max(found, default=math.nan)
        return []

    def slopes(arms: Arms) -> float | list[float]:
        for record in arms["diagonal"]:
            expected = record.series["powers"][plan.steps - 1]
            smaller = record.series["noise"][0] / expected if expected > 0 else math.nan
            return math.log10(smaller) if smaller > 0 else (-math.inf if smaller == 0 else math.nan)
        return []

    return [
        Claim("power", f"The largest entry of the matrix to the power of {plan.power} is {number(by_hand)}.",
              "a power of a diagonal matrix is computed entry by entry", at_least=by_hand * (1 - 1e-9),
              at_most=by_hand * (1 + 1e-9), measure=lambda arms: arms.exact("diagonal", "power")),
        Claim("gradient", "On zero inputs the gradient through the RNN cell equals the power of the matrix.",
              "the chain rule: tanh has slope 1 at 0", "largest relative difference", at_most=1e-9,
              measure=off),
        Claim("slopes", "On noise the gradient through the RNN cell is smaller than the power of the matrix.",
              "Pascanu, Mikolov & Bengio (2013): the slopes of tanh are at most 1", "log10 of gradient over power",
              at_most=0.0, measure=slopes),
    ]  # fmt: skip


def trials(plan: Plan) -> list[Trial]:
    """Return one trial for each matrix."""
    return [Trial("diagonal"), Trial("larger")]


def run(plan: Plan, trial: Trial, desk: Desk) -> Record:
    """Compute the powers of the matrix and the gradients of a real cell at every step."""
    import torch

    from elman.cells import RNNCell
    from elman.probe.gradient_flow import gradient_flow

    entries = getattr(plan, trial.arm)
    size = len(entries)
    matrix = torch.diag(torch.tensor(entries, dtype=torch.float64))
    cell = RNNCell(1, size).double()
    with torch.no_grad():
        cell.weight_hh.copy_(matrix)
        cell.weight_ih.fill_(1.0)
        cell.bias.zero_()
    noise = torch.randn(plan.steps, 1, 1, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    record = Record(numbers={"power": torch.linalg.matrix_power(matrix, plan.power).abs().max().item()})
    record.series["powers"] = [torch.linalg.matrix_power(matrix, k).abs().max().item() for k in range(plan.steps + 1)]
    largest = int(torch.tensor(entries).abs().argmax())
    for name, x in (("zero", torch.zeros_like(noise)), ("noise", noise)):
        norms = gradient_flow(cell, x, lambda h: h[:, largest].sum())["h"]
        record.series[name] = norms.tolist()
    return record


def findings(plan: Plan, records: Sequence[Record]) -> Findings:
    """Report the three answers and the gradients step by step."""
    arms = Arms(records)
    (small,), (large,) = arms["diagonal"], arms["larger"]

    def powers(entries: Sequence[float], n: int) -> str:
        return ", ".join(number(d**n) for d in entries)

    def fate(entries: Sequence[float]) -> str:
        grown = [abs(d) ** plan.steps for d in entries]
        many = {0: "none grows", len(grown): "all grow" if len(grown) > 1 else "it grows"}
        grow = sum(1 for size in grown if size > 1)
        which = many.get(grow, f"{grow} of {len(grown)} grow" if grow > 1 else f"one of {len(grown)} grows")
        if max(grown) >= EXPLODES:
            return f"{which}, and the gradient explodes (grows {EXPLODES:,}-fold or more) while the states are small"
        if max(grown) > 1:
            return f"{which}, but less than {EXPLODES:,}-fold, which is not called an explosion here"
        if max(grown) > 1 / EXPLODES:
            return f"{which}, but the largest keeps more than a {EXPLODES:,}th of its size"
        return "all vanish (shrink to a thousandth or less), and the network cannot learn from inputs that long ago"

    answer = (
        "**a)** A power of a diagonal matrix is computed entry by entry: "
        f"diag({powers(plan.diagonal, plan.power)}).\n\n"
        f"**b)** After {plan.steps} steps the entries are {powers(plan.diagonal, plan.steps)}: "
        f"{fate(plan.diagonal)}. The slopes of tanh are at most one and shrink the real gradient further: on noise "
        f"its norm at the first step is {number(small.series['noise'][0], 3)} times its norm at the last.\n\n"
        f"**c)** With {', '.join(f'{d:g}' for d in plan.larger)} the entries become "
        f"{powers(plan.larger, plan.steps)}: {fate(plan.larger)}. On noise a larger state has a smaller slope: the "
        f"norm at the first step is {number(large.series['noise'][0], 3)} times the norm at the last. Clipping "
        "limits exploding gradients; it does not restore vanished ones."
    )
    times = list(range(1, plan.steps + 1))

    def line(record: Record, name: str, label: str) -> Series:
        return Series(label, times, [max(v, 1e-300) for v in record.series[name]])

    return Findings(
        summary=(
            f"The matrix diag({', '.join(f'{d:g}' for d in plan.diagonal)}) to the power of {plan.power} is "
            f"diag({powers(plan.diagonal, plan.power)}); to the power of {plan.steps} it is "
            f"diag({powers(plan.diagonal, plan.steps)}), which scales a gradient that flows back {plan.steps} steps."
        ),
        passages=[Passage("Answer", answer)],
        tables=[
            Table("Powers of each diagonal entry", ["entry", f"to the power of {plan.power}",
                  f"to the power of {plan.steps}"],
                  [[d, d**plan.power, d**plan.steps] for d in (*plan.diagonal, *plan.larger)]),
        ],
        figures=[
            Curves("The gradient at every step", "time step", "norm of ∂L/∂hₜ",
                   [line(small, "zero", "smaller matrix, no input"), line(small, "noise", "smaller matrix, noise"),
                    line(large, "zero", "larger matrix, no input"), line(large, "noise", "larger matrix, noise")],
                   log_y=True, caption="The loss L is the last state of the unit with the largest diagonal entry. "
                   "Without input the curves are powers of the matrix. On noise (one draw) tanh's slopes below one "
                   "lower both curves."),
        ],
    )  # fmt: skip


def question(rng: Random) -> Question:
    """Ask for a power of another matrix and for the fate of the gradient."""
    entries = tuple(rng.choice((0.2, 0.4, 0.6, 0.7, 0.8, 0.9, 1.1, 1.2, 1.4)) for _ in range(2))
    power, most = rng.choice((5, 8, 10, 12)), max(entries)
    text = (
        f"The recurrent matrix of a vanilla RNN is diag({entries[0]:g}, {entries[1]:g}). a) Give the diagonal of the "
        f"matrix to the power of {power}, to within 1 %. b) What happens over many steps to a gradient along the "
        "dimension with the larger entry, while the slopes of tanh are near one?"
    )
    parts = (
        Part("a", "two numbers", tuple(entry**power for entry in entries), within=0.01),
        Part("b", "which", choices=("it vanishes", "it explodes"), right=int(most > 1)),
    )
    return Question(text, parts, {"diagonal": entries, "power": power})
