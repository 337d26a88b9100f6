"""The live hypotheses of a search, and the ranking of their continuations."""

from typing import NamedTuple

import torch
from torch import Tensor

__all__ = ["Lane", "Live", "Ranked", "split"]


class Live(NamedTuple):
    """The N live hypotheses, in the order of the state's rows."""

    sentence: Tensor  # [N], which row of the prompt
    group: Tensor  # [N]
    slot: Tensor  # [N], the index among the k beams of its group
    log_prob: Tensor  # [N]
    history: Tensor  # [N, T], the prompt and the tokens written after it

    def take(self, rows: Tensor) -> "Live":
        """Return some of the hypotheses."""
        return Live(*(part[rows] for part in self))


class Ranked(NamedTuple):
    """Continuations of S sentences, best first; each part is ``[S, C]``."""

    row: Tensor  # row of the hypothesis that is continued
    slot: Tensor  # its place in the beam
    token: Tensor
    log_prob: Tensor  # of the whole hypothesis; -inf where there is no continuation
    there: Tensor  # False where there is no continuation

    def written(self, live: Live) -> Tensor:
        """Return each continuation's prompt and written tokens, its new token last, ``[S, C, T + 1]``."""
        return torch.cat((live.history[self.row], self.token[..., None]), -1)


class Lane(NamedTuple):
    """The N hypotheses of one group, of all S sentences."""

    live: Live
    row: Tensor  # [N], their rows in the state
    place: Tensor  # [N], which of the S sentences each belongs to
    sentences: int  # S
    width: int  # k, the beams of the group

    def lay(self, part: Tensor, fill: float) -> Tensor:
        """Arrange values of the hypotheses, ``[N, ...]``, by sentence and slot, ``[S, k, ...]``."""
        laid = part.new_full((self.sentences, self.width, *part.shape[1:]), fill)
        laid[self.place, self.live.slot] = part
        return laid

    def rank(self, log_probs: Tensor, values: Tensor) -> Ranked:
        """Rank the continuations of each sentence's hypotheses together.

        The k + 1 best tokens of each hypothesis suffice: at most k are continued, and one may be the end token.

        Args:
            log_probs: the model's log-probabilities, ``[N, V]``.
            values: the values to rank by, ``[N, V]``: log-probabilities after constraints and diversity penalties.

        Returns:
            The best 2k of each sentence.
        """
        best, token = values.topk(min(self.width + 1, values.shape[1]))
        whole = self.live.log_prob[:, None] + log_probs.gather(1, token)

        def table(part: Tensor, fill: float) -> Tensor:
            laid = self.lay(part, fill).flatten(1)
            return torch.nn.functional.pad(laid, (0, max(0, 2 * self.width - laid.shape[1])), value=fill)

        merit, order = table(self.live.log_prob[:, None] + best, -torch.inf).sort(descending=True, stable=True)
        there, order = merit[:, : 2 * self.width] > -torch.inf, order[:, : 2 * self.width]
        slot = (order // best.shape[1]).clamp_max(self.width - 1)
        log_prob = table(whole, -torch.inf).gather(1, order).masked_fill(~there, -torch.inf)
        return Ranked(self.lay(self.row, 0).gather(1, slot), slot, table(token, 0).gather(1, order), log_prob, there)

    def unchanged(self, which: Tensor) -> Ranked:
        """Return the hypotheses of ``which [N]`` unchanged, in the form of continuations; the token is -1."""
        there = self.lay(which, False)
        log_prob = self.lay(self.live.log_prob, -torch.inf).masked_fill(~there, -torch.inf)
        row = self.lay(self.row, 0)
        return Ranked(row, self.lay(self.live.slot, 0), torch.full_like(row, -1), log_prob, there)


def split(ranked: Ranked, width: int, eos: int | None, last: bool) -> tuple[Ranked, Ranked]:
    """Split continuations into those that finish, ``[S, width]``, and those to continue, ``[S, width]``.

    Of the first ``width``, those that end are finished; at the last step all of them are. The first ``width`` that do
    not end are continued.
    """
    ends = torch.zeros_like(ranked.there) if eos is None else ranked.token == eos
    first = Ranked(*(part[:, :width] for part in ranked))
    finishing = first._replace(there=first.there & (ends[:, :width] | last))
    onward = ranked.there & ~ends & (not last)
    columns = (~onward).long().sort(stable=True).indices[:, :width]
    going = Ranked(*(part.gather(1, columns) for part in ranked))
    return finishing, going._replace(there=onward.gather(1, columns))
