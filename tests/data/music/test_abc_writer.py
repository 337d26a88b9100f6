"""A tune written as ABC reads as the same tune."""

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from elman.data.music.abc_notation import parse_tune
from elman.data.music.abc_writer import write_abc
from elman.data.music.melody import REST, Melody
from elman.data.music.own import read_tunes

lengths = st.one_of(st.integers(1, 40), st.fractions(Fraction(1, 6), 9, max_denominator=12))
notes = st.lists(st.tuples(st.integers(0, 127), lengths), min_size=1, max_size=20)


@given(notes, st.sampled_from([(4, 4), (6, 8), (3, 4), (2, 2), (5, 8)]), st.integers(0, 11), st.booleans(), st.data())
def test_round_trip(some, metre, tonic, minor, data):
    bar = 16 * metre[0] // metre[1]
    pickup = data.draw(st.integers(0, min(bar - 1, int(sum(d for _, d in some)))))
    tune = Melody(tuple(some), metre, pickup, tonic, minor, "A tune")
    back = parse_tune(write_abc(tune))
    assert (back.notes, back.metre, back.key, back.title) == (tune.notes, metre, tune.key, "A tune")
    if sum(d for _, d in some) > bar:
        assert back.pickup == pickup


def test_rests_and_a_book(tmp_path):
    tunes = [Melody(((60, 4), (REST, 4), (67 + k, 8)), tonic=None) for k in range(3)]
    (tmp_path / "book.abc").write_text("\n".join(write_abc(tune, k) for k, tune in enumerate(tunes, 1)))
    found, _ = read_tunes([tmp_path / "book.abc"])
    assert [tune.notes for tune in found] == [tune.notes for tune in tunes]
