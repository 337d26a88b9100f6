"""How many parameters a GRU saves over an LSTM.

**Question.** What are the parameter counts of an LSTM and a GRU with input_size=128 and hidden_size=256?

**Method.** The study builds the modules and counts their parameters in three conventions: without bias vectors,
with one per gate (textbooks), and with two per gate (PyTorch). The formula is gates·(I·H + H² + b·H), with 4 gates
for the LSTM (three gates and a candidate) and 3 for the GRU.

**What to expect.** The ratio is exactly 3/4 in each convention. PyTorch's GRU needs the second bias of its
candidate, since the reset gate multiplies the recurrent product and its bias; elsewhere the two biases act as one.

Your own sizes: `elman count lstm --input-size 128 --hidden-size 256`.
"""

from collections.abc import Sequence
from random import Random
from typing import Literal

from pydantic import PositiveInt
from pydantic.dataclasses import dataclass

from elman.lab.arms import Arms
from elman.lab.findings import Claim, Findings, Passage, Table
from elman.lab.quiz import Part, Question
from elman.lab.study import Record, Trial
from elman.lab.workspace import Desk

GATES: dict[Literal["lstm", "gru"], int] = {"lstm": 4, "gru": 3}
CONVENTIONS = {0: "no bias", 1: "one bias vector per gate (textbook)", 2: "two bias vectors per gate (PyTorch)"}


@dataclass(frozen=True)
class Plan:
    """The sizes of the exercise."""

    input_size: PositiveInt = 128
    hidden_size: PositiveInt = 256


QUICK = Plan()


def formula(plan: Plan, kind: Literal["lstm", "gru"], biases: int) -> int:
    """Return gates·(I·H + H² + b·H)."""
    I, H = plan.input_size, plan.hidden_size
    return GATES[kind] * (I * H + H * H + biases * H)


def claims(plan: Plan) -> list[Claim]:
    """State both counts with one bias and the ratio in all conventions."""
    stated = [
        Claim(kind, f"With one bias vector per gate the {kind.upper()} has {formula(plan, kind, 1):,} parameters.",
              f"the formula {gates}·(I·H + H² + H)", "parameters",
              at_least=formula(plan, kind, 1), at_most=formula(plan, kind, 1),
              measure=lambda arms, kind=kind: arms.exact("count", f"{kind}|1"))
        for kind, gates in GATES.items()
    ]  # fmt: skip
    ratio = "A GRU has exactly three quarters of an LSTM's parameters in every bias convention."
    return [*stated, Claim("ratio", ratio, "three gates against four", "largest distance from 3/4", at_most=0.0,
                           measure=_distance)]  # fmt: skip


def _distance(arms: Arms) -> float | list[float]:
    """Return the largest distance of the ratio from three quarters over the conventions."""
    for record in arms["count"]:
        return max(abs(record.numbers[f"gru|{b}"] / record.numbers[f"lstm|{b}"] - 0.75) for b in CONVENTIONS)
    return []


def trials(plan: Plan) -> list[Trial]:
    """Return the single trial; counting is deterministic."""
    return [Trial("count")]


def run(plan: Plan, trial: Trial, desk: Desk) -> Record:
    """Build both modules and count their parameters; the convention without biases leaves the bias vectors out."""
    from elman.probe.parameters import count_parameters

    numbers = {}
    for kind in GATES:
        for biases in CONVENTIONS:
            parts = count_parameters(kind, plan.input_size, plan.hidden_size, biases=2 if biases == 2 else 1)
            counted = [part for part in parts if biases or "bias" not in part.name]
            numbers[f"{kind}|{biases}"] = float(sum(part.parameters for part in counted))
    return Record(numbers)


def findings(plan: Plan, records: Sequence[Record]) -> Findings:
    """Report the counts side by side."""
    numbers = {key: int(value) for key, value in records[0].numbers.items()}
    rows = []
    for biases, words in CONVENTIONS.items():
        lstm, gru = numbers[f"lstm|{biases}"], numbers[f"gru|{biases}"]
        rows.append([words, lstm, gru, lstm - gru, gru / lstm])
    I, H = plan.input_size, plan.hidden_size
    answer = "\n\n".join(
        f"{kind.upper()}: {gates}·({I}·{H} + {H}² + {H}) = {gates}·{I * H + H * H + H:,} = "
        f"{numbers[f'{kind}|1']:,}; with PyTorch's two biases {numbers[f'{kind}|2']:,}."
        for kind, gates in GATES.items()
    )
    return Findings(
        summary=f"An LSTM has {numbers['lstm|1']:,} parameters and a GRU {numbers['gru|1']:,}, with one bias "
        "vector per gate: a ratio of 3/4.",
        passages=[Passage("Worked answer", answer)],
        tables=[Table("Parameters", ["convention", "LSTM", "GRU", "difference", "ratio"], rows)],
    )


def question(rng: Random) -> Question:
    """Ask for both counts at other sizes."""
    plan = Plan(rng.choice((10, 32, 64, 100)), rng.choice((20, 50, 64, 128)))
    text = (
        f"How many parameters have a) an LSTM and b) a GRU with input_size={plan.input_size} and "
        f"hidden_size={plan.hidden_size}, with one bias vector per gate?"
    )
    parts = Part("a", "LSTM", (formula(plan, "lstm", 1),)), Part("b", "GRU", (formula(plan, "gru", 1),))
    return Question(text, parts, vars(plan))
