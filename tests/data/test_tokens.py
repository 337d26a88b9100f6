"""Tokenisers: each against the data set whose splits it must reproduce, and nothing lost."""

import re
import time
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elman.data.catalogue import find_set
from elman.data.errors import NotHere
from elman.data.files import find
from elman.data.reading import read_lines
from elman.data.sentences import sentiment, tagged
from elman.data.tokens import TOKENISERS, rt_polarity, split_words, sst2, tokenise, ud_english
from elman.errors import UnknownName


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("It costs $3.50, or 5%.", "It costs $ 3.50 , or 5 % ."),
        ("At 10:30 or 5pm on 08/16/2000", "At 10:30 or 5 pm on 08/16/2000"),
        ("He left the U.S. in Sept. 1999.", "He left the U.S. in Sept. 1999 ."),
        ("J.R. Smith, a.k.a. St. John", "J.R. Smith , a.k.a. St. John"),
        ("Well...what?! No!!!", "Well ... what ?! No !!!"),
        ("see http://a.b/c?d=1, or www.x.org.", "see http://a.b/c?d=1 , or www.x.org ."),
        ("mail me@example.org; read notes.txt", "mail me@example.org ; read notes.txt"),
        ("DON'T you'd've can't cannot gonna", "DO N'T you 'd 've ca n't can not gon na"),
        ("don\u2019t", "do n't"),
        ("The dogs' and O'Neill's c'est", "The dogs ' and O'Neill 's c'est"),
        ("a well-made e-mail, non-stop", "a well - made e-mail , non-stop"),
        ("and/or w/o 9/11", "and / or w/o 9/11"),
        ('"quoted" (and) [more]', '" quoted " ( and ) [ more ]'),
        (":-) and :( or <3", ":-) and :( or <3"),
        ("Good.<br /><br>Bad", "Good . Bad"),
        ("303-832-8160, 5,000 or 3-5", "303-832-8160 , 5,000 or 3 - 5"),
        ("@ann #topic #1", "@ann #topic # 1"),
        ("end.Then", "end . Then"),
        ("", ""),
    ],
)
def test_english_as_the_treebank_splits_it(text, words):
    assert ud_english(text) == words.split()


def spans(words):
    at, found = 0, Counter()
    for word in words:
        found[at, at + len(word)] += 1
        at += len(word)
    return found


def test_the_f1_of_the_treebank_s_own_words():
    """Precision and recall of word boundaries over the raw text of EWT's development part, as in CoNLL 2018."""
    try:
        lines = read_lines(find(find_set("english_ewt"), "en_ewt-ud-dev.conllu"))
        sentences = tagged("ewt").validation
    except NotHere as error:
        pytest.skip(str(error))
    texts = [line.removeprefix("# text = ") for line in lines if line.startswith("# text = ")]
    right = wrong = missed = 0
    for text, sentence in zip(texts, sentences, strict=True):
        ours, theirs = spans(ud_english(text)), spans("".join(word.split()) for word in sentence.words)
        right += (ours & theirs).total()
        wrong += (ours - theirs).total()
        missed += (theirs - ours).total()
    assert 2 * right / (2 * right + wrong + missed) > 0.993


def test_sst2_from_the_reviews_that_it_was_made_of():
    """SST-2 was made from rt-polarity: split as SST-2, a raw sentence of rt-polarity gives SST-2's own words."""
    try:
        raw = sentiment("rt-polarity").training[:3000]
        wanted = sentiment("sst2").training
    except NotHere as error:
        pytest.skip(str(error))

    def letters(words):
        return re.sub("lrb|rrb|[^a-z]", "", "".join(words))

    known = {letters(one.words): list(one.words) for one in wanted}
    both = [(sst2(" ".join(one.words)), known[key]) for one in raw if (key := letters(one.words)) in known]
    assert len(both) > 1200
    assert sum(ours == theirs for ours, theirs in both) / len(both) > 0.95
    assert sum(sst2(" ".join(words)) == words for words in known.values()) / len(known) > 0.999
    again = [rt_polarity(" ".join(one.words)) == list(one.words) for one in raw]
    assert sum(again) / len(again) > 0.99


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("words", 'It is n\'t " good " ( , is it ? )'),
        ("spaces", 'It isn\'t "good" (, is it?)'),
        ("ud-english", 'It is n\'t " good " ( , is it ? )'),
        ("sst2", "it is n't `` good '' lrb , is it ? rrb"),
        ("rt-polarity", 'it isn\'t " good " ( , is it ? )'),
        ("multi30k", 'it isn \' t " good " ( , is it ? )'),
    ],
)
def test_each_has_a_name(name, words):
    assert tokenise(name, 'It isn\'t "good" (, is it?)') == words.split()
    assert set(TOKENISERS) == {"words", "spaces", "ud-english", "sst2", "rt-polarity", "multi30k"}


def test_an_unknown_tokeniser():
    with pytest.raises(UnknownName, match="no tokeniser 'sst'; did you mean sst2"):
        tokenise("sst", "a")


@given(st.text(max_size=40) | st.text("aB.'-1@/:<>!?$ \u0301n't", max_size=40))
def test_nothing_is_lost_but_spaces_and_breaks(text):
    plain = text.replace("\u2019", "'")
    kept = "".join(re.sub(r"(?i)<br\s*/?>", " ", plain).split())
    assert "".join(split_words(text)) == "".join(ud_english(text)) == kept
    for name in TOKENISERS:
        assert not any(re.search(r"\s", word) or not word for word in tokenise(name, text))


@pytest.mark.parametrize("word", ["हिन्दी", "e\u0301tude", "می\u200cخواهم", "naïve"])
def test_a_mark_stays_with_its_letters(word):
    assert ud_english(f"a {word}, b") == ["a", word, ",", "b"]
    assert split_words(f"a {word}, b") == ["a", word, ",", "b"]


@pytest.mark.parametrize("unit", ["a", "a.", "a-", "a'", "1,", "1-111", "a@", "...", "http://", "ab.ab.", "a_", "/1"])
@pytest.mark.parametrize("name", sorted(TOKENISERS))
def test_long_words_take_linear_time(name, unit):
    begin = time.process_time()
    tokenise(name, unit * 4000 + "é!")
    assert time.process_time() - begin < 2
