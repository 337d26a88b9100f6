"""Sample tunes from a model of exercise 15.24."""

import math
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

import torch
from torch import Tensor

from elman.apps.tunes import LONGEST, PITCHES, RESTED, Batch, TuneModel, encode, lowest
from elman.data.music.melody import REST, Melody, Note

__all__ = ["compose"]

LIMIT = 64 * 16  # sixteenths after which a tune that does not end is cut off


@torch.inference_mode()
def compose(
    model: TuneModel,
    beginnings: Sequence[Melody],
    generator: torch.Generator,
    temperature: float = 1.0,
    bars: int | None = None,
    begun: bool = False,
) -> tuple[list[Melody], list[float]]:
    """Sample tunes from a model.

    Args:
        model: a trained model, in evaluation mode.
        beginnings: one per tune; gives the tune's metre, pickup and key, and its first notes if ``begun``.
        generator: of the random numbers.
        temperature: of durations and pitches; 1 follows the model, 0 takes the likeliest.
        bars: length of every tune in whole bars; default None: the model decides when a tune ends.
        begun: whether each tune continues the notes of its beginning; default False.

    Returns:
        The tunes, and the probability that the model assigned to the end of each.

    Raises:
        ValueError: if the temperature is negative or not finite, or a beginning is longer than the bars.
    """
    if not (math.isfinite(temperature) and temperature >= 0):
        raise ValueError(f"temperature must be 0 (likeliest) or a positive number, got {temperature}")
    grid = model.settings.grid
    lengths = [LIMIT if bars is None else bars * tune.bar + tune.pickup for tune in beginnings]
    written: list[list[Note]] = [list(tune.notes) if begun else [] for tune in beginnings]
    left = [
        int(grid * (whole - sum(note.duration for note in notes)))
        for whole, notes in zip(lengths, written, strict=True)
    ]  # steps
    if min(left) < 0:
        raise ValueError(f"the beginning is longer than {bars} bars; ask for more bars")
    batch = encode(model.settings, beginnings)
    if not begun:
        batch = Batch(batch.pitches[:1], batch.durations[:1], batch.beats[:1], *batch[3:])
    known, state = model.encode(batch)
    ends = [0.0] * len(beginnings)
    going = list(range(len(beginnings)))
    while True:
        scores = model.duration_scores(known[-1])
        allowed = torch.arange(LONGEST * grid + 1) <= torch.tensor(left)[:, None]
        if bars is not None:
            allowed[:, 0] = torch.tensor(left) == 0
        durations = _draw(scores.masked_fill(~allowed, -torch.inf), temperature, generator)
        pitch_scores = model.pitch_scores(known[-1], durations)
        for row, tune in enumerate(beginnings):  # no note beyond MIDI's range, nor a tune that is all rests
            low = lowest(model.settings, tune)
            sounding = any(note.pitch != REST for note in written[row])
            pitch_scores[row, [k for k in range(1, PITCHES) if not 0 <= k + low <= 127]] = -torch.inf
            if not sounding:
                pitch_scores[row, RESTED] = -torch.inf
        pitches = _draw(pitch_scores, temperature, generator)
        for row in list(going):
            duration, pitch = int(durations[row]), int(pitches[row])
            if duration == 0 and written[row]:
                ends[row] = float(scores[row, 0].exp())
                going.remove(row)
                continue
            duration = max(1, duration)
            low = lowest(model.settings, beginnings[row])
            written[row].append(Note(REST if pitch == RESTED else pitch + low, Fraction(duration, grid)))
            left[row] -= duration
            if left[row] == 0 and bars is None:
                going.remove(row)
        if not going:
            break
        beats = [
            int(grid * (sum(note.duration for note in notes) - tune.pickup)) % (grid * tune.bar)
            for notes, tune in zip(written, beginnings, strict=True)
        ]
        step = Batch(pitches[None], durations[None].clamp(min=0), torch.tensor([beats]), *batch[3:])
        known, state = model.encode(step, state)
    tunes = [replace(tune, notes=tuple(notes), title="") for tune, notes in zip(beginnings, written, strict=True)]
    return tunes, ends


def _draw(scores: Tensor, temperature: float, generator: torch.Generator) -> Tensor:
    """Draw from log-probabilities ``[B, V]`` sharpened or flattened by a temperature."""
    if temperature == 0:
        return scores.argmax(-1)
    scaled = (scores - scores.max(-1, keepdim=True).values) / temperature
    return torch.multinomial(scaled.softmax(-1), 1, generator=generator)[:, 0]
