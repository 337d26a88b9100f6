"""Diverse beam search: groups of beams that keep away from one another (Vijayakumar et al., 2016)."""

import math
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from elman.errors import check_positive

__all__ = ["Chosen", "Diversity"]


class Chosen(NamedTuple):
    """What one group holds once it has chosen its tokens of this step: S sentences, k beams, t + 1 tokens."""

    history: Tensor  # [S, k, t + 1]
    there: Tensor  # [S, k], False where the group has fewer beams


@dataclass(frozen=True)
class Diversity:
    r"""How the beams of one sentence are kept apart.

    The beams are split into groups that choose one after the other at each step. A group ranks its candidates
    by their log-probability less ``strength`` times their likeness to what each earlier group h, holding the
    beams :math:`y^h_b`, has just chosen. The penalty steers the choice of this step and is not carried along:
    scores stay the model's own. The likeness of a candidate y at time t is, in Vijayakumar et al. (2016, section 4):

    * Hamming: :math:`\sum_b [y^h_{b,t} = y_t]`, how many beams took the same token.
    * cumulative: :math:`\exp(-\sum_{\tau \le t} \sum_b [y^h_{b,\tau} \ne y_\tau] / \Gamma)`, which fades as sequences
      part. (The paper prints it as a dissimilarity to be added; that would reward likeness, so it is read as
      one to be taken away.)

    Only beams that go on are counted: a sequence that has ended chooses no token.

    Attributes:
        groups: how many, at least 1; the width must be a multiple.
        strength: :math:`\lambda`, not negative; the paper finds 0.2 to 0.8 good.
        cumulative: :math:`\Gamma` above 0 for the cumulative form; default None, Hamming.

    Raises:
        ValueError: if one of these is out of range.

    Example:
        >>> Diversity(groups=3)
        Diversity(groups=3, strength=0.5, cumulative=None)
    """

    groups: int
    strength: float = 0.5
    cumulative: float | None = None

    def __post_init__(self):
        check_positive(groups=self.groups)
        if not (math.isfinite(self.strength) and self.strength >= 0):
            raise ValueError(f"strength must be a number not below 0, got {self.strength}")
        if self.cumulative is not None and not (math.isfinite(self.cumulative) and self.cumulative > 0):
            raise ValueError(f"cumulative must be a number above 0, or None for Hamming; got {self.cumulative}")

    def penalty(self, history: Tensor, place: Tensor, earlier: list[Chosen], like: Tensor) -> Tensor:
        """Return what to take from the log-probability of each continuation.

        Args:
            history: of the choosing group's hypotheses, ``[N, t]``.
            place: which of the S sentences each belongs to, ``[N]``.
            earlier: what the groups before it chose.
            like: a tensor ``[N, V]`` of the wanted kind.

        Returns:
            Penalties ``[N, V]``, none negative.
        """
        total = torch.zeros_like(like)
        for chosen in earlier:
            sentences = len(chosen.history)
            at, beam = chosen.there.nonzero(as_tuple=True)
            same = like.new_zeros(sentences, like.shape[1])
            same.index_put_((at, chosen.history[at, beam, -1]), like.new_ones(()), accumulate=True)
            same = same[place]
            if self.cumulative is None:
                total += same
            else:
                there = chosen.there[place]
                before = (chosen.history[place, :, :-1] != history[:, None]).sum(-1)  # [N, k]
                apart = (before * there).sum(1, keepdim=True) + there.sum(1, keepdim=True) - same
                total += torch.where(there.any(1, keepdim=True), (-apart / self.cumulative).exp(), 0)
        return self.strength * total
