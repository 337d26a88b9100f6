"""Measures of study 15.24: properties of tunes."""

import math
from collections.abc import Sequence

from elman.data.music.melody import Melody
from elman.probe.melody import bars_filled, best_key, durations, in_scale, intervals, kl, nearest_distance

__all__ = ["MEASURES", "measured"]

MEASURES = (
    "key correlation", "its own key found", "in the scale", "bars filled", "steps of a second or less",
    "interval divergence", "duration divergence", "nearest distance", "notes per tune",
)  # fmt: skip


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
