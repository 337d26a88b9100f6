"""Encode, batch and translate texts: shared by ``elman fit translate`` and ``elman translate``."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from elman.apps.saved_notes import Translator
    from elman.data.copying import Coder, Example
    from elman.data.pairs import Pairs
    from elman.nn.seq2seq import Seq2Seq

__all__ = ["Codes", "translated"]

LONGEST = 400  # tokens of a text that the network reads


@dataclass(frozen=True)
class Codes:
    """The vocabularies of a translator, and how a line is split into tokens.

    Args:
        source: vocabulary of the sources.
        target: vocabulary of the targets; the same object if the model copies.
        tokeniser: name of the tokeniser that splits words.
        units: ``"words"`` or ``"characters"``.
        inflected: whether a source is a lemma with features.
        copies: whether the model copies.
    """

    source: "Coder"
    target: "Coder"
    tokeniser: str = "words"
    units: str = "words"
    inflected: bool = False
    copies: bool = False

    @classmethod
    def of_notes(cls, notes: "Translator") -> "Codes":
        """Return the codes of a saved model.

        Raises:
            UnknownName: if there is no such tokeniser.
        """
        from elman.data.copying import Coder
        from elman.data.tokens import TOKENISERS
        from elman.errors import named

        source = Coder(notes.source[3:])
        target = source if notes.copies else Coder(notes.target[3:])
        tokeniser = named("tokeniser", notes.tokeniser, TOKENISERS)
        return cls(source, target, tokeniser, notes.units, notes.inflected, notes.copies)

    def to_json(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        return {
            "source": self.source.words, "target": self.target.words, "tokeniser": self.tokeniser,
            "units": self.units, "inflected": self.inflected, "copies": self.copies,
        }  # fmt: skip

    @property
    def between(self) -> str:
        """What is written between two tokens: a space between words, nothing between characters."""
        return " " if self.units == "words" else ""

    def split(self, line: str) -> list[str]:
        """Return the tokens of a line; of an inflected form's line, the features and the lemma's characters.

        Raises:
            ValueError: if the line has no words, or has no lemma, tab and features where they are expected.
        """
        from elman.data.tokens import tokenise

        features: list[str] = []
        if self.inflected:
            lemma, tab, tags = line.strip().partition("\t")
            if not (lemma.strip() and tab and tags.strip()):
                raise ValueError(f"expected a lemma, a tab and its features (walk, tab, V;PST), got {line[:60]!r}")
            line, features = lemma, tags.strip().split(";")
        words = list(line.strip()) if self.units == "characters" else tokenise(self.tokeniser, line)
        if not words:
            raise ValueError(f"expected a text of at least one word, got {line!r}")
        return [*features, *words]

    def batch(self, examples: "Sequence[Example]") -> "Pairs":
        """Return a batch of sources and targets, each with its first 400 tokens."""
        from elman.data.copying import Example
        from elman.data.pairs import batch_pairs

        some = [Example(one.source[:LONGEST], one.target[:LONGEST]) for one in examples]
        if self.copies:
            return self.source.batch(some, copies=True)
        sources = [[self.source.numbers.get(word, 0) for word in one.source] for one in some]
        targets = [[self.target.numbers.get(word, 0) for word in one.target] for one in some]
        return batch_pairs(sources, targets, self.target.begin, self.target.end)

    def names(self, source: Sequence[str]) -> list[str]:
        """Return every token that can be written for a source, by its id."""
        return [*self.target.words, *(self.target.beyond(source[:LONGEST]) if self.copies else ())]

    def most(self, length: int) -> int:
        """Return the largest number of tokens that are written for a source of some length."""
        return 2 * min(length, LONGEST) + (5 if self.units == "words" else 10)


def translated(
    model: "Seq2Seq", codes: Codes, sources: Sequence[Sequence[str]], beam: int = 1, size: int = 100
) -> list[list[str]]:
    """Return the tokens written for each source.

    Args:
        model: the translator, in evaluation mode.
        codes: its vocabularies.
        sources: tokens of each source, at least one.
        beam: hypotheses that the search keeps; default 1, greedy.
        size: sources searched at once, of similar length.
    """
    import torch

    from elman.data.copying import Example
    from elman.decode import beam_search

    order = sorted(range(len(sources)), key=lambda k: len(sources[k]))
    found: dict[int, list[str]] = {}
    for start in range(0, len(order), size):
        part = order[start : start + size]
        batch = codes.batch([Example(tuple(sources[k]), ()) for k in part])
        with torch.inference_mode():
            beams = beam_search(
                model.step, torch.full((len(part),), codes.target.begin), eos=codes.target.end, beam_width=beam,
                max_length=codes.most(int(batch.lengths.max())),
                state=model.encode(batch.source, batch.lengths, batch.copied),
            )  # fmt: skip
        for k, row in zip(part, beams.tokens[:, 0].tolist(), strict=True):
            names = codes.names(sources[k])
            ids = [token for token in row if token >= 0]
            ids = ids[: ids.index(codes.target.end)] if codes.target.end in ids else ids
            found[k] = [names[token] if token < len(names) else names[0] for token in ids]
    return [found[k] for k in range(len(sources))]
