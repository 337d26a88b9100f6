"""Sentences to copy from: names that were never seen, numbers beyond the vocabulary, and the way back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elman.data.copying import Coder, Example, Reports, common_words, read_restaurants
from elman.data.errors import DataError

WORDS = st.lists(st.sampled_from(["met", "was", "Ada", "Bo", "Cy"]), min_size=1, max_size=8)


@given(WORDS, WORDS)
def test_there_and_back(source, target):
    coder, example = Coder(["met", "was"]), Example(tuple(source), tuple(target))
    read, copied, written = coder.encode(example)
    assert coder.decode(copied, source) == source
    assert all(a == b or (a == 0 and b >= len(coder)) for a, b in zip(read, copied, strict=True))
    assert coder.decode([*written, coder.end, 0], source) == [
        w if w in coder.numbers or w in source else "<unknown>" for w in target
    ]
    batch = coder.batch([example], copies=False)
    assert int(batch.target.max()) < len(coder)
    assert batch.copied is None


@given(st.integers(0, 10**6))
def test_sentences_are_told_the_other_way_round(seed):
    reports = Reports()
    coder, known = reports.coder(), set(reports.names)
    for rate in (0.0, 1.0):
        for example in reports.draw(20, rate, seed):
            whom, *_, noun, _, who = example.target
            assert noun not in example.source
            names = [word for word in example.source if word[0].isupper()]
            assert {who, whom} <= set(names)
            assert all((name in known) == (rate == 0) for name in names)
            assert set(coder.beyond(example.source)) == (set(names) if rate else set())
            assert 0 not in coder.encode(example)[2]


def test_a_fifth_of_the_names_is_held_out():
    def names(held_out):
        drawn = Reports().draw(2000, 1.0, 0, held_out)
        return {word for example in drawn for word in example.source if word[0].isupper()}

    training, test = names(False), names(True)
    assert not training & test
    assert len(training) > 1000
    assert len(test) > 500


def test_restaurants(tmp_path):
    path = tmp_path / "set.csv"
    path.write_text(
        'mr,ref\n"name[The Vaults], eatType[pub], near[Café Rio]","The Vaults is a pub near Café Rio."\n'
        '"name[Aromi], food[French]","It is French."\n'
    )
    (one,) = read_restaurants(path)
    assert one.source == ("name:", "The_Vaults", "eatType:", "pub", "near:", "Café_Rio")
    assert one.target == ("The_Vaults", "is", "a", "pub", "near", "Café_Rio", ".")
    assert set(common_words([one], 2)) == {"The_Vaults", "Café_Rio", "pub"}
    for text, said in (
        ("a,b\n", "no column mr, ref"),
        ("mr,ref\n", "no sentence"),
        ("mr,ref\nx\n", "line 2 has 1 columns; the first line names 2"),
    ):
        path.write_text(text)
        with pytest.raises(DataError, match=said):
            read_restaurants(path)
