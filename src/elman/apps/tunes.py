"""The model of exercise 15.24 and ``elman compose``: from the notes so far to the next note's duration and pitch."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torch.nn.utils.rnn import pad_sequence

from elman.cells.lookup import cell_named
from elman.data.music.melody import REST, Melody
from elman.nn.lstm import LSTM
from elman.nn.recurrent import Recurrent
from elman.nn.saving import read_model, write_model

__all__ = [
    "Batch", "Settings", "TuneModel", "batched", "encode", "fits", "load_tunes", "nats_of_each", "save_tunes",
    "score",
]  # fmt: skip

METRES = ((4, 4), (6, 8), (2, 4), (3, 4), (9, 8), (2, 2), (3, 2), (6, 4), (12, 8))  # any other is "other"
LONGEST = 32  # sixteenths of the longest note and bar; duration 0 is the end
BELOW, ABOVE = 24, 36  # a pitch may lie this many semitones below or above the reference
RESTED = 0  # the pitch index of a rest
BEGIN = BELOW + ABOVE + 2  # the pitch index before the first note
PITCHES = BEGIN  # number of pitches to choose from, the rest included
ASIDE = -100  # target at steps without one, ignored by the loss


@dataclass(frozen=True)
class Settings:
    """The settings of a model, as plain data.

    Args:
        reference: pitches are counted from the ``"tonic"`` of the tune's key or from ``"C"``; default ``"tonic"``.
        beat: whether the position in the bar where the next note begins is an input; default False.
        grid: steps per sixteenth in which durations are counted; default 1. 3 admits triplets, 6 also 32nds.
        cell: name of a built-in cell in place of the LSTM; default the LSTM.
    """

    hidden_size: int = 192
    dropout: float = 0.3
    reference: Literal["tonic", "C"] = "tonic"
    beat: bool = False
    grid: int = 1
    cell: str = ""


class Batch(NamedTuple):
    """B encoded tunes of at most T notes; event t follows the first t notes, and a tune's last event is its end."""

    pitches: Tensor  # [T + 1, B], of the note before each event, BEGIN first
    durations: Tensor  # [T + 1, B], in steps of the grid
    beats: Tensor  # [T + 1, B], steps since the bar line when the event begins
    headers: Tensor  # [2, B], metre and key
    next_pitches: Tensor  # [T + 1, B], ASIDE at the end and beyond
    next_durations: Tensor  # [T + 1, B], 0 at the end, ASIDE beyond


