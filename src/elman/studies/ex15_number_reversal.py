"""Number reversal: teacher forcing, attention, and the length of the string.

**Question.** How fast does an encoder-decoder learn to reverse `1 2 3 4 5` to `5 4 3 2 1` if its decoder reads the
true previous digits (teacher forcing), its own, or either at random? And what does it need attention for?

**Method.** The encoder is a bidirectional GRU, the decoder a GRU. The decoder either has additive attention or knows
the source only from its initial state (*basic*). Strings have 3 to 10 digits (6 in the short plan). One string in
eight, chosen by a hash, is never trained on, and all accuracies are measured on such held-out strings: accuracy is
the share that greedy decoding reverses without an error. Every arm sees the same strings. During training, accuracy
over all lengths is measured at regular intervals. Convergence is the first time that accuracy is at least 95 %, in
updates and in CPU time, since an update that feeds the decoder its own tokens must run step by step and costs more.
A trial that never reaches 95 % counts with the whole run, so a difference is then a lower bound. The final test
draws other held-out strings, including some two digits longer than any trained on. Since a string of n digits has n
chances of an error, its accuracy falls with n even without any bottleneck; the n-th root, the implied accuracy per
digit, need not.

**What to expect.** With attention the decoder points at one position after another, which is easily learned. One
state of fixed size holds less and less of a longer string (Cho et al., 2014). Teacher forcing should converge in
fewer updates and less time. A decoder that reads its own tokens in training meets its own errors there, not only in
the test.
"""

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field, PositiveFloat, PositiveInt
from pydantic.dataclasses import dataclass

from elman.lab.arms import Arms
from elman.lab.findings import Claim, Curves, Findings, Series, Table
from elman.lab.formatting import percent
from elman.lab.over_seeds import SHARE, across
from elman.lab.study import Record, Trial
from elman.lab.workspace import Desk

ATTENTION, BASIC = ARMS = ("attention", "basic")
FORCING = {"teacher forcing": 1.0, "one half": 0.5, "own tokens": 0.0}
SHORTEST = 3  # digits
LONGER = 2  # digits by which the longest string tested exceeds the longest learned
CHO = "Cho, van Merriënboer, Bahdanau & Bengio (2014), On the Properties of Neural Machine Translation"


@dataclass(frozen=True)
class Plan:
    """Sizes of the model and its training."""

    longest: Annotated[int, Field(ge=6, le=13)] = 10  # digits
    hidden_size: PositiveInt = 64
    updates: PositiveInt = 2000
    batch_size: PositiveInt = 128
    learning_rate: PositiveFloat = 1e-2
    forcing: tuple[str, ...] = tuple(FORCING)
    basic: tuple[str, ...] = tuple(FORCING)  # what the model without attention reads in training, if it is in forcing
    check_every: PositiveInt = 25
    check_size: PositiveInt = 200
    test_size: PositiveInt = 500  # of each length
    seeds: PositiveInt = 5

    def __post_init__(self) -> None:
        if not self.forcing or not set(self.forcing) <= set(FORCING):
            raise ValueError(f"forcing must be one or more of {', '.join(FORCING)}, got {', '.join(self.forcing)}")


QUICK = Plan(
    longest=6, hidden_size=32, updates=130, learning_rate=2e-2, forcing=("teacher forcing", "own tokens"),
    basic=("teacher forcing",), check_every=10, check_size=60, test_size=150, seeds=4,
)  # fmt: skip


