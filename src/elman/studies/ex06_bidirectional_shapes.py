"""The shapes of a bidirectional LSTM.

**Question.** A bidirectional LSTM with hidden_size=128 reads a sequence of length 20. How wide is the output at
each time step, and what is the shape of the final hidden state with two layers?

**Method.** The study builds the layers, runs them on random input and records the shapes. Two identities show what
the final state holds: the last layer's forward state is the forward half of the output at the last step, and its
backward state is the backward half of the output at the *first* step, where the backward direction ends.

**What to expect.** Two directions of 128 units give 256 features per step. The final states have shape [4, B, 128]:
one for each layer and direction, layer by layer, forward before backward. The identities hold for full rows; in a
padded batch the forward state is that of each row's own last step.
"""

from collections.abc import Sequence
from random import Random
from typing import Annotated

from pydantic import Field
from pydantic.dataclasses import dataclass

from elman.lab.findings import Claim, Findings, Passage, Table
from elman.lab.quiz import Part, Question
from elman.lab.study import Record, Trial
from elman.lab.workspace import Desk

Size = Annotated[int, Field(gt=0, le=500)]


@dataclass(frozen=True)
class Plan:
    """The sizes of the exercise."""

    hidden_size: Size = 128
    steps: Size = 20
    input_size: Size = 32
    batch_size: Size = 3
    num_layers: Annotated[int, Field(gt=0, le=10)] = 2


QUICK = Plan()


def claims(plan: Plan) -> list[Claim]:
    """State the two shapes and what the final state holds."""
    H, L, B = plan.hidden_size, plan.num_layers, plan.batch_size
    return [
        Claim("width", f"The output has {2 * H} features per step.", "two directions side by side", "features",
              at_least=2 * H, at_most=2 * H, measure=lambda arms: arms.exact("shapes", "width")),
        Claim("states", f"The final hidden state of {L} layers holds {2 * L} vectors of {H} features per row.",
              "one per layer and direction", "numbers in all", at_least=2 * L * B * H, at_most=2 * L * B * H,
              measure=lambda arms: arms.exact("shapes", "states")),
        Claim("identities", "The last layer's final states equal the forward half of the last output and the "
              "backward half of the first output.", "documentation of torch.nn.LSTM", "largest difference",
              at_most=0.0, measure=lambda arms: arms.exact("shapes", "identities")),
    ]  # fmt: skip


def trials(plan: Plan) -> list[Trial]:
    """Return the single trial, a run on random input."""
    return [Trial("shapes", 0)]


def run(plan: Plan, trial: Trial, desk: Desk) -> Record:
    """Build the layer, run it and record the shapes."""
    import torch

    from elman.nn import LSTM

    H = plan.hidden_size
    layer = LSTM(plan.input_size, H, plan.num_layers, bidirectional=True)
    outputs, (h, c) = layer(torch.randn(plan.steps, plan.batch_size, plan.input_size))
    ends = torch.stack([outputs[-1, :, :H] - h[-2], outputs[0, :, H:] - h[-1]])
    return Record(
        numbers={"width": outputs.shape[-1], "states": h.numel(), "identities": ends.abs().max().item()},
        texts={name: str(tuple(t.shape)) for name, t in (("outputs", outputs), ("h", h), ("c", c))},
    )


def findings(plan: Plan, records: Sequence[Record]) -> Findings:
    """Report the shapes and what each entry of the final state is."""
    shapes, numbers = records[0].texts, records[0].numbers
    order = [
        [2 * layer + backward, layer + 1, "backward" if backward else "forward",
         "from the last step to the first" if backward else "from the first step to the last"]
        for layer in range(plan.num_layers) for backward in (0, 1)
    ]  # fmt: skip
    answer = (
        f"Each direction gives {plan.hidden_size} features per step: {int(numbers['width'])} in all. With "
        f"{plan.steps} steps and a batch of {plan.batch_size} the output has shape {shapes['outputs']}.\n\n"
        f"The final hidden state and the final cell state have shape {shapes['h']}."
    )
    return Findings(
        summary=f"The output (steps, batch, features) has shape {shapes['outputs']}; the final hidden state (layers "
        f"times directions, batch, units) has shape {shapes['h']}.",
        passages=[Passage("Worked answer", answer)],
        tables=[Table("Entries of the final hidden state", ["index", "layer", "direction", "reads"], order)],
    )


def question(rng: Random) -> Question:
    """Ask for the shapes with other sizes."""
    H, steps, layers, batch = rng.choice((16, 50, 64, 256)), rng.randint(5, 40), rng.randint(1, 4), rng.randint(1, 9)
    text = (
        f"A bidirectional LSTM of {layers} layer{'s' if layers > 1 else ''} with hidden_size={H} reads a batch of "
        f"{batch} sequences of {steps} steps. a) How many features does its output have at each step? b) What is the "
        "shape of the final hidden state?"
    )
    parts = Part("a", "features", (2 * H,)), Part("b", "three numbers", (2 * layers, batch, H))
    return Question(text, parts, {"hidden_size": H, "steps": steps, "batch_size": batch, "num_layers": layers})
