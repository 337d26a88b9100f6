"""The result of a search, its search tree, and the store of finished hypotheses."""

from dataclasses import dataclass

import torch
from torch import Tensor

from elman.decode.frontier import Ranked

__all__ = ["Beams", "Finished", "Level"]


@dataclass(frozen=True)
class Level:
    """One step of the search tree, for B sentences of G groups of k beams.

    Attributes:
        tokens: the chosen tokens, ``[B, G, 2k]``: first the k continued beams, then those that finish here; -1
            marks an empty place.
        parents: which of the k beams of the level above each one continues; 0 at the first level.
        log_probs: log-probability of each whole hypothesis; -inf marks an empty place.
    """

    tokens: Tensor
    parents: Tensor
    log_probs: Tensor

    @classmethod
    def empty(cls, sentences: int, groups: int, width: int, like: Tensor) -> "Level":
        """Return a level with no hypotheses."""
        none = torch.full((sentences, groups, 2 * width), -1, device=like.device)
        return cls(none, none.clone(), like.new_full(none.shape, -torch.inf))

    def record(self, sentences: Tensor, group: int, going: Ranked, ending: Ranked) -> None:
        """Record the choices of one group for the given sentences, ``[S]``."""
        there = torch.cat((going.there, ending.there), 1)
        for part, chosen in (
            (self.tokens, (going.token, ending.token)),
            (self.parents, (going.slot, ending.slot)),
        ):
            part[sentences, group] = torch.cat(chosen, 1).masked_fill(~there, -1)
        both = torch.cat((going.log_prob, ending.log_prob), 1)
        self.log_probs[sentences, group] = both.masked_fill(~there, -torch.inf)


@dataclass(frozen=True)
class Beams:
    """The best hypotheses of each of B sentences, best first.

    Attributes:
        tokens: ``[B, n_best, L]``, without the prompt, -1 after the last; L is the longest length.
        lengths: number of tokens, the end token included, ``[B, n_best]``; 0 where fewer hypotheses were found.
        scores: the scores they are ranked by, ``[B, n_best]``; -inf where fewer hypotheses were found.
        log_probs: log-probability of each, ``[B, n_best]``.
        ended: whether the last token is the end token, ``[B, n_best]``. A hypothesis that did not end has
            ``max_length`` tokens, or fewer if no hypothesis of its sentence could be continued.
        groups: the diversity group of each, ``[B, n_best]``.
        tree: the search tree, one level per step, if requested.
    """

    tokens: Tensor
    lengths: Tensor
    scores: Tensor
    log_probs: Tensor
    ended: Tensor
    groups: Tensor
    tree: list[Level] | None = None

    def sequences(self, *, keep_end: bool = True) -> list[list[list[int]]]:
        """Return for each sentence the list of its token lists, with or without the end token."""
        lengths = self.lengths - (0 if keep_end else 1) * self.ended.long()
        return [
            [tokens[:length] for tokens, length, score in zip(*row, strict=True) if score > -torch.inf]
            for row in zip(self.tokens.tolist(), lengths.tolist(), self.scores.tolist(), strict=True)
        ]


class Finished:
    """The best finished hypotheses of each group of each sentence, best first.

    Args:
        sentences: number of sentences B.
        count: how many hypotheses to keep of each sentence, divided among the groups.
        groups: number of groups G.
        divisor: the divisor of a sequence's log-probability, by length.
        eos: the end token, or None.
        like: a tensor with the dtype and device of the scores.
    """

    def __init__(self, sentences: int, count: int, groups: int, divisor: list[float], eos: int | None, like: Tensor):
        shape = (sentences, groups, count // groups)
        self.divisor, self.eos = divisor, eos
        self.score = like.new_full(shape, -torch.inf)
        self.log_prob = like.new_full(shape, -torch.inf)
        self.length = torch.zeros(shape, dtype=torch.int64, device=like.device)
        self.ended = torch.zeros(shape, dtype=torch.bool, device=like.device)
        self.tokens = torch.full((*shape, len(divisor) - 1), -1, device=like.device)

    def add(self, sentences: Tensor, group: int, found: Ranked, tokens: Tensor, extra: Tensor | None) -> None:
        """Score hypotheses and keep the best; of equal scores, the earlier hypothesis stays.

        Args:
            sentences: the sentences, ``[S]``, each at most once.
            group: the group of the hypotheses.
            found: the hypotheses, ``[S, k]``.
            tokens: the tokens each has written, ``[S, k, t]``.
            extra: a term to add to the score, for each row of the state, ``[N]``.
        """
        some = found.there.any(1).nonzero()[:, 0]
        if not len(some):
            return
        sentences, found, tokens = sentences[some], Ranked(*(part[some] for part in found)), tokens[some]
        length = tokens.shape[-1]
        score = found.log_prob / self.divisor[length] + (0 if extra is None else extra[found.row])
        score = score.masked_fill(~found.there, -torch.inf)
        order = torch.cat((self.score[sentences, group], score), 1).sort(descending=True, stable=True).indices
        order = order[:, : self.score.shape[-1]]
        at = torch.arange(len(some), device=some.device)[:, None]
        for shelf, new in (
            (self.score, score),
            (self.log_prob, found.log_prob),
            (self.length, torch.full_like(found.row, length)),
            (self.ended, torch.zeros_like(found.there) if self.eos is None else found.token == self.eos),
            (self.tokens, torch.nn.functional.pad(tokens, (0, self.tokens.shape[-1] - length), value=-1)),
        ):
            shelf[sentences, group] = torch.cat((shelf[sentences, group], new), 1)[at, order]

    def result(self, count: int, tree: list[Level] | None) -> Beams:
        """Return the best ``count`` of each sentence, equally many of each group, in one ranking; ties favour the
        earlier group."""
        sentences, groups, _ = self.score.shape
        count //= groups
        order = self.score[..., :count].flatten(1).sort(descending=True, stable=True).indices
        row = torch.arange(sentences, device=order.device)[:, None]

        def ranked(part: Tensor) -> Tensor:
            return part[:, :, :count].flatten(1, 2)[row, order]

        score, log_prob, length, ended = map(ranked, (self.score, self.log_prob, self.length, self.ended))
        there = score > -torch.inf
        length, tokens = length * there, ranked(self.tokens)
        longest = int(length.max())
        tokens = tokens[..., :longest].masked_fill(~there[..., None], -1)
        return Beams(tokens, length, score, log_prob, ended & there, order // count, tree)
