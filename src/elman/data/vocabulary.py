"""The characters of a text and their ids."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

__all__ = ["Vocabulary"]


@dataclass(frozen=True)
class Vocabulary:
    """Distinct characters, sorted by code point; a character's id is its position.

    Example:
        >>> vocabulary = Vocabulary.from_text("abba")
        >>> vocabulary.encode("bab"), vocabulary.decode([1, 0])
        (array([1, 0, 1]), 'ba')
    """

    characters: str
    _codes: np.ndarray = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        codes = _code_points(self.characters)
        if not len(codes) or (np.diff(codes.astype(np.int64)) <= 0).any():
            raise ValueError("a vocabulary needs one or more distinct characters, sorted by code point")
        object.__setattr__(self, "_codes", codes)

    @classmethod
    def from_text(cls, text: str) -> "Vocabulary":
        """Collect the characters of a text.

        Raises:
            ValueError: if the text is empty.
        """
        return cls("".join(sorted(set(text))))

    def __len__(self) -> int:
        return len(self.characters)

    def encode(self, text: str, unknown: Literal["error", "skip"] = "error") -> np.ndarray:
        """Return the ids of a text's characters, ``[N]`` int64.

        Args:
            text: any text.
            unknown: what to do with characters that are not in the vocabulary.

        Raises:
            ValueError: if the text has unknown characters and they are not skipped; the message names them.
        """
        codes = _code_points(text)
        places = np.searchsorted(self._codes, codes).clip(max=len(self) - 1)
        known = self._codes[places] == codes
        if unknown == "error" and not known.all():
            strange = "".join(sorted({text[k] for k in np.flatnonzero(~known)}))
            shown = ", ".join(map(repr, strange[:10])) + (", ..." if len(strange) > 10 else "")
            raise ValueError(f"the model has never seen {shown}; it knows {self.characters!r}")
        return places[known].astype(np.int64)

    def decode(self, numbers: Iterable[int]) -> str:
        """Return the text of some ids.

        Raises:
            IndexError: if an id has no character.
        """
        return "".join(self.characters[number] for number in numbers)

    def to_json(self) -> Sequence[str]:
        """Return plain data for JSON."""
        return list(self.characters)

    @classmethod
    def from_json(cls, plain: Sequence[str]) -> "Vocabulary":
        """Read what :meth:`to_json` returned."""
        return cls("".join(plain))


def _code_points(text: str) -> np.ndarray:
    # a Python string may contain lone surrogates; they are ordinary characters here
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
