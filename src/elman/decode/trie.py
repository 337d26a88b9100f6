"""A constraint that restricts a search to given sequences, such as the words of a dictionary."""

from collections.abc import Iterable, Sequence

import torch
from torch import Tensor

__all__ = ["Trie"]


class Trie:
    """All sequences of a list, as a tree; pass it to :func:`elman.decode.beam_search` as ``allowed``.

    One tensor holds the sorted edges, so that all hypotheses descend the tree at once. The tree takes 16 bytes per
    edge, whatever the size of the vocabulary.

    Args:
        sequences: the token sequences that may be written.
        vocabulary: number of tokens V.
        eos: end token to append to each; default None, if the sequences already contain it.

    Raises:
        ValueError: if there is no sequence, one is empty, or a token lies outside the vocabulary.

    Example:
        >>> trie = Trie([[1, 2], [1, 3]], vocabulary=4, eos=0)
        >>> trie(torch.tensor([[1], [2]]))  # after 1 come 2 and 3; nothing starts with 2
        tensor([[False, False,  True,  True],
                [False, False, False, False]])
    """

    def __init__(self, sequences: Iterable[Sequence[int]], vocabulary: int, eos: int | None = None):
        children: dict[int, int] = {}  # node * V + token -> the node it leads to
        for sequence in sequences:
            closed = [*sequence, *([] if eos is None else [eos])]
            if not closed:
                raise ValueError("got an empty sequence; leave it out or pass eos")
            node = 0
            for token in closed:
                if not 0 <= token < vocabulary:
                    raise ValueError(f"token {token} of {list(sequence)} is not in a vocabulary of {vocabulary}")
                node = children.setdefault(node * vocabulary + token, len(children) + 1)
        if not children:
            raise ValueError("a trie needs at least one sequence")
        edges = sorted(children)
        self.vocabulary = vocabulary
        self._edges = torch.tensor(edges)
        self._child = torch.tensor([children[edge] for edge in edges])

    def __call__(self, tokens: Tensor, sentence: Tensor | None = None) -> Tensor:
        """Return which tokens may follow each row of ``[N, t]``, as a mask ``[N, V]``; all false off the tree."""
        if self._edges.device != tokens.device:
            self._edges, self._child = self._edges.to(tokens.device), self._child.to(tokens.device)
        node = tokens.new_zeros(len(tokens), dtype=torch.int64)
        for token in tokens.unbind(1):
            edge = node * self.vocabulary + token  # negative once the node is -1, and no edge is
            at = torch.searchsorted(self._edges, edge).clamp_max(len(self._edges) - 1)
            node = torch.where(self._edges[at] == edge, self._child[at], -1)
        first = torch.searchsorted(self._edges, node * self.vocabulary)
        count = torch.searchsorted(self._edges, (node + 1) * self.vocabulary) - first
        row = torch.arange(len(node), device=node.device).repeat_interleave(count)
        within = torch.arange(len(row), device=node.device) - (count.cumsum(0) - count)[row]
        mask = torch.zeros(len(node), self.vocabulary, dtype=torch.bool, device=node.device)
        mask[row, self._edges[first[row] + within] % self.vocabulary] = True
        return mask
