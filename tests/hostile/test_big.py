"""Files that are large and sound: they are read in time and memory that grow as they do."""

import resource
import sys

import mido
import pytest

from elman.data.music.midi import read_midi
from elman.data.signals import read_signal
from elman.data.texts import text
from elman.data.vocabulary import Vocabulary

from .patience import patience

pytestmark = pytest.mark.slow
GROWTH = 8  # times a file's size that its reader may take at most, and a hundred bytes a row


def grown(read, size, rows=0):
    """What was read, once it is known to have taken no more memory than it may."""
    unit = 1 if sys.platform == "darwin" else 1024
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
    with patience(120):
        found = read()
    grew = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit - before
    assert grew < GROWTH * size + 300 * rows, f"{grew:,} bytes for a file of {size:,}"
    return found


def test_a_million_rows(tmp_path):
    path = tmp_path / "long.csv"
    path.write_text("value\n" + "".join(f"{k % 997}.{k % 10}\n" for k in range(1_000_000)))
    signal = grown(lambda: read_signal(path), path.stat().st_size, rows=1_000_000)
    assert len(signal) == 1_000_000
    assert signal.values[999] == 2.9


def test_a_text_of_fifty_megabytes(tmp_path):
    path = tmp_path / "long.txt"
    path.write_text("The quick brown fox jumps over the lazy dog.\n" * 1_111_112)
    found = grown(lambda: text(str(path)), path.stat().st_size)
    assert len(found.text) == path.stat().st_size > 50_000_000
    assert len(Vocabulary.from_text(found.text)) == 30


def test_a_million_midi_events(tmp_path):
    """Longer than a tune can be: refused, and not after an hour."""
    path = tmp_path / "long.mid"
    track = mido.MidiTrack()
    for k in range(500_000):
        track.append(mido.Message("note_on", note=60 + k % 12, time=0))
        track.append(mido.Message("note_off", note=60 + k % 12, time=120))
    song = mido.MidiFile(ticks_per_beat=480)
    song.tracks.append(track)
    song.save(path)
    with patience(120), pytest.raises(ValueError, match="is longer than 100,000 sixteenths"):
        read_midi(path)
