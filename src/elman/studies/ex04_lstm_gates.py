"""What the gates of an LSTM do to its cell state.

**Question.** Given the forget gate f, the input gate i, the candidate g and the old cell state, what is the new
cell state, what does the forget gate do in each dimension, and which dimension receives the most new information?

**Method.** A real `LSTMCell` without recurrent weights takes one step from the old cell state. Its drive is chosen
so that the gates have exactly the given values: the inverse sigmoid of f and i, the inverse tanh of g. The new
cell state is compared with the answer by hand, c = f·c + i·g.

**What to expect.** c = [2.0, -0.3, -0.35]. The new information in dimension k is i·g, not g alone: a large
candidate has little effect if the input gate is almost closed.

Other numbers: `elman study 15.4 --set forget=0.5,0.5 --set gate=1,0 --set candidate=0.3,-0.2 --set before=1,1`.
"""

from collections.abc import Sequence
from random import Random
from typing import Annotated

from pydantic import Field, FiniteFloat
from pydantic.dataclasses import dataclass

from elman.lab.arms import Arms
from elman.lab.findings import Claim, Findings, Heatmap, Passage, Table
from elman.lab.formatting import listed, number, percent
from elman.lab.quiz import Part, Question
from elman.lab.study import Record, Trial
from elman.lab.workspace import Desk

Open = Annotated[float, Field(ge=0, le=1)]
Candidate = Annotated[float, Field(ge=-1, le=1)]
PRECISION = 1e-12


@dataclass(frozen=True)
class Plan:
    """The values of the exercise, one entry per dimension."""

    forget: tuple[Open, ...] = (0.9, 0.1, 0.5)
    gate: tuple[Open, ...] = (0.2, 0.8, 0.5)  # the input gate
    candidate: tuple[Candidate, ...] = (1.0, -0.5, 0.3)
    before: tuple[FiniteFloat, ...] = (2.0, 1.0, -1.0)

    def __post_init__(self) -> None:
        counts = [len(self.forget), len(self.gate), len(self.candidate), len(self.before)]
        if len(set(counts)) != 1:
            raise ValueError(
                "forget, gate, candidate and before must have the same number of entries, "
                f"got {', '.join(map(str, counts))}"
            )


QUICK = Plan()


def by_hand(plan: Plan) -> list[float]:
    """Return c = f·c + i·g, entry by entry."""
    return [
        f * c + i * g for f, i, g, c in zip(plan.forget, plan.gate, plan.candidate, plan.before, strict=True)
    ]  # fmt: skip


def claims(plan: Plan) -> list[Claim]:
    """State that the real cell and the formula agree."""

    def off(arms: Arms) -> float | list[float]:
        for record in arms.records:
            return max(abs(a - b) for a, b in zip(record.series["after"], by_hand(plan), strict=True))
        return []

    return [
        Claim("update", f"One step of the LSTM cell gives c = {listed(by_hand(plan))}.", "the formula c = f·c + i·g",
              "largest difference from the cell's own result", at_most=PRECISION, measure=off),
    ]  # fmt: skip


def trials(plan: Plan) -> list[Trial]:
    """Return the single trial; the step is deterministic."""
    return [Trial("step")]


def run(plan: Plan, trial: Trial, desk: Desk) -> Record:
    """Take one step of a real cell with these gates."""
    import torch

    from elman.cells import LSTMCell, LSTMState

    f, i, g, before = (
        torch.tensor(v, dtype=torch.float64) for v in (plan.forget, plan.gate, plan.candidate, plan.before)
    )
    cell = LSTMCell(1, len(f)).double()
    cell.weight_hh.data.zero_()
    drive = torch.cat([i.logit(), f.logit(), g.atanh(), torch.zeros_like(f)])[None]
    after = cell.step(drive, LSTMState(torch.zeros_like(before)[None], before[None])).c[0]
    return Record(series={"after": after.tolist()})


def findings(plan: Plan, records: Sequence[Record]) -> Findings:
    """Report the new state and the effect of each gate."""
    after = records[0].series["after"]
    rows, words = [], []
    for k, (f, i, g, c) in enumerate(zip(plan.forget, plan.gate, plan.candidate, plan.before, strict=True), 1):
        rows.append([k, f, i, g, c, f * c, i * g, after[k - 1]])
        words.append(
            f"In dimension {k} the forget gate keeps {percent(f, 0)} of {number(c)} and the input gate admits "
            f"{percent(i, 0)} of {number(g)}."
        )
    news = [abs(row[6]) for row in rows]
    most = news.index(max(news)) + 1
    new = f"dimension {most} receives the most new information, |i·g| = {number(max(news))}"
    answer = f"c = {listed(after)}.\n\n" + " ".join(words) + f"\n\n{new.capitalize()}."
    return Findings(
        summary=f"The new cell state is c = {listed(after)}; {new}.",
        passages=[Passage("Worked answer", answer)],
        tables=[
            Table("The update, entry by entry",
                  ["dimension", "f", "i", "g", "c before", "kept f·c", "new i·g", "c after"], rows),
        ],
        figures=[
            Heatmap("From the old cell state to the new one", "", "dimension",
                    [[row[4], row[5], row[6], row[7]] for row in rows],
                    ["c before", "kept: f·c", "new: i·g", "c after"], [str(row[0]) for row in rows],
                    "Read each row from left to right: the last column is the sum of the two before it.",
                    "value"),
        ],
    )  # fmt: skip


def question(rng: Random) -> Question:
    """Ask for the new cell state and for the dimension that receives the most new information."""

    def some(values: Sequence[float]) -> tuple[float, ...]:
        return tuple(rng.choice(values) for _ in range(3))

    tenths = [k / 10 for k in range(1, 10)]
    drawn = some(tenths), some(tenths), some([-0.8, -0.5, 0.3, 0.6, 0.9]), some([-2, -1, 0.5, 1, 2])
    plan = Plan(*drawn)
    news = [abs(i * g) for i, g in zip(plan.gate, plan.candidate, strict=True)]
    parts = [Part("a", "three numbers", tuple(by_hand(plan)), within=0.001)]
    if sorted(news)[-1] > sorted(news)[-2] + 1e-9:  # else two dimensions tie
        parts.append(Part("b", "1, 2 or 3", (float(news.index(max(news)) + 1),)))
    text = (
        f"At one step of an LSTM the forget gate is {list(plan.forget)}, the input gate {list(plan.gate)}, the "
        f"candidate {list(plan.candidate)} and the previous cell state {list(plan.before)}. a) Compute the new cell "
        "state." + (" b) Which dimension receives the most new information?" if len(parts) > 1 else "")
    )
    return Question(text, tuple(parts), vars(plan))
