"""Which configuration of a recurrent network suits which data.

**Question.** Which configuration (one-to-one, one-to-many, many-to-one, aligned or unaligned many-to-many) suits
(a) the sentiment of a review, (b) a melody from a genre, (c) translation, (d) a part of speech for each word, (e)
the next word?

**Method.** Each answer is a real model of this library, run on a batch with the shapes of its task: the input, the
output, and the step at which the first output can be known. An experiment shows which models look ahead: it
changes the last input and checks whether the first output changes.

**What to expect.** (a) many-to-one, (b) one-to-many, (c) unaligned many-to-many, (d) aligned many-to-many,
where looking ahead is legitimate, (e) many-to-one for a single next word. A language model is trained as aligned
many-to-many and must not look ahead, or it would read the word that it predicts.
"""

import math
from collections.abc import Sequence
from random import Random
from typing import Annotated

from pydantic import Field
from pydantic.dataclasses import dataclass

from elman.lab.arms import Arms
from elman.lab.findings import Claim, Findings, Passage, Table
from elman.lab.quiz import Part, Question
from elman.lab.study import Record, Trial
from elman.lab.workspace import Desk

TASKS = {
    "a": ("sentiment of a review", "many to one", "many words, one judgement at the end"),
    "b": ("melody from a genre", "one to many", "one label, notes until the model ends the tune"),
    "c": ("translation", "many to many, unaligned", "the target differs in length and order"),
    "d": ("part of speech", "many to many, aligned", "one tag per word; the words that follow are known and help"),
    "e": ("next word", "many to one for a single word; many to many, aligned, for a language model",
          "a language model predicts the next word after every prefix, and must not look ahead"),
}  # fmt: skip
KNOWN = {  # when the first output can be known
    "a": "after the last word", "b": "after the label", "c": "after the last source word",
    "d": "after the last word, reading both ways", "e": "after the first word",
}  # fmt: skip

TAGS = 17  # universal parts of speech
Size = Annotated[int, Field(gt=0, le=500)]


@dataclass(frozen=True)
class Plan:
    """Length of a sequence and sizes of the models; the answers do not depend on them."""

    steps: Size = 7
    batch_size: Size = 3
    hidden_size: Size = 8


QUICK = Plan()


def claims(plan: Plan) -> list[Claim]:
    """State which models look ahead."""

    def changed(arms: Arms, name: str) -> float | list[float]:
        return math.nan if plan.steps == 1 else arms.exact("shapes", name)  # one step has nothing to look ahead to

    return [
        Claim("causal", "A language model's first output does not depend on the last input.",
              "a language model must not read the word that it predicts", "outputs that change", at_most=0,
              measure=lambda arms: changed(arms, "causal")),
        Claim("ahead", "A bidirectional tagger's first output does depend on the last input.",
              "Schuster & Paliwal (1997)", "outputs that change", at_least=1,
              measure=lambda arms: changed(arms, "ahead")),
    ]  # fmt: skip


def trials(plan: Plan) -> list[Trial]:
    """Return the single trial."""
    return [Trial("shapes", 0)]


def run(plan: Plan, trial: Trial, desk: Desk) -> Record:
    """Run each model on the shapes of its task."""
    import torch

    import elman
    from elman.cells import GRUCell
    from elman.decode import sample
    from elman.nn.classifier import SequenceClassifier
    from elman.nn.language_model import LanguageModel
    from elman.nn.seq2seq import Seq2Seq

    T, B, H, V = plan.steps, plan.batch_size, plan.hidden_size, 20
    x, tokens = torch.randn(T, B, 5), torch.randint(V, (T, B))
    shapes: dict[str, tuple[torch.Size, torch.Size]] = {}
    with torch.no_grad():
        shapes["a"] = x.shape, SequenceClassifier(GRUCell(5, H), 2)(x).shape
        model = LanguageModel(V, 4, H)
        genre = torch.randint(V, (B, 1))
        shapes["b"] = genre.shape, sample(model.step, genre, 2 * T).shape
        shapes["c"] = tokens.shape, Seq2Seq(V, V, hidden_size=H)(tokens, torch.randint(V, (T + 3, B))).shape
        tagger = elman.nn.Recurrent(GRUCell, 5, H, bidirectional=True)
        head = torch.nn.Linear(2 * H, TAGS)
        shapes["d"] = x.shape, head(tagger(x)[0]).shape
        shapes["e"] = tokens.shape, model(tokens)[0].shape
        other, changed = x.clone(), tokens.clone()
        other[-1] += 1.0
        changed[-1] = (changed[-1] + 1) % V
        ahead = (tagger(other)[0][0] != tagger(x)[0][0]).any(-1).sum().item()
        causal = (model(changed)[0][0] != model(tokens)[0][0]).any(-1).sum().item()
    texts = {key: f"{list(one)} to {list(two)}" for key, (one, two) in shapes.items()}
    return Record(numbers={"ahead": float(ahead), "causal": float(causal)}, texts=texts)


def findings(plan: Plan, records: Sequence[Record]) -> Findings:
    """Report the five answers and the shapes."""
    (record,) = records
    rows = [[key, *TASKS[key], KNOWN[key], record.texts[key]] for key in TASKS]
    answer = "\n\n".join(f"**{key})** {name}: {kind} ({why})." for key, (name, kind, why) in TASKS.items())
    return Findings(
        summary="; ".join(f"({key}) {name}: {kind}" for key, (name, kind, _) in TASKS.items()) + ".",
        passages=[
            Passage("Answer", answer + "\n\nPredicting one word after a prefix is many to one. A language model is "
                    "trained on all prefixes of a text at once, so it must not look ahead."),
        ],
        tables=[
            Table("The five tasks", ["", "task", "configuration", "why", "first output known", "shapes, as run"],
                  rows,
                  f"T = {plan.steps} steps, B = {plan.batch_size} sequences: layers take and return [T, B, "
                  "features]; decoding returns tokens [B, T]."),
        ],
    )  # fmt: skip


SHAPES = ("one to one", "one to many", "many to one", "many to many, aligned", "many to many, unaligned")
ASKED = (
    ("naming the composer of a piece from its notes", 2), ("writing a caption for a picture", 1),
    ("deciding from a single photograph whether it shows a cat", 0), ("turning speech into text", 4),
    ("marking each frame of a film as day or night", 3), ("summarising a report in two sentences", 4),
    ("deciding whether a day of sensor readings has a fault", 2), ("marking names in a sentence, word by word", 3),
    ("continuing a melody of which only the key is given", 1), ("answering a question with one of four options", 2),
    ("writing the stress of every syllable in a line of verse", 3), ("turning dates such as 3/2/99 into words", 4),
)  # fmt: skip


def question(rng: Random) -> Question:
    """Ask for the configuration of three tasks."""
    drawn = rng.sample(ASKED, 3)
    asked = " ".join(f"{letter}) {task}." for letter, (task, _) in zip("abc", drawn, strict=True))
    parts = [
        Part(letter, "which", choices=SHAPES, right=right) for letter, (_, right) in zip("abc", drawn, strict=True)
    ]
    worked = " ".join(f"{letter}) {SHAPES[right]}." for letter, (_, right) in zip("abc", drawn, strict=True))
    return Question(f"Which configuration of an RNN fits each task? {asked}", tuple(parts), worked=worked)
