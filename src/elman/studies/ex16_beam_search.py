"""Beam search with a minimum length, n-gram blocking and diverse groups, on number reversal.

**Question.** How do a wider beam, a minimum length, the blocking of repeated n-grams and diverse groups change what
a decoder writes?

**Method.** The model of study 15.15, with attention, is trained on strings of 3 to 10 digits, once for long and
once only briefly: if the model is always certain, a search has nothing to gain. Held-out strings of 8 digits are
decoded by `elman.decode.beam_search`, which the tests compare with exhaustive search. A minimum length masks the
end token until a hypothesis has the minimum length. Blocking forbids a digit that would complete an n-gram that the
hypothesis already contains; if no token is left, blocking is lifted for that step. Diverse groups (Vijayakumar et
al., 2018) search one after another: a group's score for a digit is lowered by the penalty for each time an earlier
group chose the digit at this step. The final ranking is by plain log-probability. The study measures the share of
strings reversed without an error, the share of strings whose answer is among the five best hypotheses, the mean
log-probability of the best hypothesis, and the number of positions in which two of the five best differ.

**What to expect.** A wider beam finds likelier sequences and removes errors of the search, but not errors of the
model. Blocking is meant for summaries that repeat themselves. Digits may repeat, so blocking must fail wherever the
answer repeats an n-gram. Diverse groups differ more and, at the same number of hypotheses, cost little. If the
model is so certain that a penalty of half a nat changes no choice, the groups find the same sequences.
"""

from collections.abc import Sequence
from itertools import pairwise
from math import inf

from pydantic import NonNegativeFloat, PositiveFloat, PositiveInt
from pydantic.dataclasses import dataclass

from elman.lab.arms import Arms
from elman.lab.findings import Claim, Curves, Findings, Series, Table
from elman.lab.formatting import percent
from elman.lab.over_seeds import SHARE, across
from elman.lab.study import Record, Trial
from elman.lab.workspace import Desk

DIGITS = 8
WAYS = ("greedy", "beam", "minimum length", "no bigram twice")  # and diverse, by penalty
VIJAYAKUMAR = "Vijayakumar et al. (2018), Diverse Beam Search"
MEASURES = {"exact": SHARE, "among": SHARE, "log_prob": (-inf, 0.0), "apart": (0.0, inf)}  # the range of each


@dataclass(frozen=True)
class Plan:
    """The models and the searches."""

    hidden_size: PositiveInt = 64
    updates: tuple[PositiveInt, ...] = (60, 600)
    batch_size: PositiveInt = 128
    learning_rate: PositiveFloat = 1e-2
    width: PositiveInt = 6  # of every beam but the greedy one
    groups: PositiveInt = 3
    penalties: tuple[NonNegativeFloat, ...] = (0.5, 3.0)  # strengths of diversity, each tried
    widths: tuple[PositiveInt, ...] = (1, 2, 3, 5, 10)
    test_size: PositiveInt = 500
    seeds: PositiveInt = 5

    def __post_init__(self) -> None:
        if self.width % self.groups or self.width < 5:
            raise ValueError(
                "width must be at least 5 and a multiple of groups, "
                f"got a width of {self.width} and {self.groups} groups"
            )
        if not self.penalties:
            raise ValueError("penalties must be one or more numbers, got none")


QUICK = Plan(updates=(60, 300), test_size=200, seeds=3)


def claims(plan: Plan) -> list[Claim]:
    """State what each extension does on the model with the least training."""
    few = min(plan.updates)

    def likelier(arms: Arms) -> list[float]:
        asked = [(model, f"log_prob|{way}") for model in arms for way in ("beam", "greedy")]
        gained = arms.together(*asked) if asked else []
        return [sum(values[::2]) / len(values[::2]) - sum(values[1::2]) / len(values[::2]) for values in gained]

    def exact_if_same(arms: Arms, name: str) -> float | list[float]:
        values = [record.numbers[name] for record in arms.records]
        return values[0] if values and len(set(values)) == 1 else values

    return [
        Claim("likelier", f"A beam of {plan.width} finds sequences at least as likely as those of greedy decoding.",
              "textbook: beam search approximates the likeliest sequence better", "log-probability gained, mean",
              at_least=0.0, measure=likelier),
        Claim("better", f"After {few} updates a beam of {plan.width} reverses more strings than greedy decoding.",
              "textbook exercise 15.16", "share of strings gained", at_least=0.0, role="answer",
              otherwise=f"After {few} updates a beam of {plan.width} reverses fewer strings than greedy decoding.",
              measure=lambda arms: arms.less(named(few), named(few), "exact|beam", "exact|greedy")),
        Claim("length", "No hypothesis is shorter than the minimum length.", "the definition",
              "share that is shorter", at_most=0.0, measure=lambda arms: exact_if_same(arms, "shorter")),
        Claim("blocking", "Blocking repeated bigrams fails on every string whose answer repeats a bigram.",
              "the definition", "share of such strings reversed correctly", at_most=0.0,
              measure=lambda arms: exact_if_same(arms, "blocked")),
    ] + [
        Claim(f"diverse {penalty:g}", f"With a penalty of {penalty:g} the best hypotheses of diverse groups differ "
              f"in "
              "more positions than a plain beam's.", VIJAYAKUMAR, "more positions", at_least=0.0,
              role="answer" if penalty == max(plan.penalties) else "",
              otherwise=f"With a penalty of {penalty:g} diverse groups differ in fewer positions than a plain beam.",
              measure=lambda arms, penalty=penalty: arms.less(
                  named(few), named(few), f"apart|{diverse(penalty)}", "apart|beam"))
        for penalty in plan.penalties
    ]  # fmt: skip