def claims(plan: Plan) -> list[Claim]:
    """State what attention reaches, what is lost without it, and what teacher forcing saves."""
    first, own, teacher = plan.forcing[0], "own tokens", "teacher forcing"

    middle, longest = plan.longest // 2, plan.longest

    def saved(arms: Arms, what: str) -> list[float]:
        return arms.on(reads=own).less(ATTENTION, ATTENTION, what, among=arms.on(reads=teacher))

    stated = [
        Claim("attention", f"With attention at least 99 % of strings of {middle} to {longest} digits are reversed.",
              "target of this project, set before the first run", "share of strings", at_least=0.99,
              role="answer", otherwise=f"With attention a model reverses less than 99 % of strings of {middle} to "
              f"{longest} digits.", measure=lambda arms: whole(arms.on(reads=first)[ATTENTION], middle, longest)),
        Claim("length", "Without attention the accuracy per digit that error-free strings imply falls by 0.02 or "
              f"more from {middle} to {longest} digits.", CHO,
              f"accuracy per digit, {middle} digits minus {longest}", at_least=0.02,
              measure=lambda arms: [
                  per_digit(plan, r, middle) - per_digit(plan, r, longest) for r in arms.on(reads=first)[BASIC]
              ]),
        Claim("gain", f"At {longest} digits a model with attention reverses more strings than one without.",
              "Bahdanau, Cho & Bengio (2015)", "share of strings gained", at_least=0.0, role="answer",
              otherwise=f"At {longest} digits a model with attention reverses fewer strings than one without.",
              measure=lambda arms: arms.on(reads=first).less(ATTENTION, BASIC, f"exact|{longest}")),
    ]  # fmt: skip
    if {teacher, own} <= set(plan.forcing):
        stated += [
            Claim("updates", "Teacher forcing needs fewer updates to 95 % accuracy than the decoder's own tokens.",
                  "textbook exercise 15.15", "updates saved", at_least=1.0, role="answer",
                  otherwise="Teacher forcing needs more updates to 95 % accuracy than the decoder's own tokens.",
                  measure=lambda arms: saved(arms, "updates")),
            Claim("time", "Teacher forcing needs less CPU time to 95 % accuracy than the decoder's own tokens.",
                  "textbook exercise 15.15", "seconds saved", at_least=0.0,
                  measure=lambda arms: saved(arms, "seconds")),
        ]  # fmt: skip
    return stated


def trials(plan: Plan) -> list[Trial]:
    """Return both arms with everything that the decoder may read in training, with every seed."""
    return [
        Trial(arm, seed, {"reads": forcing})
        for arm in ARMS for forcing in plan.forcing if arm == ATTENTION or forcing in plan.basic
        for seed in range(plan.seeds)
    ]  # fmt: skip


def lengths(plan: Plan) -> tuple[int, ...]:
    """Return the lengths that are tested: all that are learned, and one longer."""
    return (*range(SHORTEST, plan.longest + 1), plan.longest + LONGER)


def per_digit(plan: Plan, record: Record, digits: int) -> float:
    """Return the accuracy per digit that the share of error-free strings of a length implies."""
    from elman.studies.shared.reversing import implied_per_digit

    return implied_per_digit(record.numbers[f"exact|{digits}"], digits, plan.test_size)


def whole(records: Sequence[Record], shortest: int, longest: int) -> list[float]:
    """Return the share of error-free strings of each record, a mean over these lengths."""
    inside = range(shortest, longest + 1)
    return [sum(r.numbers[f"exact|{n}"] for n in inside) / len(inside) for r in records]


def run(plan: Plan, trial: Trial, desk: Desk) -> Record:
    """Train one model, track its accuracy, and test it once."""
    import time

    import torch

    from elman.data.reversal import END, Reversal
    from elman.nn.saving import make_seq2seq, save_made
    from elman.studies.shared.reversing import exact_by_length, settings, train_reversal
    from elman.train.seq2seq import exact_match

    forcing, seed = str(trial.on["reads"]), trial.seed or 0
    probability = FORCING[forcing]
    task = Reversal(SHORTEST, plan.longest)
    architecture = settings(plan.hidden_size, "additive" if trial.arm == ATTENTION else "none")
    model = make_seq2seq(architecture)
    checked, tested = (torch.Generator().manual_seed(1000 + 2 * seed + part) for part in (0, 1))
    held_out = task.draw(plan.check_size, checked, held_out=True)
    accuracies: list[float] = []
    reached: dict[str, float] = {}
    spent, begun = 0.0, time.process_time()

    def each(update: int, loss: float) -> None:
        nonlocal spent, begun
        if update % plan.check_every == 0:
            spent += time.process_time() - begun
            accuracies.append(exact_match(model, held_out, END).float().mean().item())
            if accuracies[-1] >= 0.95 and not reached:
                reached.update(updates=update, seconds=spent)
            begun = time.process_time()
        desk.progress(update, plan.updates, loss=loss)

    train_reversal(model, task, plan.updates, plan.batch_size, plan.learning_rate, seed, lambda _: probability, each)
    if (trial.arm, forcing) == (ATTENTION, "teacher forcing"):
        save_made(desk.folder / "model", model, architecture, {})
    numbers = {"reached": float(bool(reached)), "updates": float(plan.updates), "seconds": spent} | reached
    exact = exact_by_length(model, lengths(plan), plan.test_size, tested)
    return Record(
        numbers=numbers | {f"exact|{n}": share for n, share in exact.items()}, series={"accuracy": accuracies}
    )


