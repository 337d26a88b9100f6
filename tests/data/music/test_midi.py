"""Melodies there and back through MIDI, and files that are none."""

import sys
from contextlib import suppress
from fractions import Fraction

import mido
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mido import Message, MetaMessage, MidiFile, MidiTrack

from elman.data.errors import DataError
from elman.data.music.melody import REST, Melody, Note
from elman.data.music.midi import read_midi, read_midi_part, write_midi

SOUND = st.tuples(st.integers(0, 127), st.integers(1, 40))
SILENCE = st.tuples(st.just(REST), st.integers(1, 40))
METRES = st.sampled_from([(4, 4), (6, 8), (3, 4), (2, 2), (7, 8)])


@st.composite
def melodies(draw):
    metre = draw(METRES)
    inner = draw(st.lists(SOUND | SILENCE, max_size=12))
    key = draw(st.none() | st.integers(0, 11))
    pickup = draw(st.integers(0, 16 * metre[0] // metre[1] - 1))
    return Melody(
        (Note(*draw(SOUND)), *(Note(*note) for note in inner)), metre, pickup,
        key, key is not None and draw(st.booleans()), draw(st.text("abc é", min_size=1).map(str.strip).filter(bool)),
    ).tidied()  # fmt: skip


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return tmp_path_factory.mktemp("midi") / "tune.mid"


@given(melodies(), st.integers(20, 400))
@settings(max_examples=60, deadline=None)
def test_there_and_back(path, melody, tempo):
    write_midi(path, melody, tempo)
    again = read_midi(path)
    assert (again, again.title) == (melody, melody.title)


@given(st.binary(max_size=60), st.integers(0, 200))
@settings(max_examples=60, deadline=None)
def test_damage_is_told(path, damage, place):
    write_midi(path, Melody(((60, 4), (62, 2), (64, 2))))
    whole = path.read_bytes()
    broken = path.with_name("broken.mid")
    place = min(place, len(whole))
    broken.write_bytes(whole[:place] + damage + whole[place + len(damage) :])
    with suppress(DataError):  # nothing else may be raised
        read_midi(broken)


def saved(path, *tracks, ticks=480, kind=1):
    song = MidiFile(type=kind, ticks_per_beat=ticks)
    song.tracks.extend(MidiTrack(track) for track in tracks)
    song.save(path)
    return path


def played(*notes, channel=0):
    """Messages of (begin, end, pitch) in ticks."""
    events = sorted([(begin, 1, pitch) for begin, _, pitch in notes] + [(end, 0, pitch) for _, end, pitch in notes])
    now, track = 0, []
    for time, on, pitch in events:
        kind = "note_on" if on else "note_off"
        track.append(Message(kind, note=pitch, velocity=64 * on, time=time - now, channel=channel))
        now = time
    return track


def test_an_empty_file(path):
    path.write_bytes(b"")
    with pytest.raises(DataError, match="is empty: got 0 bytes"):
        read_midi(path)
    path.write_bytes(b"RIFF....")
    with pytest.raises(DataError, match="does not begin with MThd"):
        read_midi(path)
    with pytest.raises(DataError, match="is a folder"):
        read_midi(path.parent)
    with pytest.raises(DataError, match="there is no file"):
        read_midi(path.with_name("nothing.mid"))


def test_no_notes(path):
    with pytest.raises(DataError, match="holds no notes, or only drums"):
        read_midi(saved(path, [MetaMessage("track_name", name="silence")]))
    with pytest.raises(DataError, match="holds no notes"):  # drums have no pitch
        read_midi(saved(path, played((0, 480, 60), channel=9)))


CHORDS = played((0, 960, 60), (0, 960, 64), (960, 1920, 62), (960, 1920, 65))
TUNE = played((0, 480, 72), (480, 960, 74), (960, 1920, 76))


def test_several_tracks(path):
    saved(path, [MetaMessage("time_signature", numerator=3, denominator=4)], TUNE, CHORDS)
    alone, chosen = read_midi_part(path)
    assert (alone.pitches, alone.metre, alone.bar) == ((72, 74, 76), (3, 4), 12)
    assert chosen == (1, 2, 0, 3)
    accompaniment, chosen = read_midi_part(path, track=2)
    assert (accompaniment.notes, chosen) == (((64, 8), (65, 8)), (2, 2, 2, 4))
    with pytest.raises(DataError, match="has no track 3; choose a track from 0 to 2"):
        read_midi(path, track=3)
    with pytest.raises(DataError, match="holds no notes in track 0; choose one of the tracks with notes: 1, 2"):
        read_midi(path, track=0)
    saved(path, CHORDS, TUNE)
    assert read_midi(path).pitches == (72, 74, 76)
    saved(path, [MetaMessage("track_name", name="Lead vocals"), *CHORDS], TUNE)
    assert read_midi(path).pitches == (64, 65)
    saved(path, TUNE, CHORDS, played((0, 240, 100)))  # a bell is not a melody
    assert read_midi(path).pitches == (72, 74, 76)


def test_several_channels_of_one_track(path):
    high, low = played((0, 480, 72), (480, 960, 74)), played((0, 960, 48), channel=1)
    events, drum = mido.merge_tracks([high, low, played((0, 240, 40), (240, 480, 40), channel=9)]), 2
    melody, chosen = read_midi_part(saved(path, events, kind=0))
    assert (melody.pitches, chosen.parts) == ((72, 74), drum)


@pytest.mark.parametrize(
    ("spans", "expected", "dropped"),
    [
        ([(0, 500, 60), (480, 960, 62)], [(60, 4), (62, 4)], 0),  # played legato
        ([(0, 500, 62), (480, 960, 60)], [(62, 4), (60, 4)], 0),
        ([(0, 960, 72), (480, 960, 60)], [(72, 8)], 1),  # a lower note under a held one
        ([(0, 960, 60), (480, 960, 72)], [(60, 4), (72, 4)], 0),  # a higher note over a held one
        ([(0, 960, 72), (0, 480, 60), (480, 960, 62)], [(72, 8)], 2),
        ([(0, 480, 60), (0, 480, 60), (480, 960, 62)], [(60, 4), (62, 4)], 0),  # one note written twice
        ([(0, 600, 60), (480, 960, 60)], [(60, 4), (60, 4)], 0),  # struck again before its end
        ([(0, 400, 60), (480, 960, 62)], [(60, 3), (REST, 1), (62, 4)], 0),
        ([(0, 430, 60), (480, 960, 62)], [(60, 4), (62, 4)], 0),
    ],
)
def test_notes_that_overlap(path, spans, expected, dropped):
    melody, chosen = read_midi_part(saved(path, played(*spans)))
    assert (list(melody.notes), chosen.dropped) == (expected, dropped)


def test_changes(path):
    metas = [
        MetaMessage("key_signature", key="G", time=0),
        MetaMessage("time_signature", numerator=3, denominator=4, time=0),
        MetaMessage("set_tempo", tempo=400_000, time=480), MetaMessage("key_signature", key="D", time=0),
        MetaMessage("time_signature", numerator=3, denominator=4, time=0),
    ]  # fmt: skip
    melody = read_midi(saved(path, metas, TUNE))
    assert (melody.key, melody.metre, melody.changes) == ("G", (3, 4), ("key",))
    after = [MetaMessage("time_signature", numerator=2, denominator=4, time=1920)]
    assert read_midi(saved(path, after, TUNE)).changes == ()


def test_running_status(path):
    path.write_bytes(
        b"MThd\0\0\0\6\0\0\0\1\0\x60" b"MTrk\0\0\0\x11" b"\0\x90\x3c\x40" b"\x60\x3c\0" b"\0\x3e\x40" b"\x60\x3e\0"
        b"\0\xff\x2f\0"
    )  # fmt: skip
    assert read_midi(path).notes == ((60, 4), (62, 4))


@pytest.mark.parametrize(("name", "title"), [("Für Elise".encode(), "Für Elise"), (b"F\xfcr Elise", "Für Elise"),
                                             ("月".encode(), "月"), (b" \0", "tune")])  # fmt: skip
def test_titles(path, name, title):
    saved(path, [MetaMessage("track_name", name=name.decode("latin-1")), *TUNE])
    assert read_midi(path).title == title


def test_triplets_there_and_back(path):
    third = Fraction(4, 3)
    tune = Melody(
        ((60, third), (62, third), (64, third), (65, 4), (67, Fraction(1, 2)), (69, Fraction(7, 2)), (REST, 4))
    )
    write_midi(path, tune)
    assert read_midi(path) == tune


def test_the_grid(path):
    near = played((5, 470, 60), (490, 955, 62))  # a player is not a machine
    assert read_midi(saved(path, near)).notes == ((60, 4), (62, 4))
    third = Fraction(4, 3)
    triplet = read_midi(saved(path, played((0, 160, 60), (160, 310, 62), (320, 480, 64))))
    assert triplet.notes == ((60, third), (62, third), (64, third))
    with pytest.raises(DataError, match=r"2 of 3 notes begin off the sixteenths, the first at beat 0\.312; quantise"):
        read_midi(saved(path, played((0, 150, 60), (150, 290, 62), (290, 480, 64))))


def test_a_note_without_end(path):
    with pytest.raises(DataError, match="the note 60 never ends"):
        read_midi(saved(path, [Message("note_on", note=60, velocity=9, time=0)]))


def test_kinds_of_file(path):
    with pytest.raises(DataError, match="type 2"):
        read_midi(saved(path, played((0, 480, 60)), kind=2))


@pytest.mark.parametrize("tempo", [0, -1, 5000, float("nan")])
def test_a_tempo(path, tempo):
    with pytest.raises(ValueError, match="tempo must be 4 to 1000"):
        write_midi(path, Melody(((60, 4),)), tempo)


def test_without_mido(path, monkeypatch):
    monkeypatch.setitem(sys.modules, "mido", None)
    with pytest.raises(RuntimeError, match=r"pip install 'elman\[lab\]'"):
        write_midi(path, Melody(((60, 4),)))
