"""Correct spelling: a network that knows how words are misspelt, and how often each word is written."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Annotated, Any

import torch
from pydantic import Field, PositiveFloat, PositiveInt
from torch import Tensor

from elman.apps.correcting import corrected
from elman.apps.fitting.contract import Answer, Fitted, Found, Judged, Learner, Mistake, Request, Task
from elman.apps.fitting.score import Score
from elman.apps.fitting.settings import Share, no_options, read_settings
from elman.apps.saved_notes import Channel, parse
from elman.apps.saved_notes import fit as check_sizes
from elman.apps.spelling import WEIGHTS, batch, best, channel_scores, rank_words, settings, training_pairs
from elman.baselines.norvig import Candidates, norvig
from elman.data.errors import DataError
from elman.data.own_spelling import read_dictionary, read_misspellings
from elman.data.records import Records
from elman.data.spelling import SAME
from elman.data.typos import alphabet_of, ids_of, misspell
from elman.nn.saving import load_seq2seq, make_seq2seq
from elman.train.seq2seq import sequence_loss

__all__ = ["TASK", "Case", "FittedSpeller", "Settings"]

SHOWN = 10  # mistakes, and corrections of a word in JSON
CHECKED, TESTED, LEFT = 400, 1000, 200  # most words to choose by, to test on, and to leave as they are
OFTEN = 100  # most updates between two validations
WHAT = "a corrector of `elman fit`"


@dataclass(frozen=True)
class Settings:
    """The network, its training, and the words that it ranks."""

    hidden_size: PositiveInt = 128
    batch_size: PositiveInt = 128
    learning_rate: PositiveFloat = 3e-3
    updates: PositiveInt = 3000  # at most
    clean: Share = 0.15  # share of words left unchanged in training
    two_edits: Share = 0.3  # share of synthetic misspellings with two edits
    candidates: PositiveInt = 60  # words near a typo that are ranked
    edits: Annotated[int, Field(ge=1, le=10)] = 3  # largest distance of a candidate


@dataclass(frozen=True)
class Case:
    """A misspelling and the word that it means.

    Args:
        typo: the word as written.
        right: the right word.
        real: whether the misspelling is a user's, not synthetic.
        counts: how often each word is written; the same for all cases of a fit.
    """

    typo: str
    right: str
    real: bool
    counts: Mapping[str, int] = field(repr=False, compare=False)


class FittedSpeller(Fitted[Case]):
    """A channel model with a dictionary."""

    task = "correct"

    def __init__(self, module: Any, settings: dict[str, Any], notes: dict[str, Any]):
        super().__init__(module, settings, notes)
        self.candidates, self.alphabet = Candidates(notes["counts"]), str(notes["alphabet"])

    def rank(self, words: list[str]) -> list[list[tuple[str, float]]]:
        """Return the ranked corrections of words in lower case whose letters are all known."""
        return rank_words(
            self.module, words, self.candidates, weight=self.notes["weight"], edits=self.notes["edits"],
            most=self.notes["candidates"], alphabet=self.alphabet,
        )  # fmt: skip

    def correct(self, words: Sequence[str]) -> list[str]:
        """Return the best correction of each word, the word itself if the dictionary has no word near it."""
        known = [word for word in dict.fromkeys(words) if set(word) <= set(self.alphabet)]
        found = {word: order[0][0] for word, order in zip(known, self.rank(known), strict=True) if order}
        return [found.get(word, word) for word in words]

    def judge(self, records: Sequence[Case]) -> Judged:
        """Return the share of right corrections, of the user's misspellings if there are any."""
        tested = chosen(records, TESTED)
        given = self.correct([case.typo for case in tested])
        mistakes = [
            Mistake(case.typo, case.right, word)
            for case, word in zip(tested, given, strict=True) if word != case.right
        ]  # fmt: skip
        right = spread([case.right for case in tested if case.right in self.candidates.counts], LEFT)
        said = []
        if right:
            left = sum(map(str.__eq__, right, self.correct(right)))
            said.append(f"of {len(right)} words without an error, {left} are left as they are")
        if missing := sum(case.right not in self.candidates.counts for case in tested):
            said.append(f"{missing} of {len(tested)} right words are not in the dictionary and cannot be found")
        return Judged(per_word(tested, given), mistakes[:SHOWN], said)

    def use(self, lines: Iterable[str], options: Mapping[str, str] | None = None) -> Iterator[Answer]:
        """Yield each line with its words corrected, all else as it is; there are no options."""
        no_options(options)
        for line in lines:
            found = corrected(line, self.rank, self.alphabet)
            words = [
                {"word": word, "corrections": [{"word": one, "score": score} for one, score in order[:SHOWN]]}
                for word, order in found.words
            ]
            left = [*found.left, *found.unknown]
            yield Answer(found.text, {"text": line, "corrected": found.text, "words": words, "left": left})


