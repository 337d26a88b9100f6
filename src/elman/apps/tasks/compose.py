"""Compose tunes: a model of the next note, trained on tune books in ABC or MIDI."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from elman.apps.composing import compose
from elman.apps.fitting.contract import Answer, Fitted, Found, Judged, Learner, Mistake, Request, Task
from elman.apps.fitting.score import Score
from elman.apps.fitting.settings import read_settings
from elman.apps.tune_grams import fitted_grams, nats_of_tunes
from elman.apps.tunes import LONGEST, TuneModel, encode, fits, nats_of_each, score
from elman.apps.tunes import Settings as ModelSettings
from elman.data.batches import Batches
from elman.data.errors import DataError
from elman.data.music.abc_fields import read_metre
from elman.data.music.abc_writer import write_abc
from elman.data.music.library import families
from elman.data.music.melody import Melody, Note, tonic_number
from elman.data.music.midi import write_midi
from elman.data.music.own import read_tunes
from elman.data.records import many
from elman.nn.saving import load_made
from elman.probe.melody import best_key

__all__ = ["TASK", "FittedComposer", "Settings", "Using", "grid_of"]

GRIDS = (1, 2, 3, 6, 12)  # steps per sixteenth
ENOUGH = 0.99  # share of the tunes that a grid must fit
SHOWN = 5
HEADER = re.compile(r"\s*(?:(K:\s*(?P<key>[^\s:]+)|M:\s*(?P<metre>\S+))\s*)*")


@dataclass(frozen=True)
class Settings:
    """Sizes of the network and its training."""

    grid: int = 0  # steps per sixteenth; 0: the smallest that fits the tunes
    hidden_size: int = 192
    dropout: float = 0.3
    batch_size: int = 16
    learning_rate: float = 4e-3
    epochs: int = 60  # at most


@dataclass(frozen=True)
class Using:
    """How to compose."""

    temperature: float = 0.8  # 0 takes the likeliest note, 1 follows the model
    bars: int = 0  # whole bars; 0: the model ends the tune
    seed: int = 0
    midi: str = ""  # file to write the tune to as well; of several tunes, the first


class FittedComposer(Fitted[Melody]):
    """A model of the next note."""

    task = "compose"

    def __init__(self, module: TuneModel, settings: dict[str, Any], notes: dict[str, Any]):
        super().__init__(module, settings, notes)
        self.key, self.metre = str(notes["key"]), str(notes["metre"])

    @property
    def reading(self) -> Mapping[str, Any]:
        """The grid."""
        return {"grid": self.module.settings.grid}

    def judge(self, records: Sequence[Melody]) -> Judged:
        """Return the nats per note, ends included, of the tunes that fit the model's grid; and the hardest tunes."""
        usable = fitting(records, self.module.settings.grid)
        found = of_tunes(nats_of_each(self.module, usable), usable)
        hardest = sorted(range(len(usable)), key=lambda k: -found.values[k])[:SHOWN]
        wrong = [
            Mistake(usable[k].title or f"tune {k + 1}", f"{found.value:.2f} nats", f"{found.values[k]:.2f} nats")
            for k in hardest
        ]
        left = len(records) - len(usable)
        return Judged(found, wrong, [f"{many(left, 'tune')} off the model's grid are not scored"] if left else [])

    def use(self, lines: Iterable[str], options: Mapping[str, str] | None = None) -> Iterator[Answer]:
        """Yield a tune in ABC for each line, a header such as ``K:D M:6/8``; without a key or metre, the commonest of
        the training. Options are those of :class:`Using`."""
        how = read_settings(Using, options or {})
        generator = torch.Generator().manual_seed(how.seed)
        for number, line in enumerate(lines, start=1):
            try:
                begin = beginning(line, self.key, self.metre)
                (tune,), _ = compose(self.module, [begin], generator, how.temperature, how.bars or None)
            except ValueError as error:
                yield Answer(error=str(error))
                continue
            tune = replace(tune, title=f"Elman {how.seed}.{number}")
            if how.midi and number == 1:
                write_midi(Path(how.midi), tune)
            text = write_abc(tune, number)
            yield Answer(text, {"abc": text, "key": tune.key, "metre": list(tune.metre), "notes": len(tune.notes)})


class _Learner(Learner[Melody]):
    def __init__(self, training: Sequence[Melody], validation: Sequence[Melody], request: Request):
        plan = read_settings(Settings, request.settings)
        self.grid = plan.grid or grid_of([*training, *validation])
        self.training, self.validation = fitting(training, self.grid), fitting(validation, self.grid)
        self.network = ModelSettings(plan.hidden_size, plan.dropout, "tonic", True, self.grid, request.cell)
        self.module = TuneModel(self.network)
        self.order = Batches([len(tune.notes) for tune in self.training], plan.batch_size, request.seed)
        self.learning_rate, self.batches = plan.learning_rate, len(self.order)
        self.most = plan.epochs * self.batches

    @property
    def loss(self) -> Callable[[int], Tensor]:
        """The nats per note of a batch of tunes."""
        return self._loss

    def _loss(self, update: int) -> Tensor:
        return self.module.loss(encode(self.network, [self.training[k] for k in self.order[update]]))

    def validate(self) -> float:
        """Return the nats per note of the validation tunes."""
        return score(self.module, self.validation)

    def finish(self) -> FittedComposer:
        """Return the model, with the commonest key and metre."""
        (key, _), *_ = Counter(tune.key for tune in self.training).most_common(1)
        (metre, _), *_ = Counter(tune.metre for tune in self.training).most_common(1)
        notes = {"key": key, "metre": f"{metre[0]}/{metre[1]}", "source": many(len(self.training), "tune")}
        return FittedComposer(self.module, asdict(self.network), notes)

    def baseline(self, records: Sequence[Melody]) -> tuple[str, Score]:
        """Return the score of the n-gram over notes that is best on the validation tunes."""
        usable = fitting(records, self.grid)
        grams = fitted_grams(self.training, self.grid)
        losses = {
            name: of_tunes(nats_of_tunes(name, gram, self.validation), self.validation).value
            for name, gram in grams.items()
        }
        best = min(losses, key=losses.__getitem__)
        return f"a {best}", of_tunes(nats_of_tunes(best, grams[best], usable), usable)


