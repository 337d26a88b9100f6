"""How the tunes of study 15.24 are measured: n-grams over their notes, and what each tune is like."""

import math
from collections.abc import Iterator, Sequence

from elman.baselines.sequence_gram import SequenceGram
from elman.data.music.melody import REST, Melody
from elman.probe.melody import bars_filled, best_key, durations, in_scale, intervals, kl, nearest_distance

__all__ = ["MEASURES", "grams_of", "measured"]

ALPHABET = 1 + 32 * 62  # the end, and every pair of a duration and a pitch that the network chooses from
ORDERS = {"unigram": 1, "bigram": 2, "5-gram": 5}
TOLD = "told the place in the bar"
MEASURES = (
    "key correlation", "its own key found", "in the scale", "bars filled", "steps of a second or less",
    "interval divergence", "duration divergence", "nearest distance", "notes a tune",
)  # fmt: skip


def grams_of(training: Sequence[Melody], test: Sequence[Melody]) -> dict[str, float]:
    """Return nats a note, ends included, of n-grams over pairs of a pitch above the tonic and a duration.

    Args:
        training: tunes of a known key to fit on.
        test: tunes of a known key to score.
    """
    parts = [[_tokens(tune) for tune in part] for part in (training, test)]
    told = [[list(_places(tune)) for tune in part] for part in (training, test)]
    scores = {name: SequenceGram(parts[0], order, ALPHABET).nats_a_token(parts[1]) for name, order in ORDERS.items()}
    for name, order in ORDERS.items():
        scores[f"{name}, {TOLD}"] = SequenceGram(parts[0], order, ALPHABET, told[0]).nats_a_token(parts[1], told[1])
    return scores


def _tokens(tune: Melody) -> list[tuple[int | None, int]]:
    assert tune.tonic is not None
    return [(None if pitch == REST else pitch - tune.tonic, duration) for pitch, duration in tune.notes]


def _places(tune: Melody) -> Iterator[tuple[tuple[int, int], int]]:
    """Metre and sixteenths since the bar line, of every note and of the end: what the network is told too."""
    now = -tune.pickup
    yield tune.metre, now % tune.bar
    for note in tune.notes:
        now += note.duration
        yield tune.metre, now % tune.bar


def measured(tunes: Sequence[Melody], training: Sequence[Melody]) -> dict[str, float]:
    """Return the :data:`MEASURES` of tunes of a known key: means over tunes, over all notes for steps, and over the
    tunes that have a whole bar for bars (NaN if none has).

    Raises:
        ValueError: if there are no tunes.
    """
    if not tunes:
        raise ValueError("there are no tunes to measure")
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