class _Learner(Learner[Case]):
    def __init__(self, training: Sequence[Case], validation: Sequence[Case], request: Request):
        self.plan = plan = read_settings(Settings, request.settings)
        self.seed, self.counts = request.seed, dict(training[0].counts)
        self.real = [(case.typo, case.right) for case in training if case.real]
        self.words = sorted({case.right for case in training})
        self.alphabet = alphabet_of([*self.counts, *(typo for typo, _ in self.real), *self.words])
        checked = [case for case in chosen(validation, CHECKED) if set(case.typo + case.right) <= set(self.alphabet)]
        if not checked:
            raise ValueError("all validation words have characters that the training words lack; give more words")
        self.checked = checked
        self.settings = settings(plan.hidden_size, "pointer-generator", self.alphabet)
        self.settings |= {"cell": request.cell} if request.cell else {}
        self.module = make_seq2seq(self.settings)
        self.learning_rate, self.most = plan.learning_rate, plan.updates
        self.batches = max(1, min(OFTEN, (len(self.real) + len(self.words)) // plan.batch_size))

    @property
    def loss(self) -> Callable[[int], Tensor]:
        """Nats per letter of misspellings, given the right words."""
        return self._loss

    def _loss(self, update: int) -> Tensor:
        random, plan = Random(f"{self.seed} {update}"), self.plan
        pairs = training_pairs(
            plan.batch_size, self.words, self.real, plan.clean, plan.two_edits, random, self.alphabet
        )  # fmt: skip
        wrong, right = zip(*pairs, strict=True)
        return sequence_loss(self.module, batch(right, wrong, self.alphabet))

    def validate(self) -> float:
        """Return the nats per letter of the validation misspellings."""
        self.module.eval()
        wrong, right = zip(*((case.typo, case.right) for case in self.checked), strict=True)
        with torch.inference_mode():
            return sequence_loss(self.module, batch(right, wrong, self.alphabet)).item()

    def finish(self) -> FittedSpeller:
        """Choose the weight of the words' counts by the right corrections of the validation misspellings."""
        plan, typos = self.plan, [case.typo for case in self.checked]
        near = Candidates(self.counts).near(typos, plan.edits, plan.candidates)
        scores = channel_scores(self.module, typos, near, alphabet=self.alphabet)
        right = {
            weight: sum(
                best(case.typo, one, self.counts, weight) == case.right
                for case, one in zip(self.checked, scores, strict=True)
            )
            for weight in WEIGHTS
        }
        notes = {
            "counts": self.counts, "alphabet": self.alphabet, "weight": max(WEIGHTS, key=lambda w: right[w]),
            "edits": plan.edits, "candidates": plan.candidates,
        }  # fmt: skip
        return FittedSpeller(self.module, self.settings, notes)

    def baseline(self, records: Sequence[Case]) -> tuple[str, Score]:
        """Return the share of right corrections of Norvig's corrector: the most frequent of the nearest words."""
        tested = chosen(records, TESTED)
        typos = [case.typo for case in tested]
        near = Candidates(self.counts).near(typos)
        given = [norvig(typo, words, self.counts) for typo, words in zip(typos, near, strict=True)]
        return "Norvig's corrector", per_word(tested, given)


def spread(some: Sequence[Any], most: int) -> list[Any]:
    """Return at most ``most`` of some things, evenly spread.

    Example:
        >>> spread(range(10), 3), spread(range(2), 3)
        ([0, 3, 6], [0, 1])
    """
    return [some[k * len(some) // most] for k in range(most)] if len(some) > most else list(some)


def chosen(records: Sequence[Case], most: int) -> list[Case]:
    """Return the user's misspellings if there are any, else the synthetic ones, at most ``most``, evenly spread."""
    return spread([case for case in records if case.real] or records, most)


def per_word(cases: Sequence[Case], given: Sequence[str]) -> Score:
    """Return the share of right corrections as a score of right words, whose misspellings are not independent.

    Example:
        >>> cases = [Case("teh", "the", True, {}), Case("hte", "the", True, {}), Case("ct", "cat", True, {})]
        >>> score = per_word(cases, ["the", "tea", "cat"])
        >>> score.values, score.weights
        ([0.5, 1.0], [2, 1])
    """
    hits: dict[str, list[bool]] = {}
    for case, word in zip(cases, given, strict=True):
        hits.setdefault(case.right, []).append(word == case.right)
    return Score(
        "right corrections", [sum(each) / len(each) for each in hits.values()], [len(each) for each in hits.values()]
    )


class Correct(Task[Case]):
    """Correct the spelling of words."""

    name = "correct"
    summary = "Correct the spelling of the words of a text."
    takes = (
        "lists of misspellings (wrong->right, or wrong, tab, right), of words (with their counts or without), or both"
    )

    def read(self, paths: Sequence[Path], request: Request) -> Found[Case]:
        """Read misspellings and words; words that begin with the same five letters stay in the same part."""
        plan = read_settings(Settings, request.settings)
        pairs: dict[tuple[str, str], None] = {}
        counts: dict[str, int] = {}
        said: list[str] = []
        for path in paths:
            found = read_list(path)
            said += found.understood
            for one, other in found.records:
                if isinstance(other, str):
                    pairs[one, other] = None
                else:
                    counts[one] = counts.get(one, 0) + other
        listed = len(counts)
        for _, right in pairs:
            counts.setdefault(right, 1)
        if not listed:
            said.append(
                f"without a list of words, only the {len(counts):,} right words are known, and other words near them "
                "are changed"
            )
        elif len(counts) > listed:
            said.append(f"{len(counts) - listed:,} right words are added to the list of words")
        alphabet = alphabet_of(counts)
        records = [Case(wrong, right, True, counts) for wrong, right in pairs]
        random = Random(request.seed)
        for word in sorted(counts) if listed else ():
            if len(word) > 2:
                edits = 1 + (random.random() < plan.two_edits)
                records.append(Case(misspell(word, edits, random, alphabet), word, False, counts))
        if not records:
            raise DataError("there is no word of three letters or more to misspell; give a longer list of words")
        said.append(f"{len(pairs):,} misspellings, and {len(records) - len(pairs):,} words to misspell")
        return Found(records, said, [case.right[:SAME] for case in records])

    def learner(self, training: Sequence[Case], validation: Sequence[Case], request: Request) -> Learner[Case]:
        """Build an encoder-decoder from a right word to its misspellings."""
        return _Learner(training, validation, request)

    def load(self, folder: Path) -> FittedSpeller:
        """Load a corrector, of a fit or a channel model of study 15.23."""
        module, notes = load_seq2seq(folder)
        said = parse(folder, WHAT, Channel, notes)
        size = ids_of(said.alphabet)[2]
        check_sizes(folder, WHAT, source=(size, module.source_size), target=(size, module.target_size))
        if strange := set("".join(said.counts)) - set(said.alphabet):
            raise ValueError(f"{folder} does not hold {WHAT}: a word of its dictionary has {min(strange)!r}")
        return FittedSpeller(module, {}, notes | {"alphabet": said.alphabet})


def read_list(path: Path) -> Records[Any]:
    """Read misspellings or words, whichever the file has more lines of.

    Raises:
        DataError: if the file cannot be read, or has neither.
    """
    found: list[Records[Any]] = []
    reasons: list[str] = []
    readers: list[Callable[[Path], Records[Any]]] = [read_misspellings, read_dictionary]
    for reader in readers:
        try:
            found.append(reader(path))
        except DataError as error:
            reasons.append(str(error))
    if not found:
        raise DataError(reasons[0] if reasons[0] == reasons[1] else f"{reasons[0]}; or a word a line")
    return max(found, key=lambda one: len(one.records))


TASK = Correct()
