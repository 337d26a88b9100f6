"""People's own tunes: files and folders, ABC and MIDI, mixed, and what is said of them."""

import pytest

from elman.data.errors import DataError
from elman.data.music.library import tunes
from elman.data.music.melody import Melody
from elman.data.music.midi import write_midi
from elman.data.music.own import NAMED, read_tunes

BOOK = (
    "M:3/4\nL:1/4\n\nX:1\nT:One\nK:G\n|:GAB|1 c3:|2 [GB]3|]\n\nsome words\n\n"
    "X:2\nT:Two\nK:G\nV:1\nV:2\n[V:1] G3|[V:2] B3|\n"
    "\nX:3\nT:Three\nK:H\nGAB|\n\nX:4\nT:Four\nK:D\n(3DEF G2 & A3|[K:C]F3|[M:2/4]F2|]\n"
)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "book.ABC").write_text(BOOK)
    (tmp_path / "below").mkdir()
    write_midi(tmp_path / "below" / "a.mid", Melody(((60, 4), (67, 4)), tonic=0, title="Für"))
    write_midi(tmp_path / "below" / "b.midi", Melody(((60, 2), (67, 4))))
    (tmp_path / "below" / "bad.mid").write_bytes(b"MThd no")
    (tmp_path / "notes.txt").write_text("no tune")
    return tmp_path


def test_a_folder(folder):
    melodies, understood = read_tunes([folder])
    assert [tune.title for tune in melodies] == ["Für", "b", "One", "Two", "Four"]
    bad = folder / "below" / "bad.mid"
    assert understood[:-1] == [
        "Read 5 tunes from 1 ABC file and 2 MIDI files.",
        "1 tune with repeats: read once as written, with the ending that is played last.",
        "1 tune in several voices: the voice called a melody was read, otherwise the first with notes; voice= "
        "chooses another.",
        "1 tune with notes that sound together: the highest was kept.",
        "1 tune with overlaid voices (&): the first was read.",
        "1 tune in which the key changes: the pitches are right, and the first key is given.",
        "1 tune in which the metre changes: the lengths are right, and the first metre is given.",
        "1 tune followed by text after an empty line, which ends a tune: the text was not read.",
        "1 tune with notes that are not whole sixteenths, such as triplets.",
        "1 tune without a known key.",
        "Left aside: 1 tune that has no valid key, such as K:G, K:Am or K:D dorian.",
    ]
    assert understood[-1].startswith(f"Left aside: {bad} is a damaged MIDI file: ")
    assert all("\n" not in sentence for sentence in understood)


def test_files_and_folders(folder):
    book, one = folder / "book.ABC", folder / "below" / "a.mid"
    assert len(read_tunes([str(book), one])[0]) == 4
    assert len(read_tunes([one, one, folder / "below"])[0]) == 2  # each file once
    assert [t.title for t in read_tunes([one, book])[0]] == ["Für", "One", "Two", "Four"]


def test_a_wanted_voice_and_track(folder):
    melodies, understood = read_tunes([folder], voice="2", track=0)
    assert (next(t for t in melodies if t.title == "Two").pitches, len(melodies)) == ((71,), 5)
    assert "1 tune in several voices: the voice 2 was read." in understood
    _, understood = read_tunes([folder], voice="9", track=1)
    assert "Left aside: 1 tune that has no voice '9' among its voices '1', '2'." in understood
    assert f"Left aside: {folder / 'below' / 'a.mid'} has no track 1; choose a track from 0 to 0." in understood


def test_nothing_to_read(folder):
    bad = folder / "below" / "bad.mid"
    for paths, said in (
        ([folder / "nowhere"], "there is no file or folder"), ([folder / "notes.txt"], "is not an ABC or MIDI file"),
        ([], "got no files"), ([bad], "no usable tune .*damaged MIDI file"),
    ):  # fmt: skip
        with pytest.raises(DataError, match=said):
            read_tunes(paths)
    (folder / "empty").mkdir()
    with pytest.raises(DataError, match="has no ABC or MIDI file"):
        read_tunes([folder / "empty"])
    with pytest.raises(DataError, match=r"bad\.mid has no usable melody: .*damaged MIDI file"):
        tunes(str(bad))


def test_many_bad_files(folder):
    for k in range(NAMED + 3):
        (folder / f"{k}.mid").write_bytes(b"")
    understood = read_tunes([folder])[1]
    assert understood[-1] == "Left aside: 4 more files."
    assert sum(sentence.startswith("Left aside") for sentence in understood) == NAMED + 2


def test_a_collection_is_on_the_grid_in_one_key_and_metre(folder):
    found = tunes(str(folder))
    assert len(found.tunes) == 4
    assert found.left_aside == {
        "has no valid key, such as K:G, K:Am or K:D dorian": 1, "cannot be read": 1,
        "has notes that are not whole sixteenths": 1, "the same as another": 0,
    }  # fmt: skip
