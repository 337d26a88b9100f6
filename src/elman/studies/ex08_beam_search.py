"""Beam search by hand, on the printed table.

**Question.** Given the probabilities of a first token and of a second after A and after B: what does greedy
decoding write, which candidates does a beam of width 2 rank after the second step, and what width finds the
likeliest pair?

**Method.** The table becomes a step, `(tokens, state) -> (log-probabilities, state)`, and goes through the
search code that any model goes through: the greedy decoder and the beam search, its tree kept. All pairs are
also listed outright, and the smallest width whose best hypothesis is the likeliest of all is the answer to the
last part.

**The table's reading.** In print the fourth token has lost its name: it is the one that ends a sequence,
written in angle brackets, here `eos`, and its loss has shifted the cells beside it. With eos put back, after B
come A 0.6, B 0.2, eos 0.15 and C 0.05, and every column sums to one. What follows C is not printed. It does not
matter for the best pair, as no pair that begins with C can have more than P(C) = 0.2; it is set to even
chances.

**What to expect.** Greedy takes A and then C, 0.20. Width 2 keeps A and B, and finds B A with 0.21: a worse
first step that leads further.
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
    """Probabilities of A, B, C and eos: first, and after each of the three."""

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
    """The probability of every sequence of two tokens, or of one that is eos, by multiplication."""
    found: dict[tuple[int, ...], float] = {(END,): plan.first[END]}
    for one, row in enumerate((plan.after_a, plan.after_b, plan.after_c)):
        for two, p in enumerate(row):
            found[one, two] = plan.first[one] * p
    return found


def claims(plan: Plan) -> list[Claim]:
    """The three answers, for the printed numbers."""

    def missed(arms: Arms) -> float | list[float]:
        found = [value for width in WIDTHS for value in arms.numbers("search", f"best|{width}")]
        return max(every_pair(plan).values()) - max(found) if found else []

    def narrowest(arms: Arms) -> float | list[float]:
        for record in arms["search"]:
            return float(next(iter(enough(plan, record)), math.nan))
        return []

    best = Claim("best", "The beam search finds the likeliest of all pairs at some width from 1 to 4.",
                 "exhaustive listing", "probability missed", at_most=1e-6, measure=missed)  # fmt: skip
    if plan != Plan():
        return [best]
    by_hand = "the table by hand"
    return [
        Claim("greedy", "Greedy decoding writes a pair of probability 0.20.", by_hand, "probability",
              at_least=0.2 - 1e-6, at_most=0.2 + 1e-6, measure=lambda arms: arms.exact("search", "greedy")),
        Claim("beam", "The best pair of a beam of width 2 has probability 0.21.", by_hand, "probability",
              at_least=0.21 - 1e-6, at_most=0.21 + 1e-6, measure=lambda arms: arms.exact("search", "best|2")),
        Claim("width", "Width 2 is needed for the likeliest pair.", by_hand, "tokens wide", at_least=2, at_most=2,
              measure=narrowest),
        best,
    ]  # fmt: skip


def enough(plan: Plan, record: Record) -> list[int]:
    """The widths at which the beam search finds the likeliest of all pairs."""
    likeliest = max(every_pair(plan).values())
    return [width for width in WIDTHS if abs(record.numbers[f"best|{width}"] - likeliest) < 1e-6]


def trials(plan: Plan) -> list[Trial]:
    """One computation."""
    return [Trial("search")]


def run(plan: Plan, trial: Trial, desk: Desk) -> Record:
    """Send the table through the real searches."""
    import torch

    from elman.decode import beam_search, greedy

    never = (0.0, 0.0, 0.0, 1.0)  # eos is followed by nothing, and the start token by the first column
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
    """Write a sequence."""
    return " ".join(TOKENS[token] for token in tokens)


def findings(plan: Plan, records: Sequence[Record]) -> Findings:
    """The three answers."""
    (record,) = records
    pairs = every_pair(plan)
    ranked = sorted(pairs.items(), key=lambda item: -item[1])
    best, likeliest = ranked[0]
    widths = enough(plan, record)
    first = sorted(range(4), key=lambda token: -plan.first[token])[: plan.width]
    candidates = [(tokens, p) for tokens, p in ranked if tokens[0] in first]
    kept = " and ".join(TOKENS[token] for token in first)
    answer = (
        f"**a)** Greedy decoding writes {record.texts['greedy']}, of probability {record.numbers['greedy']:.4g}.\n\n"
        f"**b)** A beam of width {plan.width} keeps {kept} and ranks the {len(candidates)} candidates below; those "
        f"that go on are {record.texts[f'kept|{plan.width}']}.\n\n"
        f"**c)** The likeliest pair is {name(best)}, {likeliest:.4g}. "
        + (f"A width of {widths[0]} finds it. " if widths else "")
        + "A pair that begins with C has at most P(C), so what follows C, which is not printed, decides nothing as "
        "long as that is less. In general a width as large as the vocabulary is sure to find the best pair, since it "
        "keeps every first token."
    )
    return Findings(
        summary=(
            f"Greedy decoding writes {record.texts['greedy']} ({record.numbers['greedy']:.4g}); "
            f"the likeliest pair is {name(best)} ({likeliest:.4g})"
            + (f", found from width {widths[0]} on." if widths else ".")
        ),
        passages=[Passage("Answer", answer)],
        figures=[
            Heatmap("The table: what follows what", "next token", "token before",
                    [list(row) for row in (plan.first, plan.after_a, plan.after_b, plan.after_c)],
                    list(TOKENS), ["start", *TOKENS[:3]],
                    "Each row sums to one. Greedy decoding takes the brightest cell of the first row and then of "
                    "that token's own row; the likeliest pair has the largest product.", "probability"),
        ],
        tables=[
            Table(f"Candidates after step 2, width {plan.width}", ["sequence", "probability"],
                  [[name(tokens), round(p, 6)] for tokens, p in candidates],
                  "An eos at the first step is a finished sequence of its own, and ranked with the others if kept."),
            Table("By width", ["width", "kept, best first", "probability of the best"],
                  [[w, record.texts[f"kept|{w}"], round(record.numbers[f"best|{w}"], 6)] for w in WIDTHS],
                  "From the search tree of the beam search itself."),
        ],
    )  # fmt: skip


def question(rng: Random) -> Question:
    """Ask for the greedy pair and for the likeliest of a table with one answer each."""

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
        "A model over A, B, C and eos gives, in this order, the probabilities "
        f"{', '.join(f'{p:g}' for p in plan.first)} at the first step; {rows} at the second. a) What probability has "
        "the sequence that greedy decoding writes? b) What probability has the likeliest sequence of two tokens, or "
        "of eos alone?"
    )
    parts = (
        Part("a", "probability", (greedy,), within=0.001), Part("b", "probability", (pairs[0][1],), within=0.001),
    )  # fmt: skip
    table = {row: getattr(plan, row) for row in ("first", "after_a", "after_b", "after_c")}
    return Question(text, parts, table, f"The likeliest is {name(pairs[0][0])}.")