def findings(plan: Plan, records: Sequence[Record]) -> Findings:
    """Report accuracy by length, learning curves, and the cost of reaching 95 %."""
    arms = Arms(records)

    def mean(numbers: Sequence[float]) -> float:
        return sum(numbers) / len(numbers)

    first = arms.on(reads=plan.forcing[0])
    tested, longest, middle = lengths(plan), plan.longest, plan.longest // 2
    every = [
        (f"{arm}, {forcing}", there[arm], lambda name, arm=arm, there=there: there.mean(arm, name))
        for arm in ARMS for forcing in plan.forcing if arm in (there := arms.on(reads=forcing))
    ]  # fmt: skip

    def by_length(label: str, records: Sequence[Record]) -> Series:
        return across(label, tested, [[r.numbers[f"exact|{n}"] for n in tested] for r in records], SHARE)

    def implied(label: str, records: Sequence[Record]) -> Series:
        return across(label, tested, [[per_digit(plan, r, n) for n in tested] for r in records], SHARE)

    def learning(label: str, records: Sequence[Record]) -> Series:
        checked = [record.series["accuracy"] for record in records]
        return across(label, [plan.check_every * (k + 1) for k in range(len(checked[0]))], checked, SHARE)

    rows = [
        [label, round(mean(whole(seeds, SHORTEST, longest)), 4), round(at(f"exact|{longest + LONGER}"), 4),
         *(round(mean([per_digit(plan, r, n) for r in seeds]), 3) for n in (middle, longest)),
         percent(at("reached"), 0), round(at("updates")), round(at("seconds"), 1), len(seeds)]
        for label, seeds, at in every
    ]  # fmt: skip
    return Findings(
        summary=f"Strings of {longest} digits reversed without an error: "
        + ", ".join(f"{arm} {percent(first.mean(arm, f'exact|{longest}'))}" for arm in first) + ".",
        tables=[
            Table("Share of error-free strings, and the cost of reaching 95 %",
                  ["arm", f"{SHORTEST} to {longest} digits", f"{longest + LONGER} digits",
                   *(f"implied accuracy per digit, {n} digits" for n in (middle, longest)), "trials at 95 %",
                   "updates to 95 %", "seconds to 95 %",
                   "seeds"],
                  rows, "Means over seeds. The implied accuracy per digit is the n-th root of the share of "
                  "error-free strings of n digits: it falls only if digits of longer strings are harder. A trial "
                  "that never reaches 95 % "
                  f"counts with all {plan.updates} updates."),
        ],
        figures=[
            Curves("Accuracy by length", "digits in the string", "share of error-free strings",
                   [by_length(label, seeds) for label, seeds, _ in every],
                   caption=f"Trained on {SHORTEST} to {longest} digits. It falls with length even if all digits are "
                   "equally easy."),
            Curves("Implied accuracy per digit, by length", "digits in the string", "accuracy per digit",
                   [implied(label, seeds) for label, seeds, _ in every],
                   caption="The n-th root of the share of error-free strings of n digits."),
            Curves("Learning to reverse", "update", "share of error-free strings",
                   [learning(label, seeds) for label, seeds, _ in every],
                   caption=f"Held-out strings of {SHORTEST} to {longest} digits."),
        ],
    )  # fmt: skip
