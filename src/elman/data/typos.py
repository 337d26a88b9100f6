"""Random typing errors: a letter deleted, inserted or replaced, or two letters swapped."""

from collections.abc import Iterable, Sequence
from random import Random

from elman.data.errors import DataError

__all__ = [
    "ALPHABET", "BEGIN", "END", "SIZE", "alphabet_of", "decode", "encode", "ids_of", "misspell", "neighbours",
]  # fmt: skip

ALPHABET = "abcdefghijklmnopqrstuvwxyz"
BEGIN, END = len(ALPHABET) + 1, len(ALPHABET) + 2  # letters are 1 to 26, 0 is padding
SIZE = END + 1  # these three are of the alphabet a to z; ids_of gives those of another
ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")  # each row is half a key to the right of the row above
SHARE_NEAR = 0.5  # share of wrong letters that are neighbours of the right one


def neighbours(letter: str) -> str:
    """Return the neighbours of a letter on a QWERTY keyboard, in alphabetical order.

    Raises:
        DataError: if ``letter`` is not one letter from a to z.

    Example:
        >>> neighbours("s"), neighbours("p")
        ('adewxz', 'lo')
    """
    encode(letter)
    if not _near(letter):
        raise DataError(f"expected one letter from a to z, got {letter!r}")
    return _near(letter)


def _near(letter: str) -> str:
    """Return a letter's neighbours, none for a letter that is not on the keyboard."""
    row = next((k for k, keys in enumerate(ROWS) if len(letter) == 1 and letter in keys), None)
    if row is None:
        return ""
    place = ROWS[row].index(letter)
    near = {(row, place - 1), (row, place + 1), (row - 1, place), (row - 1, place + 1), (row + 1, place - 1),
            (row + 1, place)}  # fmt: skip
    return "".join(sorted(ROWS[r][k] for r, k in near if 0 <= r < len(ROWS) and 0 <= k < len(ROWS[r])))


def misspell(word: str, edits: int, random: Random, alphabet: str = ALPHABET) -> str:
    """Apply random typing errors to a word, one after another; the four kinds are equally likely.

    Half of the replacing letters are keyboard neighbours of the right letter, the others are arbitrary. Half of the
    inserted letters repeat an adjacent letter or are its keyboard neighbours. The result is neither the word nor
    empty.

    Args:
        word: letters of the alphabet, at least two.
        edits: number of errors; 0 returns the word itself.
        random: random number generator.
        alphabet: the letters that an error can write; default a to z.

    Raises:
        DataError: if the word is too short or has characters outside the alphabet, or ``edits`` is negative.

    Example:
        >>> [misspell("letter", 1, Random(seed)) for seed in range(4)]
        ['eltter', 'lettr', 'kletter', 'lettr']
    """
    encode(word, alphabet)
    if edits < 0 or (edits and len(word) < 2):
        raise DataError(f"expected edits of at least 0 and a word of two letters or more, got {edits} and {word!r}")
    while edits:
        typo = word
        for _ in range(edits):
            typo = _slip(typo, random, alphabet)
        if typo not in ("", word):
            return typo
    return word


def _slip(word: str, random: Random, alphabet: str) -> str:
    kind = random.randrange(4)
    if kind == 0 or not word:
        place = random.randrange(len(word) + 1)
        beside = word[max(0, place - 1) : place + 1]  # a key pressed twice repeats its letter
        near = "".join(letter + _near(letter) for letter in beside)
        extra = random.choice(near if near and random.random() < SHARE_NEAR else alphabet)
        return word[:place] + extra + word[place:]
    place = random.randrange(len(word))
    if kind == 1:
        return word[:place] + word[place + 1 :]
    if kind == 2:
        return word[:place] + _wrong(word[place], random, alphabet) + word[place + 1 :]
    pairs = [k for k in range(len(word) - 1) if word[k] != word[k + 1]]
    if not pairs:
        return _slip(word, random, alphabet)
    k = random.choice(pairs)
    return word[:k] + word[k + 1] + word[k] + word[k + 2 :]


def _wrong(letter: str, random: Random, alphabet: str) -> str:
    near = _near(letter)
    return random.choice(near if random.random() < SHARE_NEAR and near else alphabet.replace(letter, ""))


def alphabet_of(words: Iterable[str]) -> str:
    """Return a to z and whatever else some words are written with: the alphabet of a model of these words.

    Example:
        >>> alphabet_of(["don't", "größe"])[26:]
        "'ßö"
    """
    return ALPHABET + "".join(sorted(set("".join(words)) - set(ALPHABET)))


def ids_of(alphabet: str = ALPHABET) -> tuple[int, int, int]:
    """Return the ids before and after a word, and the number of ids: letters have ids from 1, 0 is padding.

    Example:
        >>> ids_of() == (BEGIN, END, SIZE), ids_of("abc")
        (True, (4, 5, 6))
    """
    return len(alphabet) + 1, len(alphabet) + 2, len(alphabet) + 3


def encode(word: str, alphabet: str = ALPHABET) -> list[int]:
    """Return the ids of a word's letters, a = 1.

    Raises:
        DataError: if the word is empty or has characters outside the alphabet.

    Example:
        >>> encode("cab")
        [3, 1, 2]
    """
    strange = "".join(sorted(set(word) - set(alphabet)))
    if strange or not word:
        known = "a to z" if alphabet == ALPHABET else alphabet
        raise DataError(f"expected letters {known}, got {word!r}" + (f", which contains {strange!r}" if word else ""))
    return [alphabet.index(letter) + 1 for letter in word]


def decode(tokens: Sequence[int], alphabet: str = ALPHABET) -> str:
    """Return the word of ids up to the end token; ids that are not letters are left out.

    Example:
        >>> decode([3, 1, 2, END, 5])
        'cab'
    """
    word = ""
    for token in tokens:
        if token == len(alphabet) + 2:
            break
        word += alphabet[token - 1] if 1 <= token <= len(alphabet) else ""
    return word