class TuneModel(nn.Module):
    """An LSTM that reads notes and predicts the next note as P(duration) P(pitch | duration).

    Metre and key are inputs at every step. If pitches are counted from the tonic, the key input is only major or
    minor.
    """

    def __init__(self, settings: Settings):
        super().__init__()
        self.settings = settings
        size = settings.hidden_size
        self.pitch = nn.Embedding(PITCHES + 1, size // 2)
        longest = LONGEST * settings.grid
        self.duration = nn.Embedding(longest + 1, size // 4)
        self.beat = nn.Embedding(longest, size // 4)
        self.metre = nn.Embedding(len(METRES) + 1, size // 8)
        self.key = nn.Embedding(24, size // 8)
        width = size // 2 + 2 * (size // 4) + 2 * (size // 8)
        self.recurrent: Any = (
            Recurrent(cell_named(settings.cell), width, size) if settings.cell else LSTM(width, size)
        )
        self.dropout = nn.Dropout(settings.dropout)
        self.head = nn.Linear(size, longest + 1)
        self.given = nn.Embedding(longest + 1, size)
        self.hidden = nn.Linear(size, size)
        self.pitch_head = nn.Linear(size, PITCHES)

    def encode(self, batch: Batch, state: Any = None) -> tuple[Tensor, Any]:
        """Return the LSTM's outputs before each event, ``[T + 1, B, H]``, and the state after the last."""
        beats = batch.beats if self.settings.beat else torch.zeros_like(batch.beats)
        metre, key = self.metre(batch.headers[0]), self.key(batch.headers[1])
        header = torch.cat([metre, key], -1).expand(len(beats), -1, -1)
        notes = [self.pitch(batch.pitches), self.duration(batch.durations), self.beat(beats)]
        outputs, state = self.recurrent(self.dropout(torch.cat([*notes, header], -1)), state)
        return self.dropout(outputs), state

    def duration_scores(self, known: Tensor) -> Tensor:
        """Return the log-probabilities ``[..., 32 grid + 1]`` of each duration in steps; duration 0 is the end."""
        return self.head(known).log_softmax(-1)

    def pitch_scores(self, known: Tensor, durations: Tensor) -> Tensor:
        """Return the log-probabilities ``[..., 62]`` of each pitch, given the duration."""
        return self.pitch_head(torch.tanh(self.hidden(known) + self.given(durations))).log_softmax(-1)

    def loss(self, batch: Batch) -> Tensor:
        """Return the mean negative log-likelihood over all notes and ends, in nats."""
        known = self.encode(batch)[0]
        events = batch.next_durations != ASIDE
        known, durations, pitches = known[events], batch.next_durations[events], batch.next_pitches[events]
        scored = cross_entropy(self.head(known), durations, reduction="sum")
        scored = scored - self.pitch_scores(known, durations).gather(-1, pitches.clamp(min=0)[:, None])[
            pitches != ASIDE
        ].sum()  # fmt: skip
        return scored / len(known)

    def nats(self, batch: Batch) -> Tensor:
        """Return the negative log-likelihood of each event, ``[T + 1, B]``, nats; 0 past a tune's end."""
        known = self.encode(batch)[0]
        events, notes = batch.next_durations != ASIDE, batch.next_pitches != ASIDE
        durations = batch.next_durations.clamp(min=0)
        scored = self.duration_scores(known).gather(-1, durations[..., None])[..., 0] * events
        pitches = self.pitch_scores(known, durations).gather(-1, batch.next_pitches.clamp(min=0)[..., None])[..., 0]
        return -(scored + pitches * notes)


def fits(tune: Melody, grid: int = 1) -> bool:
    """Return whether a model can encode a tune: its key is known, its notes are whole steps of the grid, its bar and
    notes last at most 32 sixteenths, and its pitches are in range about the tonic and, in every key, about middle C.

    Args:
        tune: the tune.
        grid: steps per sixteenth, of the model's :class:`Settings`; default 1.

    Example:
        >>> from fractions import Fraction
        >>> triplet = Melody(((60, Fraction(4, 3)),) * 3, tonic=0)
        >>> fits(triplet), fits(triplet, grid=3)
        (False, True)
    """
    if any((grid * length).denominator != 1 for length in (tune.pickup, *(note.duration for note in tune.notes))):
        return False
    if tune.tonic is None or tune.bar > LONGEST or any(note.duration > LONGEST for note in tune.notes):
        return False
    low, high = min(tune.pitches) - 60, max(tune.pitches) - 60
    # relative to C, training transposes by -6 to 5; relative to the tonic, a pitch falls by up to 11
    return low - max(6, tune.tonic) >= -BELOW and high + 5 <= ABOVE


def lowest(settings: Settings, tune: Melody) -> int:
    """Return the MIDI number of the model's pitch index 0; the lowest pitch is one above."""
    assert tune.tonic is not None
    return 59 - BELOW + (tune.tonic if settings.reference == "tonic" else 0)


def _header(settings: Settings, tune: Melody) -> list[int]:
    assert tune.tonic is not None
    metre = METRES.index(tune.metre) if tune.metre in METRES else len(METRES)
    return [metre, 12 * tune.minor + (0 if settings.reference == "tonic" else tune.tonic)]


def encode(settings: Settings, tunes: Sequence[Melody]) -> Batch:
    """Encode tunes as a padded batch."""
    rows: list[list[list[int]]] = []
    for tune in tunes:
        low = lowest(settings, tune)
        pitches = [RESTED if note.pitch == REST else note.pitch - low for note in tune.notes]
        durations = [int(note.duration * settings.grid) for note in tune.notes]
        bar, now = tune.bar * settings.grid, int(-tune.pickup * settings.grid)
        beats = [now % bar]
        for duration in durations:
            now += duration
            beats.append(now % bar)
        rows.append([[BEGIN, *pitches], [0, *durations], beats, [*pitches, ASIDE], [*durations, 0]])

    def padded(part: int, value: int) -> Tensor:
        return pad_sequence([torch.tensor(row[part]) for row in rows], padding_value=value)

    headers = torch.tensor([_header(settings, tune) for tune in tunes]).t()
    return Batch(padded(0, 0), padded(1, 0), padded(2, 0), headers, padded(3, ASIDE), padded(4, ASIDE))


def batched(
    settings: Settings, tunes: Sequence[Melody], batch_size: int, transpose: bool, seed: int
) -> Iterator[Batch]:
    """Yield batches endlessly, every tune once per epoch, tunes of similar length together.

    Args:
        settings: of the model.
        tunes: training tunes.
        batch_size: tunes per batch.
        transpose: whether each tune is transposed by a new random -6 to 5 semitones every time it is drawn.
        seed: of the order and the transpositions.
    """
    generator = torch.Generator().manual_seed(seed)

    def number(count: int) -> int:
        return int(torch.randint(count, (1,), generator=generator))

    while True:
        order = torch.randperm(len(tunes), generator=generator).tolist()
        pools = [order[k : k + 8 * batch_size] for k in range(0, len(order), 8 * batch_size)]
        ready = []
        for pool in pools:
            pool.sort(key=lambda k: len(tunes[k].notes))
            ready += [pool[k : k + batch_size] for k in range(0, len(pool), batch_size)]
        for k in torch.randperm(len(ready), generator=generator).tolist():
            chosen = [tunes[j] for j in ready[k]]
            yield encode(settings, [tune.transposed(number(12) - 6) for tune in chosen] if transpose else chosen)


@torch.no_grad()
def score(model: TuneModel, tunes: Sequence[Melody], batch_size: int = 64) -> float:
    """Return the mean negative log-likelihood per note or end, in nats, without dropout."""
    training = model.training
    model.eval()
    total, count = 0.0, 0
    ordered = sorted(tunes, key=lambda tune: len(tune.notes))
    for k in range(0, len(ordered), batch_size):
        batch = encode(model.settings, ordered[k : k + batch_size])
        events = int((batch.next_durations != ASIDE).sum())
        total, count = total + model.loss(batch).item() * events, count + events
    model.train(training)
    return total / count


@torch.no_grad()
def nats_of_each(model: TuneModel, tunes: Sequence[Melody], batch_size: int = 64) -> list[float]:
    """Return the mean negative log-likelihood per note of each tune, its end included, nats, without dropout."""
    training = model.training
    model.eval()
    order = sorted(range(len(tunes)), key=lambda k: len(tunes[k].notes))
    found = [0.0] * len(tunes)
    for start in range(0, len(order), batch_size):
        some = order[start : start + batch_size]
        for k, nats in zip(some, model.nats(encode(model.settings, [tunes[k] for k in some])).sum(0), strict=True):
            found[k] = nats.item() / (len(tunes[k].notes) + 1)
    model.train(training)
    return found


def save_tunes(folder: Path, model: TuneModel, source: str) -> None:
    """Write ``weights.safetensors`` and ``model.json`` into a folder.

    Raises:
        OSError: if the folder cannot be written.
    """
    write_model(folder, model, {"settings": vars(model.settings), "tunes": source})


def load_tunes(folder: Path) -> tuple[TuneModel, str]:
    """Return a saved model, in evaluation mode, and the name of the tunes it was trained on.

    Raises:
        ValueError: if a file is missing, damaged or of another kind of model.
    """

    def make(about: dict[str, Any]) -> TuneModel:
        return TuneModel(Settings(**about["settings"]))

    model, about = read_model(folder, make, (TuneModel,), "a model of tunes")
    notes = about.get("notes") or {}
    return model, str(about["tunes"] if "tunes" in about else notes.get("source"))
