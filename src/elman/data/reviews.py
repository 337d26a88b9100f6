"""A grammar that generates short film reviews with known sentiment and parts of speech.

The *kind* of a review says what makes it hard:

- ``plain``: "the plot is wonderful ."
- ``negation``: "the plot is not wonderful ." says the opposite.
- ``contrast``: "although the cast is wonderful , the plot is dull ." - the main clause decides.
- ``distance``: "nobody who saw the film ... would call it dull ." - the negation is far from the word it negates.

A bag of words fails on the last two kinds and never on the first. Some words have several parts of speech, which only
the sentence decides: "love" is a noun or a verb, "like" a verb or an adposition, "that" a determiner, a pronoun or a
conjunction.
"""

import numpy as np

__all__ = ["KINDS", "reviews"]

Token = tuple[str, str]  # a word and its universal tag
Review = tuple[tuple[str, ...], str, tuple[str, ...], str]  # words, label, tags, kind

KINDS = ("plain", "negation", "contrast", "distance")
POSITIVE = (
    "wonderful", "moving", "clever", "funny", "gripping", "charming", "fresh", "tender", "brilliant", "warm", "bold",
    "elegant", "subtle", "thrilling", "honest", "graceful",
)  # fmt: skip
NEGATIVE = (
    "dull", "clumsy", "tedious", "predictable", "shallow", "noisy", "stale", "lifeless", "awful", "cold", "timid",
    "tiresome", "confused", "vulgar", "false", "bland",
)  # fmt: skip
PARTS = (
    "plot", "cast", "script", "score", "ending", "dialogue", "camera", "story", "hero", "villain", "music", "editing",
)  # fmt: skip
FILMS = ("film", "movie", "picture", "drama", "comedy", "thriller", "sequel", "remake")
PEOPLE = ("critic", "viewer", "child", "student", "neighbour", "friend", "actor", "director")
PLACES = ("theatre", "city", "festival", "village", "cinema", "studio")
ADVERBS = ("quite", "rather", "truly", "often", "simply", "very")
NAMES = ("Ada", "Boris", "Clara", "Dmitri", "Elena", "Farid", "Greta", "Hugo")


def reviews(count: int, seed: int = 0) -> list[Review]:
    """Generate reviews in random order, balanced over kinds and sentiments.

    Args:
        count: number of reviews.
        seed: the same seed gives the same reviews.

    Returns:
        Words, ``"negative"`` or ``"positive"``, a universal part-of-speech tag for each word, and the kind.

    Raises:
        ValueError: if ``count`` is negative.

    Example:
        >>> words, label, tags, kind = reviews(8, seed=1)[5]
        >>> " ".join(words)
        'Dmitri says that the plot is not thrilling .'
        >>> label, kind, tags[:3]
        ('negative', 'negation', ('PROPN', 'VERB', 'SCONJ'))
    """
    if count < 0:
        raise ValueError(f"count must be at least 0, got {count}")
    grammar = _Grammar(np.random.default_rng(seed))
    written = []
    for k in range(count):
        kind, good = KINDS[k % len(KINDS)], bool(k // len(KINDS) % 2)
        tokens = grammar.review(kind, good)
        words, tags = zip(*tokens, strict=True)
        written.append((words, "positive" if good else "negative", tags, kind))
    return [written[k] for k in grammar.random.permutation(count)]


class _Grammar:
    """The grammar's rules. Every method returns tokens; ``good`` is the sentiment that they express."""

    def __init__(self, random: np.random.Generator):
        self.random = random

    def pick(self, words: tuple[str, ...]) -> str:
        return words[self.random.integers(len(words))]

    def chance(self, p: float) -> bool:
        return self.random.random() < p

    def review(self, kind: str, good: bool) -> list[Token]:
        body = getattr(self, kind)(good)
        lead = self.opening() if self.chance(0.4) else []
        return [*lead, *body, (".", "PUNCT") if self.chance(0.8) else ("!", "PUNCT")]

    def opening(self) -> list[Token]:
        """A neutral clause with words that have two parts of speech."""
        return [
            [("like", "ADP"), ("every", "DET"), (self.pick(FILMS), "NOUN"), (",", "PUNCT")],
            [(self.pick(NAMES), "PROPN"), ("says", "VERB"), ("that", "SCONJ")],
            [("I", "PRON"), ("saw", "VERB"), ("that", "DET"), (self.pick(FILMS), "NOUN"), ("and", "CCONJ")],
            [("in", "ADP"), ("the", "DET"), (self.pick(PLACES), "NOUN"), (",", "PUNCT")],
        ][self.random.integers(4)]

    def thing(self) -> list[Token]:
        of = [("of", "ADP"), ("the", "DET"), (self.pick(FILMS), "NOUN")] if self.chance(0.3) else []
        return [("the", "DET"), (self.pick(PARTS), "NOUN"), *of]

    def judged(self, good: bool) -> Token:
        return self.pick(POSITIVE if good else NEGATIVE), "ADJ"

    def very(self) -> list[Token]:
        return [(self.pick(ADVERBS), "ADV")] if self.chance(0.4) else []

    def plain(self, good: bool) -> list[Token]:
        if self.chance(0.25):
            verb = "love" if good else "loathe"
            return [("I", "PRON"), (verb, "VERB"), *self.thing()]
        if self.chance(0.2):
            return [
                *self.thing(),
                ("is", "AUX"),
                ("a", "DET"),
                (self.pick(("love", "joy")) if good else "bore", "NOUN"),
            ]
        return [*self.thing(), ("is", "AUX"), *self.very(), self.judged(good)]

    def negation(self, good: bool) -> list[Token]:
        if self.chance(0.3):
            verb = "like" if not good else "mind"
            return [("I", "PRON"), ("do", "AUX"), ("not", "PART"), (verb, "VERB"), *self.thing()]
        word = self.pick(("not", "never", "hardly"))
        return [*self.thing(), ("is", "AUX"), (word, "PART" if word == "not" else "ADV"), self.judged(not good)]

    def contrast(self, good: bool) -> list[Token]:
        main, aside = self.half(good), self.half(not good)
        if self.chance(0.5):
            word = self.pick(("although", "while", "though"))
            return [(word, "SCONJ"), *aside, (",", "PUNCT"), *main]
        if self.chance(0.5):
            return [*main, (",", "PUNCT"), ("although", "SCONJ"), *aside]
        return [*aside, (",", "PUNCT"), ("but", "CCONJ"), *main]

    def half(self, good: bool) -> list[Token]:
        return self.negation(good) if self.chance(0.25) else [*self.thing(), ("is", "AUX"), self.judged(good)]

    def distance(self, good: bool) -> list[Token]:
        whom = [("nobody", "PRON")] if self.chance(0.5) else [("no", "DET"), (self.pick(PEOPLE), "NOUN")]
        place = [("in", "ADP"), ("the", "DET"), (self.pick(PLACES), "NOUN")]
        away = [
            [("who", "PRON"), ("saw", "VERB"), *self.thing(), *place],
            [*place, ("that", "PRON"), (self.pick(NAMES), "PROPN"), ("saw", "VERB")],
            [("who", "PRON"), ("came", "VERB"), ("with", "ADP"), (self.pick(NAMES), "PROPN"), ("and", "CCONJ"),
             (self.pick(NAMES), "PROPN")],
        ][self.random.integers(3)]  # fmt: skip
        call = [("would", "AUX"), ("call", "VERB"), *self.thing(), *self.very(), self.judged(not good)]
        return [*whom, *away, *call]
