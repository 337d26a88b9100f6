"""Melodies there and back through MIDI, and files that are none."""

import sys
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mido import Message, MetaMessage, MidiFile, MidiTrack

from elman.data.errors import DataError
from elman.data.music.melody import REST, Melody, Note
from elman.data.music.midi import read_midi, write_midi

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
    with pytest.raises(DataError, match="holds no notes"):
        read_midi(saved(path, [MetaMessage("track_name", name="silence")]))
    with pytest.raises(DataError, match="holds no notes"):  # drums have no pitch
        read_midi(saved(path, played((0, 480, 60), channel=9)))


def test_polyphony(path):
    chords = played((0, 960, 60), (0, 960, 64), (960, 1920, 62), (960, 1920, 65))
    melody = played((0, 480, 72), (480, 960, 74), (960, 1920, 76))
    with pytest.raises(DataError, match=r"polyphonic: two notes sound at beat 0, and a melody has one"):
        read_midi(saved(path, chords))
    saved(path, [MetaMessage("time_signature", numerator=3, denominator=4)], melody, chords)
    with pytest.raises(DataError, match="track 1 alone is a melody"):
        read_midi(path)
    alone = read_midi(path, track=1)
    assert (alone.pitches, alone.metre, alone.bar) == ((72, 74, 76), (3, 4), 12)
    with pytest.raises(DataError, match="has no track 3; choose a track from 0 to 2"):
        read_midi(path, track=3)


def test_the_grid(path):
    near = played((5, 470, 60), (490, 955, 62))  # a player is not a machine
    assert read_midi(saved(path, near)).notes == ((60, 4), (62, 4))
    with pytest.raises(DataError, match=r"2 of 3 notes begin off the grid, the first at beat 0\.333"):
        read_midi(saved(path, played((0, 160, 60), (160, 320, 62), (320, 480, 64))))


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
