"""Beam search by hand, on the printed table.

**Question.** Given the probabilities of the first token, and of the second token after A and after B: what does
greedy decoding write, which candidates does a beam of width 2 rank after the second step, and what width finds the
likeliest pair?

**Method.** The table becomes a step function, `(tokens, state) -> (log-probabilities, state)`, and is decoded by
the same greedy decoder and beam search as any model. The study also lists all pairs. The answer to the last part is
the smallest width whose best hypothesis is the likeliest pair.

**Reading of the table.** The printed table lacks the name of its fourth token, and the cells beside the missing
name are shifted. The fourth token ends a sequence; it is written in angle brackets, here `eos`. With eos restored,
the probabilities after B are A 0.6, B 0.2, eos 0.15 and C 0.05, and every column sums to one. The probabilities
after C are not printed; they are set equal. They do not affect the best pair, since no pair that begins with C can
be likelier than P(C) = 0.2.

**What to expect.** Greedy decoding takes A and then C, with probability 0.20. Width 2 keeps A and B and finds B A
with probability 0.21: a less likely first token leads to a likelier pair.
"""

import math
from collections.abc import Sequence
from random import Random

from pydantic.dataclasses import dataclass

from elman.lab.arms import Arms
from elman.lab.findings import Claim, Findings, Heatmap, Passage, Table
from elman.lab.quiz import Part, Question
from elman.lab.study import Record, Trial
from elman.lab.workspace import Desk

TOKENS = ("A", "B", "C", "eos")
START, END = 4, 3
WIDTHS = (1, 2, 3, 4)


@dataclass(frozen=True)
class Plan:
    """Probabilities of A, B, C and eos, at the first step and after A, B and C; and the width of the beam."""

    first: tuple[float, ...] = (0.4, 0.35, 0.2, 0.05)
    after_a: tuple[float, ...] = (0.1, 0.3, 0.5, 0.1)
    after_b: tuple[float, ...] = (0.6, 0.2, 0.05, 0.15)
    after_c: tuple[float, ...] = (0.25, 0.25, 0.25, 0.25)
    width: int = 2

    def __post_init__(self) -> None:
        for name in ("first", "after_a", "after_b", "after_c"):
            row = getattr(self, name)
            if len(row) != 4 or min(row) < 0 or abs(sum(row) - 1) > 1e-6:
                raise ValueError(f"{name} must be four probabilities that sum to 1, got {list(row)}")
        if not 1 <= self.width <= 4:
            raise ValueError(f"width must be from 1 to 4, got {self.width}")


QUICK = Plan()


def every_pair(plan: Plan) -> dict[tuple[int, ...], float]:
    """Return the probability of every sequence of two tokens and of eos alone, by multiplication."""
    found: dict[tuple[int, ...], float] = {(END,): plan.first[END]}
    for one, row in enumerate((plan.after_a, plan.after_b, plan.after_c)):
        for two, p in enumerate(row):
            found[one, two] = plan.first[one] * p
    return found


def claims(plan: Plan) -> list[Claim]:
    """State the three answers for the printed numbers."""

    def missed(arms: Arms) -> float | list[float]:
        found = [value for width in WIDTHS for value in arms.numbers("search", f"best|{width}")]
        return max(every_pair(plan).values()) - max(found) if found else []

    def narrowest(arms: Arms) -> float | list[float]:
        for record in arms["search"]:
            return float(next(iter(enough(plan, record)), math.nan))
        return []

    best = Claim("best", "Beam search finds the likeliest pair at some width from 1 to 4.",
                 "exhaustive listing", "probability missed", at_most=1e-6, measure=missed)  # fmt: skip
    if plan != Plan():
        return [best]
    by_hand = "the table by hand"
    return [
        Claim("greedy", "Greedy decoding writes a pair with probability 0.20.", by_hand, "probability",
              at_least=0.2 - 1e-6, at_most=0.2 + 1e-6, measure=lambda arms: arms.exact("search", "greedy")),
        Claim("beam", "The best pair of a beam of width 2 has probability 0.21.", by_hand, "probability",
              at_least=0.21 - 1e-6, at_most=0.21 + 1e-6, measure=lambda arms: arms.exact("search", "best|2")),
        Claim("width", "The narrowest beam that finds the likeliest pair has width 2.", by_hand, "beam width",
              at_least=2, at_most=2, measure=narrowest),
        best,
    ]  # fmt: skip


def enough(plan: Plan, record: Record) -> list[int]:
    """Return the widths at which beam search finds the likeliest pair."""
    likeliest = max(every_pair(plan).values())
    return [width for width in WIDTHS if abs(record.numbers[f"best|{width}"] - likeliest) < 1e-6]


def trials(plan: Plan) -> list[Trial]:
    """Return the single trial."""
    return [Trial("search")]