def diverse(penalty: float) -> str:
    """Return the name of the diverse search with this penalty."""
    return f"diverse, penalty {penalty:g}"


def named(updates: int) -> str:
    """Return the name of the model that is trained for this many updates."""
    return f"{updates} updates"


def trials(plan: Plan) -> list[Trial]:
    """Return one trial per number of updates and seed."""
    return [Trial(named(updates), seed) for updates in plan.updates for seed in range(plan.seeds)]


def run(plan: Plan, trial: Trial, desk: Desk) -> Record:
    """Train one model and decode the same strings with every search."""
    import torch

    from elman.data.reversal import BEGIN, END, Reversal
    from elman.decode import Diversity, beam_search
    from elman.nn.saving import make_seq2seq
    from elman.studies.shared.reversing import same, settings, train_reversal
    from elman.train.forcing import always

    updates, seed = {named(n): n for n in plan.updates}[trial.arm], trial.seed or 0
    model = make_seq2seq(settings(plan.hidden_size, "additive"))
    train_reversal(model, Reversal(), updates, plan.batch_size, plan.learning_rate, seed, always,
          lambda update, loss: desk.progress(update, updates, loss=loss))  # fmt: skip
    model.eval()
    test = torch.Generator().manual_seed(1000 + seed)
    batch = Reversal(DIGITS, DIGITS).draw(plan.test_size, test, held_out=True)
    right = batch.target[1 : DIGITS + 2].t()  # the end included
    with torch.no_grad():
        state = model.encode(batch.source, batch.lengths)

    def search(width: int, n_best: int = 5, **options):
        return beam_search(
            model.step, torch.full((plan.test_size,), BEGIN), eos=END, max_length=DIGITS + 4, beam_width=width,
            n_best=min(n_best, width), state=state, **options,
        )  # fmt: skip

    found = {
        "greedy": search(1),
        "beam": search(plan.width),
        "minimum length": search(plan.width, min_length=DIGITS + 1),
        "no bigram twice": search(plan.width, no_repeat_ngram=2),
    } | {
        diverse(penalty): search(plan.width, plan.width, diversity=Diversity(plan.groups, penalty))
        for penalty in plan.penalties
    }  # fmt: skip
    numbers: dict[str, float] = {}
    for way, beams in found.items():
        tokens, lengths, exact = beams.tokens[:, :5], beams.lengths[:, :5], same(beams, right)[:, :5]
        numbers[f"exact|{way}"] = exact[:, 0].float().mean().item()
        numbers[f"among|{way}"] = exact.any(1).float().mean().item()
        numbers[f"log_prob|{way}"] = beams.log_probs[:, 0].mean().item()
        pairs = [(i, j) for i in range(tokens.shape[1]) for j in range(i)]
        apart = [(tokens[:, i] != tokens[:, j]).sum(-1).float().mean().item() for i, j in pairs]
        numbers[f"apart|{way}"] = sum(apart) / len(apart) if apart else 0.0
        if way == "minimum length":
            numbers["shorter"] = ((lengths < DIGITS + 1) & (lengths > 0)).float().mean().item()
        if way == "no bigram twice":
            repeats = torch.tensor([repeats_a_pair(row) for row in right[:, :DIGITS].tolist()])
            numbers["repeats"] = repeats.float().mean().item()
            numbers["blocked"] = (exact[:, 0] & repeats).float().sum().item() / max(1, int(repeats.sum()))
    by_width = [search(width) for width in plan.widths]
    return Record(
        numbers=numbers,
        series={
            "exact": [same(beams, right)[:, 0].float().mean().item() for beams in by_width],
            "log_prob": [beams.log_probs[:, 0].mean().item() for beams in by_width],
        },
    )


def repeats_a_pair(digits: Sequence[int]) -> bool:
    """Return whether any pair of neighbouring digits occurs twice."""
    pairs = list(pairwise(digits))
    return len(set(pairs)) < len(pairs)


def findings(plan: Plan, records: Sequence[Record]) -> Findings:
    """Report the results of every search and the effect of width."""
    models = Arms(records)
    few = named(min(plan.updates))
    rows = [
        [model, way, *(models.formatted(model, f"{name}|{way}", within) for name, within in MEASURES.items())]
        for model in models
        for way in (*WAYS, *map(diverse, plan.penalties))
    ]  # fmt: skip

    def line(model: str, name: str) -> Series:
        return across(model, plan.widths, [r.series[name] for r in models[model]], MEASURES[name])

    def mean(name: str) -> float:
        return models.mean(few, name)

    repeats = f"{percent(mean('repeats'), 0)} of the answers repeat a bigram. " if few in models else ""
    return Findings(
        summary=(
            f"After {min(plan.updates)} updates a beam of {plan.width} reverses {percent(mean('exact|beam'))} of "
            f"strings correctly, greedy decoding {percent(mean('exact|greedy'))}, and a beam that may not repeat a "
            f"bigram {percent(mean('exact|no bigram twice'))}."
        ) if few in models else "Some arms are missing.",
        tables=[
            Table(f"Strings of {DIGITS} digits",
                  ["model", "search", "error-free strings", "right string among the five best",
                   "log-probability of the best, nats", "digits in which two of five differ"], rows,
                  f"Means with 95 % intervals over seeds. {repeats}Two groups may find the same sequence; the five "
                  "then contain it twice."),
        ],
        figures=[
            Curves("Accuracy by width", "beam width", "share of error-free strings",
                   [line(model, "exact") for model in models],
                   caption="A width of 1 is greedy decoding."),
            Curves("Log-probability of the best by width", "beam width", "log-probability, nats",
                   [line(model, "log_prob") for model in models],
                   caption="Means over strings."),
        ],
    )  # fmt: skip
