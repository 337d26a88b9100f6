"""Gradient clipping by norm.

**Question.** Given a gradient g and a threshold θ, what is the norm of g, what is the clipped gradient, and is the
clipped gradient's norm θ?

**Method.** A parameter with exactly this gradient goes through `torch.nn.utils.clip_grad_norm_` (Pascanu, Mikolov &
Bengio, 2013), the clipping that every training loop here uses: g becomes g θ / |g| if |g| > θ and is unchanged
otherwise. The function returns the norm *before* clipping. It divides by |g| + 10⁻⁶, so the result misses θ by a
few parts in ten million; the comparison with the formula allows for this.

**What to expect.** |g| = 5, the clipped gradient is [1.5, 2.0], its norm 2.5. The direction stays the same; only
the length changes.

Other numbers: `elman study 15.10 --set gradient=1,2,2 --set threshold=1.5`.
"""

import math
from collections.abc import Sequence
from random import Random

from pydantic import PositiveFloat
from pydantic.dataclasses import dataclass

from elman.lab.arms import Arms
from elman.lab.findings import Claim, Findings, Passage, Table
from elman.lab.formatting import listed
from elman.lab.quiz import Part, Question
from elman.lab.study import Record, Trial
from elman.lab.workspace import Desk

SLACK = 1e-5  # relative; covers the 10⁻⁶ in PyTorch's denominator and float32 rounding


@dataclass(frozen=True)
class Plan:
    """The gradient and the threshold of the exercise."""

    gradient: tuple[float, ...] = (3.0, 4.0)
    threshold: PositiveFloat = 2.5

    def __post_init__(self) -> None:
        if not self.gradient or not all(math.isfinite(g) for g in self.gradient):
            raise ValueError(f"gradient must be one or more finite numbers, got {list(self.gradient)}")


QUICK = Plan()


def by_hand(plan: Plan) -> tuple[float, list[float], float]:
    """Return the norm, the clipped gradient and its norm."""
    norm = math.hypot(*plan.gradient)
    scale = min(1.0, plan.threshold / norm) if norm else 1.0
    clipped = [g * scale for g in plan.gradient]
    return norm, clipped, math.hypot(*clipped)


def claims(plan: Plan) -> list[Claim]:
    """State the clipped gradient and the norms before and after, by the formula."""
    norm, clipped, after = by_hand(plan)
    formula = "Pascanu, Mikolov & Bengio (2013), algorithm 1"

    def missed(arms: Arms) -> float | list[float]:
        for record in arms["clip"]:
            return max(abs(a - b) for a, b in zip(record.series["clipped"], clipped, strict=True))
        return []

    return [
        Claim("norm", f"The gradient's norm is {norm:.6g}.", "the Euclidean norm", "",
              at_least=norm * (1 - SLACK), at_most=norm * (1 + SLACK),
              measure=lambda arms: arms.exact("clip", "before")),
        Claim("clipped", f"The clipped gradient is {listed(clipped)}.", formula, "largest difference",
              at_most=SLACK * max(1.0, after), measure=missed),
        Claim("after", f"The clipped gradient's norm is {after:.6g}.", formula, "",
              at_least=after * (1 - SLACK), at_most=after * (1 + SLACK),
              measure=lambda arms: arms.exact("clip", "after")),
    ]  # fmt: skip


def trials(plan: Plan) -> list[Trial]:
    """Return the single trial."""
    return [Trial("clip")]


def run(plan: Plan, trial: Trial, desk: Desk) -> Record:
    """Clip the gradient with PyTorch's function."""
    import torch
    from torch import nn

    parameter = nn.Parameter(torch.zeros(len(plan.gradient)))
    parameter.grad = torch.tensor(plan.gradient)
    before = nn.utils.clip_grad_norm_([parameter], plan.threshold)
    return Record(
        numbers={"before": before.item(), "after": parameter.grad.norm().item()},
        series={"clipped": parameter.grad.tolist()},
    )


def findings(plan: Plan, records: Sequence[Record]) -> Findings:
    """Report the three answers."""
    (record,) = records
    norm, clipped, after = by_hand(plan)
    found = record.series["clipped"]
    clips = norm > plan.threshold
    squares = " + ".join(f"{g:g}²" for g in plan.gradient)
    scaled = f"g · {plan.threshold:g} / {norm:.6g}" if clips else "g"
    answer = (
        f"**a)** |g| = √({squares}) = {norm:.6g}.\n\n"
        f"**b)** {norm:.6g} is {'more' if clips else 'not more'} than the threshold {plan.threshold:g}, so the "
        f"clipped gradient is {scaled} = {listed(clipped)}.\n\n"
        f"**c)** Its norm is {after:.6g}; PyTorch's clipping gives {record.numbers['after']:.9g}"
        + (", since it divides by |g| + 10⁻⁶" if clips else "")
        + ". Clipping limits exploding gradients; it does "
        "not restore vanished ones."
    )
    return Findings(
        summary=f"The gradient's norm is {norm:.6g}; "
        + (f"clipped at {plan.threshold:g} it becomes {listed(clipped)}, of norm {after:.6g}." if clips else
           f"not above the threshold {plan.threshold:g}, it stays {listed(clipped)}."),
        passages=[Passage("Answer", answer)],
        tables=[
            Table("Clipping, entry by entry", ["entry", "gradient", "by the formula", "by PyTorch"],
                  [[k + 1, g, clipped[k], found[k]] for k, g in enumerate(plan.gradient)]),
        ],
    )  # fmt: skip


def question(rng: Random) -> Question:
    """Ask for the norm and the clipped gradient of another gradient."""
    sides = rng.choice(((3, 4), (6, 8), (5, 12), (8, 15), (1, 2, 2), (2, 3, 6), (4, 4, 7)))
    gradient = tuple(float(rng.choice((-1, 1)) * side) for side in rng.sample(sides, len(sides)))
    plan = Plan(gradient, rng.choice((0.5, 1.0, 2.5, 5.0, 20.0)))
    norm, clipped, after = by_hand(plan)
    text = (
        f"The gradient is [{', '.join(f'{g:g}' for g in gradient)}] and the threshold {plan.threshold:g}. a) What is "
        "the gradient's norm? b) What is the gradient after clipping by norm? c) What is the clipped gradient's norm?"
    )
    parts = (
        Part("a", "norm", (norm,), within=0.001),
        Part("b", f"{len(gradient)} numbers", tuple(clipped), within=0.001),
        Part("c", "norm", (after,), within=0.001),
    )
    return Question(text, parts, vars(plan))
