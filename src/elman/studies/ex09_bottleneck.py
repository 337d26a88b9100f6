"""The information bottleneck: one vector for a whole sentence.

**Question.** What is the information bottleneck of a basic encoder-decoder, why does its performance fall with
length, and how does attention resolve it?

**Method.** The answer rests on measurements. Encoder-decoders of several widths learn to reverse strings of 3 to 10
digits with teacher forcing. The decoder knows the source only from its initial state; one more model, of the
smallest width, has additive attention. Accuracy is the share of held-out strings reversed without an error, by
length, and its n-th root, the accuracy per digit that it implies: the share of error-free strings falls with length
even without a bottleneck, the accuracy per digit does not. If the state is the bottleneck, the accuracy per digit
must fall with length, a wider state must hold longer strings, and attention must not need the width.

**What to expect.** A string of n digits holds n log2 10 = 3.3 n bits. The state has the same width for every n. Its
numbers could in principle hold all the bits, but gradient descent may not find how. Cho et al. (2014) saw
translation quality fall with length. Bahdanau et al. (2015) trained on sentences of up to 50 words and reached 17.8
BLEU without attention, 26.8 with it. Sutskever et al. (2014) gained by reversing the source, which shortens the
path of the first words' gradients.
"""

import math
from collections.abc import Sequence
from random import Random

from pydantic import PositiveFloat, PositiveInt
from pydantic.dataclasses import dataclass

from elman.lab.arms import Arms
from elman.lab.findings import Claim, Curves, Findings, Passage, Series, Table
from elman.lab.formatting import percent
from elman.lab.over_seeds import SHARE, across
from elman.lab.quiz import Question, true_or_false
from elman.lab.study import Record, Trial
from elman.lab.workspace import Desk

LENGTHS = (3, 4, 5, 6, 7, 8, 9, 10)
CHO = "Cho, van Merriënboer, Bahdanau & Bengio (2014), On the Properties of Neural Machine Translation"


@dataclass(frozen=True)
class Plan:
    """Widths of the models and their training."""

    hidden_sizes: tuple[PositiveInt, ...] = (16, 32, 64, 128)
    updates: PositiveInt = 1000
    batch_size: PositiveInt = 128
    learning_rate: PositiveFloat = 1e-2
    test_size: PositiveInt = 400  # of each length
    seeds: PositiveInt = 5

    def __post_init__(self) -> None:
        if len(set(self.hidden_sizes)) < 2:
            raise ValueError(f"hidden_sizes must be at least two different sizes, got {list(self.hidden_sizes)}")


QUICK = Plan(hidden_sizes=(16, 48), updates=250, test_size=200, seeds=3)


def claims(plan: Plan) -> list[Claim]:
    """State the effects of length, width and attention."""
    narrow, wide = min(plan.hidden_sizes), max(plan.hidden_sizes)
    small, large, looking = named(narrow), named(wide), named(narrow, attention=True)
    return [
        Claim("length", f"Without attention, a digit is harder in a longer string: with {wide} units the accuracy "
              "per digit that error-free strings imply falls by 0.02 or more from 5 to 10 digits.", CHO,
              "accuracy per digit, 5 digits minus 10", at_least=0.02, role="answer",
              otherwise=f"Without attention, with {wide} units, a digit of 10 is about as easy as a digit of 5.",
              measure=lambda arms: [per_digit(plan, r, 5) - per_digit(plan, r, 10) for r in arms[large]]),
        Claim("width", f"Without attention, {wide} units reverse more strings of 5 digits than {narrow} units.",
              "the state's width is the bottleneck", "accuracy gained", at_least=0.0,
              measure=lambda arms: arms.less(large, small, "exact|5")),
        Claim("attention", f"{narrow} units with attention reverse more strings of 10 digits than {wide} without.",
              "Bahdanau, Cho & Bengio (2015)", "share of strings gained", at_least=0.0, role="answer",
              otherwise=f"{wide} units without attention reverse more strings of 10 digits than {narrow} with it.",
              measure=lambda arms: arms.less(looking, large, "exact|10")),
    ]  # fmt: skip


def trials(plan: Plan) -> list[Trial]:
    """Return every width without attention, and the smallest with attention, with every seed."""
    return [Trial(arm, seed) for arm in arms_of(plan) for seed in range(plan.seeds)]


def per_digit(plan: Plan, record: Record, digits: int) -> float:
    """Return the accuracy per digit that the share of error-free strings of a length implies."""
    from elman.studies.shared.reversing import implied_per_digit

    return implied_per_digit(record.numbers[f"exact|{digits}"], digits, plan.test_size)


def named(units: int, attention: bool = False) -> str:
    """Return the name of an arm."""
    return f"{units} units" + ", attention" * attention