def run(plan: Plan, trial: Trial, desk: Desk) -> Record:
    """Decode from the table with greedy decoding and beam search."""
    import torch

    from elman.decode import beam_search, greedy

    never = (0.0, 0.0, 0.0, 1.0)  # only eos follows eos; the last row is the start token's
    rows = [plan.after_a, plan.after_b, plan.after_c, never, plan.first]
    table = torch.tensor([[*row, 0.0] for row in rows], dtype=torch.float64).log()

    def step(tokens: torch.Tensor, state: None) -> tuple[torch.Tensor, None]:
        return table[tokens], state

    start = torch.tensor([[START]])
    wrote = tuple(greedy(step, start, 2, eos=END)[0].tolist())
    wrote = (END,) if wrote[0] == END else wrote
    pairs = every_pair(plan)
    numbers = {"greedy": pairs[wrote]}
    texts = {"greedy": name(wrote)}
    for width in WIDTHS:
        found = beam_search(step, start, max_length=2, eos=END, beam_width=width, n_best=width)
        numbers[f"best|{width}"] = float(found.log_probs[0, 0].exp())
        kept = []
        for place in range(width):
            length = int(found.lengths[0, place])
            if length:
                kept.append(name(tuple(found.tokens[0, place, :length].tolist())))
        texts[f"kept|{width}"] = ", ".join(kept)
    return Record(numbers=numbers, texts=texts)


def name(tokens: Sequence[int]) -> str:
    """Return a sequence as text."""
    return " ".join(TOKENS[token] for token in tokens)


def findings(plan: Plan, records: Sequence[Record]) -> Findings:
    """Report the three answers."""
    (record,) = records
    pairs = every_pair(plan)
    ranked = sorted(pairs.items(), key=lambda item: -item[1])
    best, likeliest = ranked[0]
    widths = enough(plan, record)
    first = sorted(range(4), key=lambda token: -plan.first[token])[: plan.width]
    candidates = [(tokens, p) for tokens, p in ranked if tokens[0] in first]
    kept = " and ".join(TOKENS[token] for token in first)
    answer = (
        f"**a)** Greedy decoding writes {record.texts['greedy']}, with probability "
        f"{record.numbers['greedy']:.4g}.\n\n"
        f"**b)** A beam of width {plan.width} keeps {kept} after the first step. After the second it ranks the "
        f"{len(candidates)} candidates below and keeps {record.texts[f'kept|{plan.width}']}.\n\n"
        f"**c)** The likeliest pair is {name(best)}, with probability {likeliest:.4g}. "
        + (f"A width of {widths[0]} is enough to find this pair. " if widths else "")
        + "No pair that begins with C is likelier than P(C). The probabilities after C, which are not printed, do "
        "not matter as long as P(C) is less than the best pair's probability. In general a width as large as the "
        "vocabulary always finds the best pair, since it keeps every first token."
    )
    return Findings(
        summary=(
            f"Greedy decoding writes {record.texts['greedy']} ({record.numbers['greedy']:.4g}); "
            f"the likeliest pair is {name(best)} ({likeliest:.4g})"
            + (f", found by a beam of width {widths[0]}." if widths else ".")
        ),
        passages=[Passage("Answer", answer)],
        figures=[
            Heatmap("The table of probabilities", "next token", "previous token",
                    [list(row) for row in (plan.first, plan.after_a, plan.after_b, plan.after_c)],
                    list(TOKENS), ["start", *TOKENS[:3]],
                    "Each row sums to one. Greedy decoding takes the brightest cell of the first row and then of "
                    "that token's row; the likeliest pair has the largest product.", "probability"),
        ],
        tables=[
            Table(f"Candidates after step 2, width {plan.width}", ["sequence", "probability"],
                  [[name(tokens), round(p, 6)] for tokens, p in candidates],
                  "An eos at the first step is a complete sequence; if kept, it is ranked with the others."),
            Table("By width", ["width", "kept, best first", "probability of the best"],
                  [[w, record.texts[f"kept|{w}"], round(record.numbers[f"best|{w}"], 6)] for w in WIDTHS],
                  "The hypotheses that beam search returns."),
        ],
    )  # fmt: skip


def question(rng: Random) -> Question:
    """Ask for the probabilities of the greedy and of the likeliest sequence in a table without ties."""

    def row() -> tuple[float, ...]:
        cuts = sorted(rng.sample(range(1, 20), 3))
        return tuple(round((b - a) / 20, 2) for a, b in zip([0, *cuts], [*cuts, 20], strict=True))

    while True:
        plan = Plan(row(), row(), row(), row())
        pairs = sorted(every_pair(plan).items(), key=lambda item: -item[1])
        first = max(range(4), key=plan.first.__getitem__)
        after = (plan.after_a, plan.after_b, plan.after_c, (0, 0, 0, 1))[first]
        unique = all(len(set(values)) == 4 for values in (plan.first, after[:4] if first != END else (1, 2, 3, 4)))
        if unique and first != END and pairs[0][1] > pairs[1][1] + 1e-6:
            break
    greedy = plan.first[first] * max(after)
    rows = "; ".join(
        f"after {token} {', '.join(f'{p:g}' for p in row)}"
        for token, row in zip("ABC", (plan.after_a, plan.after_b, plan.after_c), strict=True)
    )
    text = (
        "A model's probabilities of A, B, C and eos, in this order, are "
        f"{', '.join(f'{p:g}' for p in plan.first)} at the first step. At the second step they are: {rows}. a) What "
        "is the probability of the sequence that greedy decoding writes? b) What is the probability of the likeliest "
        "sequence of two tokens, or of eos alone?"
    )
    parts = (
        Part("a", "probability", (greedy,), within=0.001), Part("b", "probability", (pairs[0][1],), within=0.001),
    )  # fmt: skip
    table = {row: getattr(plan, row) for row in ("first", "after_a", "after_b", "after_c")}
    return Question(text, parts, table, f"The likeliest sequence is {name(pairs[0][0])}.")
