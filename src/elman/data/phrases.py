"""Sentence pairs to translate: a generated subset of English and German with known alignment, and Multi30k."""

import random
from dataclasses import dataclass

from elman.data.errors import DataError
from elman.data.tokens import multi30k as split_text

__all__ = ["Phrase", "multi30k", "phrases", "split_text"]


@dataclass(frozen=True)
class Phrase:
    """A sentence, its translation, and for each translated word the position of its source word (-1 if none)."""

    source: tuple[str, ...]
    target: tuple[str, ...]
    aligned: tuple[int, ...] = ()


# noun: German, gender; the articles and endings of the nominative and the accusative follow from it
NOUNS = {
    "dog": ("Hund", "m"), "man": ("Mann", "m"), "tree": ("Baum", "m"), "woman": ("Frau", "f"), "cat": ("Katze", "f"),
    "town": ("Stadt", "f"), "child": ("Kind", "n"), "house": ("Haus", "n"), "horse": ("Pferd", "n"),
    "book": ("Buch", "n"),
}  # fmt: skip
ADJECTIVES = {"old": "alt", "young": "jung", "small": "klein", "big": "groß", "red": "rot", "new": "neu"}
VERBS = {"sees": "sieht", "finds": "findet", "draws": "malt", "loves": "liebt", "knows": "kennt", "seeks": "sucht"}
SAYS = {"says": "sagt", "thinks": "denkt", "hopes": "hofft"}
ARTICLES = {("m", 0): "der", ("m", 1): "den", ("f", 0): "die", ("f", 1): "die", ("n", 0): "das", ("n", 1): "das"}


def phrases(count: int, seed: int, held_out: bool = False) -> list[Phrase]:
    """Draw sentences.

    The German follows its grammar: articles agree in gender and case, adjectives take endings, and in a clause after
    *that* the verb comes last. A fixed fifth of the sentences is held out.

    Args:
        count: number of sentences.
        seed: seed of the draw.
        held_out: whether to draw held-out sentences or the others.

    Example:
        >>> phrase = phrases(1, seed=6)[0]
        >>> print(*phrase.source)
        the cat says that the woman draws the big tree
        >>> print(*phrase.target)
        die Katze sagt , dass die Frau den großen Baum malt
        >>> phrase.aligned
        (0, 1, 2, -1, 3, 4, 5, 7, 8, 9, 6)
    """
    choice = random.Random(f"{seed} {held_out}")
    found = []
    while len(found) < count:
        phrase = _phrase(choice)
        if (random.Random(" ".join(phrase.source)).random() < 0.2) == held_out:
            found.append(phrase)
    return found


def _phrase(choice: random.Random) -> Phrase:
    source: list[str] = []
    target: list[tuple[str, int]] = []

    def noun_phrase(case: int) -> None:
        noun = choice.choice(list(NOUNS))
        german, gender = NOUNS[noun]
        target.append((ARTICLES[gender, case], len(source)))
        source.append("the")
        if choice.random() < 0.5:
            adjective = choice.choice(list(ADJECTIVES))
            ending = "en" if gender == "m" and case else "e"
            target.append((ADJECTIVES[adjective] + ending, len(source)))
            source.append(adjective)
        target.append((german, len(source)))
        source.append(noun)

    if choice.random() < 0.5:
        noun_phrase(0)
        verb = choice.choice(list(SAYS))
        target.extend([(SAYS[verb], len(source)), (",", -1), ("dass", len(source) + 1)])
        source.extend([verb, "that"])
        late = True
    else:
        late = False
    noun_phrase(0)
    verb = choice.choice(list(VERBS))
    spoken = (VERBS[verb], len(source))
    source.append(verb)
    if not late:
        target.append(spoken)
    noun_phrase(1)
    if late:
        target.append(spoken)
    words, places = zip(*target, strict=True)
    return Phrase(tuple(source), tuple(words), tuple(places))


def multi30k(part: str, longest: int = 25) -> list[Phrase]:
    """Return sentence pairs of Multi30k, English to German, in lower case.

    Args:
        part: ``"train"``, ``"val"`` or ``"test_2016_flickr"``.
        longest: longer sentences are left out of ``"train"`` and ``"val"``.

    Raises:
        NotHere: if the set is not on this machine.
        DataError: if the two files differ in the number of lines.
    """
    from elman.data.catalogue import find_set
    from elman.data.files import find
    from elman.data.reading import read_lines

    sides = [read_lines(find(find_set("multi30k"), f"{part}.{language}")) for language in ("en", "de")]
    if len(sides[0]) != len(sides[1]):
        raise DataError(f"multi30k {part} has {len(sides[0])} English lines and {len(sides[1])} German ones")
    found = [Phrase(tuple(split_text(a)), tuple(split_text(b))) for a, b in zip(*sides, strict=True)]
    return [p for p in found if part.startswith("test") or max(len(p.source), len(p.target)) <= longest]