def arms_of(plan: Plan) -> dict[str, tuple[int, bool]]:
    """Return every arm by name: its units and whether it has attention."""
    every = [*((units, False) for units in plan.hidden_sizes), (min(plan.hidden_sizes), True)]
    return {named(*arm): arm for arm in every}


def run(plan: Plan, trial: Trial, desk: Desk) -> Record:
    """Train one model and test it once."""
    import torch

    from elman.data.reversal import Reversal
    from elman.nn.saving import make_seq2seq
    from elman.studies.shared.reversing import exact_by_length, settings, train_reversal
    from elman.train.forcing import always

    (units, attention), seed = arms_of(plan)[trial.arm], trial.seed or 0
    model = make_seq2seq(settings(units, "additive" if attention else "none"))
    train_reversal(model, Reversal(LENGTHS[0], LENGTHS[-1]), plan.updates, plan.batch_size, plan.learning_rate, seed,
          always, lambda update, loss: desk.progress(update, plan.updates, loss=loss))  # fmt: skip
    exact = exact_by_length(model, LENGTHS, plan.test_size, torch.Generator().manual_seed(1000 + seed))
    parameters = float(sum(p.numel() for p in model.parameters()))
    return Record(numbers={"parameters": parameters} | {f"exact|{n}": share for n, share in exact.items()})


def findings(plan: Plan, records: Sequence[Record]) -> Findings:
    """Report accuracy by length and width, and the answer."""
    arms = Arms(records)
    narrow, wide = (named(size) for size in (min(plan.hidden_sizes), max(plan.hidden_sizes)))
    looking = named(min(plan.hidden_sizes), attention=True)

    def mean(arm: str, n: int) -> float:
        return arms.mean(arm, f"exact|{n}")

    def implied(arm: str, n: int) -> float:
        seeds = [per_digit(plan, record, n) for record in arms[arm]]
        return sum(seeds) / len(seeds) if seeds else math.nan

    def band(arm: str) -> Series:
        seeds = [[r.numbers[f"exact|{n}"] for n in LENGTHS] for r in arms[arm]]
        return across(arm, LENGTHS, seeds, SHARE)

    rows = [
        [arm, int(arms.numbers(arm, "parameters")[0]), *(round(mean(arm, n), 3) for n in LENGTHS)] for arm in arms
    ]
    answer = (
        "Without attention, everything that the decoder knows of the source is one vector of fixed width. A string "
        f"of 5 digits holds {5 * math.log2(10):.0f} bits and a string of 10 digits {10 * math.log2(10):.0f}, but "
        "the width of the vector is the same. In addition, the gradient from the last output digit to the first "
        "input digit passes through every step between them. The share of error-free strings alone does not show "
        "this: it falls with length even if every digit is equally easy, as p to the power of n. Its n-th root, the "
        f"implied accuracy per digit, is {implied(wide, 5):.2f} at 5 digits and {implied(wide, 10):.2f} at 10 with "
        f"{wide}, {implied(narrow, 5):.2f} and {implied(narrow, 10):.2f} with {narrow}.\n\n"
        "Attention keeps one vector per position and lets each step of the decoder look at all of them: "
        "capacity grows with the source, and every input digit is one step from every output digit. With "
        f"attention, {narrow} reach {percent(mean(looking, 10))} at 10 digits."
    )
    return Findings(
        summary=(
            f"An encoder-decoder with {narrow} reverses {percent(mean(narrow, 10))} of strings of 10 digits without "
            f"an error, one with {wide} reverses {percent(mean(wide, 10))}, and one with {narrow} and attention "
            f"{percent(mean(looking, 10))}."
        ),
        passages=[Passage("Answer", answer)],
        tables=[
            Table("Share of error-free strings, by number of digits", ["arm", "parameters", *map(str, LENGTHS)], rows,
                  "Means over seeds, held-out strings, greedy decoding."),
            Table("Accuracy per digit that these shares imply", ["arm", *map(str, LENGTHS)],
                  [[arm, *(round(implied(arm, n), 3) for n in LENGTHS)] for arm in arms],
                  "The n-th root of the share of error-free strings of n digits."),
        ],
        figures=[
            Curves("Accuracy by length", "digits in the string", "share of error-free strings",
                   [band(arm) for arm in arms]),
        ],
    )  # fmt: skip


STATEMENTS = (
    ("Without attention everything the decoder knows of the source passes through one vector.", True),
    ("The vector between encoder and decoder grows with the length of the source.", False),
    ("Attention gives the decoder every state of the encoder at every step.", True),
    ("Reading the source in reverse brings its beginning nearer to the beginning of the output.", True),
    ("A wider state removes the bottleneck for sources of any length.", False),
    ("Accuracy on long sources falls less with attention than without.", True),
)


def question(rng: Random) -> Question:
    """Ask which of three statements are true."""
    return true_or_false(rng, STATEMENTS)
