"""N-grams over the notes of tunes, the baseline of models of tunes. Study 15.24 and ``elman fit`` share them."""

from collections.abc import Iterator, Sequence

from elman.baselines.sequence_gram import SequenceGram
from elman.data.music.melody import REST, Duration, Melody

__all__ = ["ALPHABET", "ORDERS", "PLACED", "fitted_grams", "grams_of", "nats_of_tunes"]

ALPHABET = 1 + 32 * 62  # the end, and every pair of duration and pitch that the network can choose
ORDERS = {"unigram": 1, "bigram": 2, "5-gram": 5}
PLACED = "given the place in the bar"


def grams_of(training: Sequence[Melody], test: Sequence[Melody]) -> dict[str, float]:
    """Return nats per note, ends included, of n-grams over pairs of pitch above the tonic and duration.

    Args:
        training: tunes of known key to fit on.
        test: tunes of known key to score.
    """
    tokens, places = [_tokens(tune) for tune in test], [list(_places(tune)) for tune in test]
    return {
        name: gram.nats_per_token(tokens, places if PLACED in name else None)
        for name, gram in fitted_grams(training).items()
    }


def fitted_grams(training: Sequence[Melody], grid: int = 1) -> dict[str, SequenceGram]:
    """Return n-grams of several orders by name, with and without the place in the bar.

    Args:
        training: tunes of known key.
        grid: steps per sixteenth in which the network counts durations; default 1.
    """
    tokens, places = [_tokens(tune) for tune in training], [list(_places(tune)) for tune in training]
    alphabet = 1 + (ALPHABET - 1) * grid
    grams = {name: SequenceGram(tokens, order, alphabet) for name, order in ORDERS.items()}
    placed = {f"{name}, {PLACED}": SequenceGram(tokens, order, alphabet, places) for name, order in ORDERS.items()}
    return grams | placed


def nats_of_tunes(name: str, gram: SequenceGram, tunes: Sequence[Melody]) -> list[float]:
    """Return the mean nats per note of each tune, its end included.

    Args:
        name: name of the n-gram among :func:`fitted_grams`.
        gram: the n-gram.
        tunes: tunes of known key.
    """
    found = []
    for tune in tunes:
        found.append(gram.nats_per_token([_tokens(tune)], [list(_places(tune))] if PLACED in name else None))
    return found


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
