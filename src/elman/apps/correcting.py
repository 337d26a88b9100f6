"""Correct the words of a text in their places: which words are corrected, and with which capitals."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

__all__ = ["Corrected", "corrected", "with_capitals"]

WORD = re.compile(r"[^\W\d_]+(?:['\N{RIGHT SINGLE QUOTATION MARK}][^\W\d_]+)*")
CODE = re.compile(r"[\d@_/\\]|\w\.\w")  # numbers, addresses and names of files are not words
SLIP = re.compile(r"[A-Z]{2}(?:[a-rt-z]|[a-z]{2,})")  # THe: the shift key was held too long

Ranked = Sequence[tuple[str, float]]


@dataclass(frozen=True)
class Corrected:
    """A corrected text.

    Args:
        text: with its words corrected; all else is as it was.
        words: each word that was looked up, with its ranked corrections in the original's capitals.
        left: words with characters that the model does not know; they are left as they are.
        unknown: words that no word of the dictionary is near; they are left as they are.
    """

    text: str
    words: list[tuple[str, list[tuple[str, float]]]]
    left: list[str]
    unknown: list[str]


def corrected(
    text: str,
    rank: Callable[[list[str]], Sequence[Ranked]],
    alphabet: str,
    listed: Mapping[str, str] | None = None,
    known: frozenset[str] = frozenset(),
) -> Corrected:
    """Correct each word of a text.

    A single letter is a word and is left as it is. Words with numbers, and addresses, are left too. A word with
    characters outside ``alphabet`` (*don't*, *naïve*) is left and listed, unless it is among the ``known`` words.

    Args:
        text: any text.
        rank: returns the ranked corrections of words in lower case, best first.
        alphabet: the letters that the model knows.
        listed: misspellings in lower case with their corrections; they come before the model.
        known: words in lower case that are right whatever the model says.

    Example:
        >>> corrected("Teh cat, I say", lambda words: [[("the", 0.0)] if w == "teh" else [(w, 0.0)] for w in words],
        ...           "abcdefghijklmnopqrstuvwxyz").text
        'The cat, I say'
    """
    listed, letters = listed or {}, set(alphabet)
    found = [
        match
        for chunk in re.finditer(r"\S+", text)
        if not CODE.search(chunk[0].strip(".,;:!?"))
        for match in WORD.finditer(text, chunk.start(), chunk.end())
        if len(match[0]) > 1
    ]
    folded = [match[0].lower().replace("\N{RIGHT SINGLE QUOTATION MARK}", "'") for match in found]
    asked = list(dict.fromkeys(w for w in folded if w not in listed and w not in known and set(w) <= letters))
    ranks: dict[str, Ranked] = dict(zip(asked, rank(asked), strict=True)) if asked else {}
    ranks |= {word: [(listed[word], 0.0)] for word in folded if word in listed}
    ranks |= {word: [(word, 0.0)] for word in folded if word in known}
    parts, end, words, left, unknown = [], 0, [], [], []
    for match, word in zip(found, folded, strict=True):
        best = match[0]
        if word not in ranks:
            left.append(match[0])
        elif not ranks[word]:
            unknown.append(match[0])
        else:
            order = [(with_capitals(match[0], one), score) for one, score in ranks[word]]
            words.append((match[0], order))
            best = order[0][0]
        parts += [text[end : match.start()], best]
        end = match.end()
    return Corrected("".join([*parts, text[end:]]), words, left, unknown)


def with_capitals(written: str, correction: str) -> str:
    """Return a correction with the capitals of the word that was written.

    *TEH* becomes *THE*, *Teh* and *THe* become *The*. A word that is right keeps its own capitals (*iPhone*).

    Example:
        >>> with_capitals("Paris", "paris"), with_capitals("TEH", "the"), with_capitals("THe", "the")
        ('Paris', 'THE', 'The')
        >>> with_capitals("iPhone", "iphone"), with_capitals("teh", "the")
        ('iPhone', 'the')
    """
    if SLIP.fullmatch(written):
        return correction[:1].upper() + correction[1:]
    if correction == written.lower():
        return written
    if len(written) > 1 and written.isupper():
        return correction.upper()
    return correction[:1].upper() + correction[1:] if written[:1].isupper() else correction
