"""Counting the parameters of a vanilla recurrent network.

**Question.** A recurrent network has input_size=100, hidden_size=256 and output_size=50. How many trainable
parameters does it have, biases included?

**Method.** The study builds the modules, counts their parameters and compares the count with the formula

    I·H + H² + b·H + H·O + O

The number b of bias vectors is a convention: textbooks give the hidden layer one, PyTorch gives it two (one for the
input product and one for the recurrent product). The second is redundant in a vanilla network, but `nn.RNN` has it.

**What to expect.** 100·256 + 256² + 256 = 91,392 for the hidden layer, 256·50 + 50 = 12,850 for the output:
104,242 in all, and 256 more in PyTorch. Try your own sizes with `elman count rnn --input-size 100
--hidden-size 256 --output-size 50`, or `lstm` and `gru`.
"""

from collections.abc import Sequence
from random import Random

from pydantic import PositiveInt
from pydantic.dataclasses import dataclass

from elman.lab.arms import Arms
from elman.lab.findings import Claim, Findings, Passage, Table
from elman.lab.quiz import Part, Question
from elman.lab.study import Record, Trial
from elman.lab.workspace import Desk


@dataclass(frozen=True)
class Plan:
    """The sizes of the exercise's network."""

    input_size: PositiveInt = 100
    hidden_size: PositiveInt = 256
    output_size: PositiveInt = 50


QUICK = Plan()


def formula(plan: Plan, biases: int) -> int:
    """Return the number of parameters with ``biases`` bias vectors in the hidden layer."""
    I, H, O = plan.input_size, plan.hidden_size, plan.output_size
    return I * H + H**2 + biases * H + H * O + O


def counted(arms: Arms, biases: int) -> float | list[float]:
    """Return the counted number of parameters with ``biases`` bias vectors."""
    parts = [value for r in arms.records for key, value in r.numbers.items() if key.startswith(f"{biases}|")]
    return sum(parts) if parts else []


def claims(plan: Plan) -> list[Claim]:
    """State the formula's number in both conventions."""
    return [
        Claim(
            key=f"biases-{biases}",
            statement=f"With {words} the network has {formula(plan, biases):,} parameters.",
            source=source,
            unit="parameters",
            at_least=formula(plan, biases),
            at_most=formula(plan, biases),
            measure=lambda arms, biases=biases: counted(arms, biases),
        )
        for biases, words, source in (
            (1, "one bias vector", "the formula I·H + H² + H + H·O + O"),
            (2, "PyTorch's two bias vectors", "the formula I·H + H² + 2H + H·O + O"),
        )
    ]


def trials(plan: Plan) -> list[Trial]:
    """Return the single trial; counting is deterministic."""
    return [Trial("count")]


def run(plan: Plan, trial: Trial, desk: Desk) -> Record:
    """Build the network in both conventions and count its parameters."""
    from elman.probe.parameters import count_parameters

    numbers = {}
    for biases in (1, 2):
        for part in count_parameters("rnn", plan.input_size, plan.hidden_size, plan.output_size, biases=biases):
            shape = "x".join(map(str, part.shape))
            numbers[f"{biases}|{part.name}|{shape}"] = float(part.parameters)
    return Record(numbers)


def findings(plan: Plan, records: Sequence[Record]) -> Findings:
    """Report the counts by tensor and the worked answer."""
    parts: dict[int, list] = {biases: [] for biases in (1, 2)}
    for key, value in records[0].numbers.items():
        biases, name, shape = key.split("|")
        parts[int(biases)].append([name, shape.replace("x", " × "), int(value)])
    totals = {biases: sum(row[2] for row in rows) for biases, rows in parts.items()}
    I, H, O = plan.input_size, plan.hidden_size, plan.output_size
    answer = (
        f"Input to hidden: {I}·{H} = {I * H:,}. Hidden to hidden: {H}² = {H * H:,}. Hidden bias: {H:,}.\n\n"
        f"Together {I * H + H * H + H:,} for the recurrent layer. Output: {H}·{O} + {O} = {H * O + O:,}.\n\n"
        f"In all {totals[1]:,} parameters, or {totals[2]:,} with PyTorch's second bias vector."
    )
    return Findings(
        summary=f"The network has {totals[1]:,} parameters with one bias vector, {totals[2]:,} with PyTorch's two.",
        passages=[Passage("Worked answer", answer)],
        tables=[
            Table(title, ["tensor", "shape", "parameters"], [*parts[biases], ["total", "", totals[biases]]])
            for biases, title in ((1, "One bias vector (textbook)"), (2, "Two bias vectors (PyTorch)"))
        ],
    )


def question(rng: Random) -> Question:
    """Ask for the number of parameters of a network with other sizes."""
    plan = Plan(*(rng.choice(sizes) for sizes in ((20, 50, 80, 100), (32, 64, 128, 200), (2, 5, 10, 40))))
    text = (
        f"A vanilla RNN has input_size={plan.input_size}, hidden_size={plan.hidden_size} and "
        f"output_size={plan.output_size}, with one bias vector in the hidden layer and one in the output. How many "
        "trainable parameters does it have?"
    )
    return Question(text, (Part("", "parameters", (formula(plan, 1),)),), vars(plan))