def of_tunes(nats: Sequence[float], tunes: Sequence[Melody]) -> Score:
    """Return the nats per note as a score of tunes, each weighed by its notes and its end."""
    return Score("nats per note", nats, [len(tune.notes) + 1.0 for tune in tunes], higher_is_better=False)


def grid_of(tunes: Sequence[Melody]) -> int:
    """Return the smallest grid, in steps per sixteenth, that fits nearly all of the tunes that any grid fits.

    Example:
        >>> from fractions import Fraction
        >>> grid_of([Melody(((60, 4),), tonic=0)]), grid_of([Melody(((60, Fraction(4, 3)),) * 3, tonic=0)])
        (1, 3)
    """
    counts = {grid: sum(fits(tune, grid) for tune in tunes) for grid in GRIDS}
    return next(grid for grid in GRIDS if counts[grid] >= ENOUGH * max(counts.values()))


def fitting(tunes: Sequence[Melody], grid: int) -> list[Melody]:
    """Return the tunes that fit a grid.

    Raises:
        ValueError: if no tune fits.
    """
    found = [tune for tune in tunes if fits(tune, grid)]
    if not found:
        raise ValueError(
            f"none of {many(len(tunes), 'tune')} fits {grid} steps per sixteenth; --set grid= sets another number"
        )
    return found


def beginning(line: str, key: str, metre: str) -> Melody:
    """Return a melody that carries the key and metre of a line, or the given ones; its one note is not played.

    Raises:
        ValueError: if the line is not a header, or the key or metre does not exist.

    Example:
        >>> begin = beginning("K:Em", "D", "6/8")
        >>> begin.key, begin.metre
        ('Em', (6, 8))
    """
    found = HEADER.fullmatch(line)
    if found is None:
        raise ValueError(f"expected a header such as K:D M:6/8, or an empty line, got {line[:40]!r}")
    tonic, minor = tonic_number(found["key"] or key)
    try:
        beats = read_metre(found["metre"] or metre)
    except DataError:
        raise ValueError(f"expected a metre such as M:6/8, got {found['metre']!r}") from None
    begin = Melody((Note(60, 1),), beats, tonic=tonic, minor=minor)
    if begin.bar > LONGEST:
        raise ValueError(f"a bar may have at most {LONGEST} sixteenths, got {begin.bar} in {found['metre']}")
    return begin


class Compose(Task[Melody]):
    """Compose tunes."""

    name = "compose"
    summary = "Compose tunes, note by note."
    takes = "ABC and MIDI files, or folders of them; one voice or track of each tune is read"

    def read(self, paths: Sequence[Path], request: Request) -> Found[Melody]:
        """Read tunes; versions of one tune stay in the same part."""
        plan = read_settings(Settings, request.settings)
        every, said = read_tunes(paths)
        known = [tune if tune.tonic is not None else _with_key(tune) for tune in every if not tune.changes]
        guessed = sum(tune.tonic is None for tune in every if not tune.changes)
        distinct: list[Melody] = []
        there = set[Any]()
        for tune in known:
            if tune is not None and (shape := (tune.shape, tune.metre)) not in there:
                there.add(shape)
                distinct.append(tune)
        grid = plan.grid or (grid_of(distinct) if distinct else 1)
        usable = [tune for tune in distinct if fits(tune, grid)]
        if not usable:
            where = ", ".join(map(str, paths))[:200]
            raise DataError(f"{where}: no tune has one key and metre and fits {grid} steps per sixteenth")
        if guessed:
            said.append(f"the keys of {many(guessed, 'tune')} are estimated from their notes")
        for count, why in (
            (len(every) - len(known), "change their key or metre"),
            (len(known) - len(distinct), "are the same as another"),
            (len(distinct) - len(usable), f"do not fit {grid} steps per sixteenth or the model's range"),
        ):
            if count:
                said.append(f"left aside: {many(count, 'tune')} that {why}")
        said.append(f"{many(len(usable), 'tune')}, {many(sum(len(one.notes) for one in usable), 'note')}")
        return Found(usable, said, families(usable))

    def learner(self, training: Sequence[Melody], validation: Sequence[Melody], request: Request) -> Learner[Melody]:
        """Build a model of the next note."""
        return _Learner(training, validation, request)

    def load(self, folder: Path) -> FittedComposer:
        """Load a model of tunes."""
        module, notes = load_made(
            folder, lambda settings: TuneModel(ModelSettings(**settings)), (TuneModel,), "a model of tunes"
        )  # fmt: skip

        return FittedComposer(module, {}, notes)


def _with_key(tune: Melody) -> Melody | None:
    try:
        key = best_key(tune)
    except ValueError:
        return None
    return replace(tune, tonic=key.tonic, minor=key.minor)


TASK = Compose()
