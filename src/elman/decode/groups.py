"""Diverse beam search: groups of beams that avoid each other's tokens (Vijayakumar et al., 2016)."""

import math
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from elman.errors import check_positive

__all__ = ["Chosen", "Diversity"]


class Chosen(NamedTuple):
    """The hypotheses of one group after it has chosen its tokens of this step: S sentences, k beams, t + 1 tokens."""

    history: Tensor  # [S, k, t + 1]
    there: Tensor  # [S, k], False where the group has fewer beams


@dataclass(frozen=True)
class Diversity:
    r"""The diversity penalty between groups of one sentence's beams.

    The beams are split into groups that choose one after the other at each step. A group ranks its candidates by
    log-probability minus ``strength`` times the similarity to the choices of each earlier group h with beams
    :math:`y^h_b`. The penalty affects only the choice of this step: scores stay the model's own. The similarity of a
    candidate y at time t is, in Vijayakumar et al. (2016, section 4):

    * Hamming: :math:`\sum_b [y^h_{b,t} = y_t]`, how many beams chose the same token.
    * cumulative: :math:`\exp(-\sum_{\tau \le t} \sum_b [y^h_{b,\tau} \ne y_\tau] / \Gamma)`, which decreases as
      sequences diverge. (The paper prints this term as a dissimilarity to be added, which would reward similarity;
      here it is subtracted.)

    Only continued beams count: a sequence that has ended chooses no token.

    Attributes:
        groups: number of groups, at least 1; the beam width must be a multiple of it.
        strength: :math:`\lambda`, not negative; the paper recommends 0.2 to 0.8.
        cumulative: :math:`\Gamma` above 0 for the cumulative form; default None, the Hamming form.

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
        """Return the penalty to subtract from the log-probability of each continuation.

        Args:
            history: tokens of the choosing group's hypotheses, ``[N, t]``.
            place: which of the S sentences each hypothesis belongs to, ``[N]``.
            earlier: the choices of earlier groups.
            like: a tensor ``[N, V]`` with the dtype and device of the result.

        Returns:
            Penalties ``[N, V]``, never negative.
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
