"""Tasks that require copying from the source: a generator with unseen names, and the E2E restaurant set."""

import random
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from zlib import crc32

from elman.data.errors import DataError
from elman.data.pairs import Pairs, batch_pairs
from elman.data.reading import columns

__all__ = ["Coder", "Example", "Reports", "common_words", "read_restaurants"]

UNKNOWN, BEGIN, END = "<unknown>", "<begin>", "<end>"


@dataclass(frozen=True)
class Example:
    """The words of a source and of its target."""

    source: tuple[str, ...]
    target: tuple[str, ...]


class Coder:
    """A vocabulary extended by each source's unknown words (See, Liu & Manning, ACL 2017, section 2.2).

    Args:
        words: the vocabulary. Any other word is read as unknown, and can be written only by copying.

    Example:
        >>> coder = Coder(["met", "was"])
        >>> coder.encode(Example(("Ada", "met", "Bo"), ("Bo", "was", "Cy")))
        ([0, 3, 0], [5, 3, 6], [6, 4, 0])
        >>> coder.decode([6, 4, 0], ("Ada", "met", "Bo"))
        ['Bo', 'was', '<unknown>']
    """

    def __init__(self, words: Sequence[str]):
        self.words = [UNKNOWN, BEGIN, END, *sorted(set(words))]
        self.numbers = {word: number for number, word in enumerate(self.words)}
        self.begin, self.end = 1, 2

    def __len__(self) -> int:
        return len(self.words)

    def beyond(self, source: Sequence[str]) -> list[str]:
        """Return a source's unknown words, in the order of their extended ids."""
        return list(dict.fromkeys(word for word in source if word not in self.numbers))

    def encode(self, example: Example) -> tuple[list[int], list[int], list[int]]:
        """Return the source's ids in the vocabulary, its ids in the extended vocabulary, and the target's ids."""
        further = {word: len(self) + k for k, word in enumerate(self.beyond(example.source))}
        every = {**self.numbers, **further}
        return (
            [self.numbers.get(word, 0) for word in example.source],
            [every[word] for word in example.source],
            [every.get(word, 0) for word in example.target],
        )

    def decode(self, numbers: Sequence[int], source: Sequence[str]) -> list[str]:
        """Return the words of a target up to the end token."""
        every = [*self.words, *self.beyond(source)]
        kept = list(numbers)[: list(numbers).index(self.end)] if self.end in numbers else numbers
        return [every[number] for number in kept if number >= 0]

    def batch(self, examples: Sequence[Example], copies: bool) -> Pairs:
        """Return a batch; without ``copies``, words outside the vocabulary are unknown in the target."""
        sources, copied, targets = zip(*map(self.encode, examples), strict=True)
        if not copies:
            targets = tuple([n if n < len(self) else 0 for n in target] for target in targets)
        return batch_pairs(sources, targets, self.begin, self.end, copied=copied if copies else None)


ONSETS = (*"bdfgklmnprstvz", "br", "dr", "gr", "kl", "pl", "st", "tr")
SYLLABLES = [onset + rest for onset in ONSETS for rest in ("a", "e", "i", "o", "u", "an", "el", "or")]
VERBS = {"praised": "praise", "chased": "pursuit", "found": "discovery", "hired": "hiring", "saved": "rescue",
         "warned": "warning"}  # fmt: skip
BEFORE = ("", "last week", "after lunch with {}", "to the joy of {}", "as {} says")
AFTER = ("", "in the garden", "before {} came", "while {} and {} slept", "twice")


@dataclass(frozen=True)
class Reports:
    """A generator of sentences to rephrase: *Zorvan praised Kel* becomes *Kel had the praise of Zorvan*.

    Names are random strings of syllables, and ``known`` of them are in the vocabulary. Other names occur before or
    after, at any distance; one in four sentences names the object twice; and one target word (the noun of the verb)
    does not occur in the source.

    Args:
        known: names in the vocabulary; default 60.
        seed: seed of these names; default 0.

    Example:
        >>> reports = Reports()
        >>> example = reports.draw(1, unknown=1.0, seed=3)[0]
        >>> len(example.target), example.target[1:3], set(example.target) & set(reports.names)
        (6, ('had', 'the'), set())
    """

    known: int = 60
    seed: int = 0

    @property
    def names(self) -> list[str]:
        """The names in the vocabulary."""
        choice = random.Random(f"names {self.seed}")
        found: dict[str, None] = {}
        while len(found) < self.known:
            found.setdefault(_name(choice))
        return list(found)

    def coder(self) -> Coder:
        """The vocabulary: every word of the sentences, and the known names."""
        frames = " ".join((*BEFORE, *AFTER)).replace("{}", "").split()
        return Coder([*self.names, *frames, *VERBS, *VERBS.values(), "had", "the", "of", ",", "yes"])

    def draw(self, count: int, unknown: float, seed: int, held_out: bool = False) -> list[Example]:
        """Draw sentences; each name is outside the vocabulary with probability ``unknown``.

        A fifth of the names outside the vocabulary is held out; they are drawn only if ``held_out``.
        """
        choice, names = random.Random(seed), self.names
        known = set(names)

        def name() -> str:
            if choice.random() >= unknown:
                return choice.choice(names)
            while (drawn := _name(choice)) in known or (crc32(drawn.encode()) % 5 == 0) != held_out:
                pass
            return drawn

        found = []
        for _ in range(count):
            who, whom, verb = name(), name(), choice.choice(list(VERBS))
            before, after = choice.choice(BEFORE), choice.choice(AFTER)
            before, after = (text.format(name(), name()).split() for text in (before, after))
            again = ["yes", whom] if choice.random() < 0.25 else []
            source = (*before, who, verb, whom, *again, *after)
            found.append(Example(source, (whom, "had", "the", VERBS[verb], "of", who)))
        return found


def read_restaurants(path: Path, longest: int = 30) -> list[Example]:
    """Read the E2E set: slots with their values, and a sentence that expresses them.

    Names of several words become one word (``The_Vaults``) on both sides. Sentences that have more than ``longest``
    words or do not contain the restaurant's name are left out.

    Raises:
        DataError: if the file cannot be read, lacks the columns ``mr`` and ``ref``, or has no such sentence.
    """
    found = []
    for _, (meaning, text) in columns(path, ("mr", "ref")):
        slots = re.findall(r"([\w ]+)\[([^\]]*)\]", meaning)
        names = [value for slot, value in slots if slot.strip() in ("name", "near")]
        source: list[str] = []
        for slot, value in slots:
            whole = slot.strip() in ("name", "near")
            source += [slot.strip().replace(" ", "_") + ":", *([_one(value)] if whole else _words(value))]
        for name in sorted(names, key=len, reverse=True):
            text = text.replace(name, _one(name))
        target = [word if word in map(_one, names) else word.lower() for word in _words(text)]
        if names and _one(names[0]) in target and len(target) <= longest:
            found.append(Example(tuple(source), tuple(target)))
    if not found:
        raise DataError(f"{path} has no sentence of at most {longest} words that contains its restaurant's name")
    return found


def common_words(examples: Sequence[Example], least: int) -> list[str]:
    """Return the words that occur at least ``least`` times."""
    counted = Counter(word for example in examples for word in (*example.source, *example.target))
    return [word for word, times in counted.items() if times >= least]


def _one(name: str) -> str:
    return name.strip().replace(" ", "_")


def _words(text: str) -> list[str]:
    return re.findall(r"[\w£'-]+|[^\w\s]", text)


def _name(choice: random.Random) -> str:
    return "".join(choice.choice(SYLLABLES) for _ in range(choice.choice((2, 2, 3)))).capitalize()
