"""Measures of study 15.24: the loss of n-grams over notes, and properties of tunes."""

import math
from collections.abc import Iterator, Sequence

from elman.baselines.sequence_gram import SequenceGram
from elman.data.music.melody import REST, Duration, Melody
from elman.probe.melody import bars_filled, best_key, durations, in_scale, intervals, kl, nearest_distance

__all__ = ["MEASURES", "grams_of", "measured"]

ALPHABET = 1 + 32 * 62  # the end, and every pair of duration and pitch that the network can choose
ORDERS = {"unigram": 1, "bigram": 2, "5-gram": 5}
PLACED = "given the place in the bar"
MEASURES = (
    "key correlation", "its own key found", "in the scale", "bars filled", "steps of a second or less",
    "interval divergence", "duration divergence", "nearest distance", "notes per tune",
)  # fmt: skip


def grams_of(training: Sequence[Melody], test: Sequence[Melody]) -> dict[str, float]:
    """Return nats per note, ends included, of n-grams over pairs of pitch above the tonic and duration.

    Args:
        training: tunes of known key to fit on.
        test: tunes of known key to score.
    """
    parts = [[_tokens(tune) for tune in part] for part in (training, test)]
    places = [[list(_places(tune)) for tune in part] for part in (training, test)]
    scores = {
        name: SequenceGram(parts[0], order, ALPHABET).nats_per_token(parts[1]) for name, order in ORDERS.items()
    }
    for name, order in ORDERS.items():
        gram = SequenceGram(parts[0], order, ALPHABET, places[0])
        scores[f"{name}, {PLACED}"] = gram.nats_per_token(parts[1], places[1])
    return scores


def _tokens(tune: Melody) -> list[tuple[int | None, Duration]]:
    assert tune.tonic is not None
    return [(None if pitch == REST else pitch - tune.tonic, duration) for pitch, duration in tune.notes]


def _places(tune: Melody) -> Iterator[tuple[tuple[int, int], Duration]]:
    """Yield metre and sixteenths since the bar line for every note and the end, as the network sees them."""
    now = -tune.pickup
    yield tune.metre, now % tune.bar
    for note in tune.notes:
        now += note.duration
        yield tune.metre, now % tune.bar


def measured(tunes: Sequence[Melody], training: Sequence[Melody]) -> dict[str, float]:
    """Return the :data:`MEASURES` of tunes of known key: means over tunes; for steps, over all notes; for bars, over
    the tunes with a whole bar (NaN where no tune has one).

    Raises:
        ValueError: if there are no tunes.
    """
    if not tunes:
        raise ValueError("got no tunes to measure, expected at least one")
    keys = [(best_key(tune), tune) for tune in tunes]
    bars = [share for share in map(bars_filled, tunes) if not math.isnan(share)]
    steps = intervals(tunes)
    values = (
        _mean([key.correlation for key, _ in keys]),
        _mean([float((key.tonic, key.minor) == (tune.tonic, tune.minor)) for key, tune in keys]),
        _mean([in_scale(tune, tune.tonic or 0, tune.minor) for tune in tunes]),
        _mean(bars) if bars else math.nan,
        sum(count for step, count in steps.items() if abs(step) <= 2) / max(1, steps.total()),
        kl(steps, intervals(training)) if steps else math.nan,
        kl(durations(tunes), durations(training)),
        _mean(nearest_distance(tunes, training)),
        _mean([float(len(tune.notes)) for tune in tunes]),
    )
    return dict(zip(MEASURES, values, strict=True))


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)
