"""Write names: a model of the next character of a name, conditioned on the name's class."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from pydantic import Field, PositiveFloat, PositiveInt
from torch import Tensor

from elman.apps.fitting.contract import Answer, Fitted, Found, Judged, Learner, Request, Task
from elman.apps.fitting.score import Score
from elman.apps.fitting.settings import Seed, Share, read_settings
from elman.apps.names import END, Pair, coded, culture_labels, loss_of, nats_of_each, nats_per_character, write_names
from elman.apps.saved_notes import NameWriter, parse
from elman.apps.saved_notes import fit as check_sizes
from elman.baselines.sequence_gram import SequenceGram
from elman.data.name_lists import cleaned, read_lists
from elman.data.reading import read_bytes
from elman.data.vocabulary import Vocabulary
from elman.nn.conditional import ConditionalLanguageModel, load_conditional

__all__ = ["TASK", "FittedNames", "Settings", "Using"]

ORDER = 5  # of the n-gram
WHAT = "a model of names"


@dataclass(frozen=True)
class Settings:
    """Sizes of the network and its training."""

    embedding_size: PositiveInt = 32
    condition_size: PositiveInt = 16  # of a class's vector
    hidden_size: PositiveInt = 128
    dropout: Share = 0.2
    batch_size: PositiveInt = 128
    learning_rate: PositiveFloat = 4e-3
    epochs: PositiveInt = 60  # at most


@dataclass(frozen=True)
class Using:
    """How to write names."""

    count: Annotated[int, Field(ge=1, le=10_000)] = 10
    temperature: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.8  # 0 takes the likeliest character
    seed: Seed = 0


class FittedNames(Fitted[Pair]):
    """A model of names."""

    task = "names"

    def __init__(self, module: Any, settings: dict[str, Any], notes: dict[str, Any]):
        super().__init__(module, settings, notes)
        self.classes: list[str] = notes["cultures"]
        self.vocabulary = Vocabulary.from_json(notes["vocabulary"])
        self.answers_empty = len(self.classes) == 1

    def judge(self, records: Sequence[Pair]) -> Judged:
        """Return the nats per character; characters that the training names lack are skipped."""
        known, said = scored(records, self.classes, self.vocabulary)
        each = nats_of_each(self.module, coded(known, self.classes, self.vocabulary))
        return Judged(per_name(each), said=said)

    def use(self, lines: Iterable[str], options: Mapping[str, str] | None = None) -> Iterator[Answer]:
        """Yield names of the class in each line; an empty line asks for the only class there is."""
        how = read_settings(Using, options or {})
        for number, line in enumerate(lines):
            of = line.strip() or (self.classes[0] if self.answers_empty else "")
            try:
                seed = (how.seed + number) % 2**63
                found = write_names(self.module, self.notes, [of] * how.count, how.temperature, seed)
            except ValueError as error:
                yield Answer(error=str(error))
                continue
            yield Answer("\t".join(found), {"class": of, "names": found})


class _Learner(Learner[Pair]):
    def __init__(self, training: Sequence[Pair], validation: Sequence[Pair], request: Request):
        self.plan = plan = read_settings(Settings, request.settings)
        self.training, self.classes = list(training), sorted({of for of, _ in training})
        self.vocabulary = Vocabulary.from_text(END + "".join(name for _, name in training))
        self.settings = {
            "vocabulary_size": len(self.vocabulary), "conditions": len(self.classes), "cell": request.cell or "GRU",
            "embedding_size": plan.embedding_size, "condition_size": plan.condition_size,
            "hidden_size": plan.hidden_size, "dropout": plan.dropout,
        }  # fmt: skip
        self.module = ConditionalLanguageModel(**self.settings)
        self.checked = coded(scored(validation, self.classes, self.vocabulary)[0], self.classes, self.vocabulary)
        rows = coded(training, self.classes, self.vocabulary)
        self._loss = loss_of(self.module, rows, plan.batch_size, request.seed)
        self.learning_rate, self.batches = plan.learning_rate, -(-len(rows) // plan.batch_size)
        self.most = plan.epochs * self.batches

    @property
    def loss(self) -> Callable[[int], Tensor]:
        """Nats per character of names drawn at random."""
        return self._loss

    def validate(self) -> float:
        """Return the nats per character of the validation names."""
        return nats_per_character(nats_of_each(self.module, self.checked))

    def finish(self) -> FittedNames:
        """Return the model."""
        notes = {"cultures": self.classes, "vocabulary": list(self.vocabulary.to_json())}
        return FittedNames(self.module, self.settings, notes)

    def baseline(self, records: Sequence[Pair]) -> tuple[str, Score]:
        """Return the nats per character of an interpolated 5-gram, conditioned on the class if there are several."""
        known, _ = scored(records, self.classes, self.vocabulary)
        several = len(self.classes) > 1
        names, tested = ([name for _, name in some] for some in (self.training, known))
        labels = culture_labels(self.training) if several else None
        gram = SequenceGram(names, ORDER, len(self.vocabulary), labels)
        nats = gram.nats(tested, culture_labels(known) if several else None)
        lengths = [len(name) + 1 for name in tested]
        sums = np.add.reduceat(nats, np.cumsum([0, *lengths[:-1]])).tolist()
        how = f"a {ORDER}-gram conditioned on the class" if several else f"a {ORDER}-gram"
        return how, per_name(list(zip(sums, lengths, strict=True)))


def per_name(each: Sequence[tuple[float, int]]) -> Score:
    """Return nats per character as a score of names.

    Args:
        each: the nats and the number of characters of each name, its end included.

    Example:
        >>> per_name([(4.0, 2), (2.0, 4)]).value
        1.0
    """
    values, weights = [nats / length for nats, length in each], [length for _, length in each]
    return Score("nats per character", values, weights, higher_is_better=False)


def scored(records: Sequence[Pair], classes: Sequence[str], vocabulary: Vocabulary) -> tuple[list[Pair], list[str]]:
    """Return the names of known classes without unknown characters, and sentences on what is left out.

    Raises:
        ValueError: if no name is left.
    """
    letters, known = set(vocabulary.to_json()), set(classes)
    found = [(of, "".join(c for c in name if c in letters)) for of, name in records if of in known]
    if not found:
        raise ValueError("none of the held-out names has a class of the training names; give more names")
    said = []
    others = Counter(of for of, _ in records if of not in known)
    if others:
        said.append(
            f"{others.total():,} names of {', '.join(others)} are not scored: the training names lack the class"
        )
    if strange := {c for of, name in records if of in known for c in name} - letters:
        said.append(f"characters that the training names lack are skipped: {' '.join(sorted(strange)[:20])}")
    return found, said


class Names(Task[Pair]):
    """Write names of a class."""

    name = "names"
    summary = "Write new names, of one class or of several."
    takes = "lists of names, a name a line: a file is a class; or a folder with a file Class.txt for each class"

    def read(self, paths: Sequence[Path], request: Request) -> Found[Pair]:
        """Read lists; names that differ in capitals only, or have several classes, stay in the same part."""
        lists: dict[str, list[str]] = {}
        said: list[str] = []
        for path in paths:
            if not path.is_dir():
                read_bytes(path)  # says why a file cannot be read
            some, about = read_lists(path)
            said += about
            for label, lines in some.items():
                lists.setdefault(label, []).extend(lines)
        by_class, about = cleaned(", ".join(path.name for path in paths), lists)
        records = [(label, name) for label, names in by_class.items() for name in names]
        said += [*about, f"{len(records):,} different names of {len(by_class):,} classes"]
        return Found(records, said, [name.casefold() for _, name in records])

    def learner(self, training: Sequence[Pair], validation: Sequence[Pair], request: Request) -> Learner[Pair]:
        """Build a conditional language model."""
        return _Learner(training, validation, request)

    def load(self, folder: Path) -> FittedNames:
        """Load a model of names, of a fit or of study 15.22."""
        module, notes = load_conditional(folder)
        said = parse(folder, WHAT, NameWriter, notes)
        check_sizes(
            folder, WHAT, classes=(len(said.cultures), module.condition.num_embeddings if module.condition else 1),
            characters=(len(said.vocabulary), module.head.out_features), ends=(said.vocabulary.count(END), 1),
        )  # fmt: skip
        return FittedNames(module, {}, notes)


TASK = Names()
