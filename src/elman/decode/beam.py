"""Beam search over any ``step(tokens, state) -> (log_probs, state)``, for all sentences of a batch at once."""

from collections.abc import Callable
from numbers import Integral
from typing import Any, Literal

import torch
from torch import Tensor

from elman.decode.blocking import Allowed, Rules
from elman.decode.frontier import Lane, Live, split
from elman.decode.groups import Chosen, Diversity
from elman.decode.result import Beams, Finished, Level
from elman.decode.scores import divisors
from elman.decode.state import select
from elman.decode.step import Step, checked, read_prompt
from elman.errors import check_positive

__all__ = ["beam_search"]


@torch.no_grad()
def beam_search(
    step: Step,
    prompt: Tensor,
    *,
    max_length: int,
    eos: int | None = None,
    beam_width: int = 5,
    state: Any = None,
    batch_dim: int = 0,
    min_length: int = 1,
    length_penalty: float | Callable[[int], float] = 0.0,
    no_repeat_ngram: int = 0,
    n_best: int | None = None,
    prefix: Tensor | None = None,
    allowed: Allowed | None = None,
    penalty: Callable[[Any], Tensor] | None = None,
    diversity: Diversity | None = None,
    early_stopping: bool | Literal["never"] = "never",
    tree: bool = False,
) -> Beams:
    r"""Search for the sequences of the highest score.

    A hypothesis y of n tokens, the end token included, scores :math:`\log p(y) / d(n) + c`, with d the length penalty
    and c the coverage penalty. At each step all continuations of a sentence's hypotheses are ranked by
    log-probability. Those among the first ``beam_width`` that end are finished; the first ``beam_width`` that do not
    end are continued. At ``max_length`` the first ``beam_width`` are finished as they are.

    **Stopping.** A sentence stops once its ``n_best``-th finished hypothesis scores at least
    :math:`b = s / \max_{m > n} d(m)`, where s is the best log-probability of the continued hypotheses and n their
    length. This rule is exact: no log-probability is above 0, so a continuation of such a hypothesis has
    log-probability :math:`s' \le s \le 0` and a length m in (n, ``max_length``]; therefore
    :math:`s'/d(m) \le s/d(m) \le b`. Because :math:`c \le 0`, the continuation scores at most b and cannot displace a
    finished hypothesis. Rounding is monotone, so this holds in floating point too. The result equals that of a search
    run to ``max_length``.

    ``early_stopping`` selects an approximate rule instead, as ``transformers`` does by default. Both approximate
    rules wait until ``beam_width`` hypotheses are finished, whatever ``n_best``. ``True`` stops there. ``False``
    stops once the worst of them scores at least :math:`s / d(n)`, as if the continued hypotheses ended at their
    present length. Under either rule a group that has stopped finishes no further hypotheses.

    **Dead ends.** A hypothesis without an allowed continuation is dropped. If no hypothesis of a sentence (and group)
    can be continued and none has finished, n-gram blocking is lifted for that step, and if that is not enough,
    ``min_length`` too; ``prefix`` and ``allowed`` always hold. If there is still no continuation, the hypotheses are
    returned unfinished, with ``ended`` false.

    **Batches.** A sentence's result does not depend on the other sentences, provided that each row of ``step`` is
    independent of the others: finished sentences and dropped hypotheses leave the batch, and ``step`` receives only
    live rows.

    Args:
        step: ``step(tokens [N], state) -> (log_probs [N, V], state)``.
        prompt: tokens to read first, which are not scored: ``[B]`` (one start token each) or ``[B, P]``.
        max_length: most tokens to write, the end token included.
        eos: the end token; default None, every sequence has ``max_length`` tokens.
        beam_width: hypotheses kept for each sentence, over all groups.
        state: the state before the prompt: a tree of tensors ``[B, ...]``, see :func:`elman.decode.select`.
        batch_dim: the dimension of the batch in the state's tensors: 1 for ``torch.nn.LSTM``'s ``[layers, B, H]``.
        min_length: fewest tokens of a sequence that ends, the end token included.
        length_penalty: :math:`\alpha` of :func:`elman.decode.wu`, or the function d itself, such as ``power(1.0)``.
        no_repeat_ngram: size of the n-grams that may not occur twice in prompt and sequence; 0 allows all.
        n_best: hypotheses to return for each sentence; default one per group.
        prefix: tokens that the sequence must begin with, ``[B, M]``, padded with -1. They are scored, and overrule
            the other constraints.
        allowed: ``allowed(tokens [N, t], sentence [N]) -> bool [N, V]``, the tokens that may follow, for example a
            :class:`elman.decode.Trie`. ``tokens`` are the tokens written so far, ``sentence`` the row of the prompt.
        penalty: ``penalty(state) -> [N]``, the c of a hypothesis that ends here, never above 0, for example
            :func:`elman.decode.coverage_penalty`.
        diversity: how groups of beams are kept apart; ``beam_width`` and ``n_best`` must be multiples of the number
            of groups. Default one group.
        early_stopping: ``"never"``, ``True`` or ``False``, with the same meaning as in ``transformers``; see above.
        tree: whether to keep the search tree.

    Returns:
        The ``n_best`` hypotheses of each sentence.

    Raises:
        ValueError: if an argument is out of range, or ``step`` returns anything but log-probabilities (the message
            gives the number of the step).

    Example:
        The likelier first token leads to the less likely sequence (0 is the end):

        >>> table = torch.tensor([[1.0, 0, 0, 0], [0, 0, 0.6, 0.4], [0.5, 0.5, 0, 0], [0.9, 0.1, 0, 0]]).log()
        >>> found = beam_search(lambda tokens, state: (table[tokens], state), torch.tensor([1]), eos=0, max_length=4)
        >>> found.tokens[0, 0], found.log_probs.exp()
        (tensor([3, 0]), tensor([[0.3600]]))
    """
    prompt = prompt[:, None] if prompt.dim() == 1 else prompt
    diversity = Diversity(groups=1) if diversity is None else diversity
    groups = diversity.groups
    n_best = groups if n_best is None else n_best
    _check_sizes(max_length, min_length, beam_width, n_best, groups, no_repeat_ngram)
    if early_stopping not in (True, False, "never"):
        raise ValueError(f'early_stopping must be True, False or "never", got {early_stopping!r}')
    exact, filled = early_stopping == "never", early_stopping is True
    divisor, greatest = divisors(length_penalty, max_length)
    log_probs, state = read_prompt(step, prompt, state)
    _check_tokens(log_probs.shape[1], prompt, eos, prefix, max_length)
    rules = Rules(eos, min_length, no_repeat_ngram, prefix, allowed)
    finished = Finished(len(prompt), n_best if exact else beam_width, groups, divisor, eos, log_probs)
    # False once a group has stopped
    active = torch.ones(len(prompt), groups, dtype=torch.bool, device=prompt.device)
    levels: list[Level] = []

    rows = torch.arange(len(prompt), device=prompt.device).repeat_interleave(groups)
    group_of = torch.arange(groups, device=prompt.device).repeat(len(prompt))
    live = Live(rows, group_of, torch.zeros_like(rows), log_probs.new_zeros(len(rows)), prompt[rows])
    log_probs, state = log_probs[rows], select(state, rows, dim=batch_dim, count=len(prompt))

    for written in range(max_length):
        values, stuck = _constrain(rules, log_probs, live, written, finished)
        extra = None if penalty is None else _checked_penalty(penalty(state), len(values), written)
        sentences, place = live.sentence.unique(return_inverse=True)
        bound = log_probs.new_full((len(sentences), groups), -torch.inf)
        levels.append(Level.empty(len(prompt) if tree else 0, groups, beam_width // groups, log_probs))
        chosen: list[Chosen] = []
        onward: list[Live] = []
        parents: list[Tensor] = []
        for group in range(groups):
            mine = (live.group == group).nonzero()[:, 0]
            lane = Lane(live.take(mine), mine, place[mine], len(sentences), beam_width // groups)
            own, steered = (log_probs, values) if groups == 1 else (log_probs[mine], values[mine])
            if chosen and diversity.strength:
                steered = steered - diversity.penalty(lane.live.history, lane.place, chosen, steered)
            ending, going = split(lane.rank(own, steered), lane.width, eos, last=written + 1 == max_length)

            ending = ending._replace(there=ending.there & active[sentences, group, None])
            begin = prompt.shape[1]
            finished.add(sentences, group, ending, ending.written(live)[..., begin:], extra)
            if stuck is not None:
                left = lane.unchanged(stuck[mine])
                finished.add(sentences, group, left, left.written(live)[..., begin:-1], extra)
            if tree:
                levels[-1].record(sentences, group, going, ending)
            bound[:, group] = going.log_prob.amax(1) / (greatest if exact else divisor)[written + 1]
            history = going.written(live)
            chosen.append(Chosen(history, going.there))
            s, slot = going.there.nonzero(as_tuple=True)
            onward.append(
                Live(sentences[s], torch.full_like(s, group), slot, going.log_prob[s, slot], history[s, slot])
            )
            parents.append(going.row[s, slot])

        worst = finished.score[sentences, :, -1]
        active[sentences] &= (worst < bound) & ((worst == -torch.inf) | (not filled))
        live, parent = Live(*(torch.cat(parts) for parts in zip(*onward, strict=True))), torch.cat(parents)
        keep = active.any(1)[live.sentence]
        live, parent = live.take(keep), parent[keep]
        if not len(parent):
            break
        state = select(state, parent, dim=batch_dim, count=len(values))
        log_probs, state = step(live.history[:, -1], state)
        log_probs = checked(log_probs, len(parent), written + 1)
    return finished.result(n_best, levels if tree else None)


def _constrain(
    rules: Rules, log_probs: Tensor, live: Live, written: int, finished: Finished
) -> tuple[Tensor, Tensor | None]:
    """Apply the rules, lifting constraints at dead ends; also return which rows ``[N]`` have no continuation."""
    values = rules.apply(log_probs, live.history, live.sentence, written)
    if values is log_probs:
        return values, None
    able = values.amax(-1) > -torch.inf
    lane = live.sentence * finished.score.shape[1] + live.group
    nothing_yet = finished.score[live.sentence, live.group, 0] == -torch.inf

    def starved() -> Tensor:
        return nothing_yet & ~torch.isin(lane, lane[able])

    for lifted in rules.back_offs(written):
        rows = starved().nonzero()[:, 0]
        if len(rows):
            values[rows] = rules.apply(log_probs[rows], live.history[rows], live.sentence[rows], written, lifted)
            able[rows] = values[rows].amax(-1) > -torch.inf
    stuck = starved()
    return values, stuck if bool(stuck.any()) else None


def _checked_penalty(penalty: Tensor, rows: int, step: int) -> Tensor:
    """Raise if a penalty breaks the assumptions of the stopping rule."""
    if not isinstance(penalty, Tensor) or penalty.shape != (rows,):
        shape = list(penalty.shape) if isinstance(penalty, Tensor) else type(penalty).__name__
        raise ValueError(f"step {step}: penalty must return one number for each hypothesis, [{rows}], got {shape}")
    if not bool((penalty <= 0).all()):
        raise ValueError(f"step {step}: penalty must be at most 0 and not NaN, got {penalty.max().item()}")
    return penalty


def _check_sizes(max_length: int, min_length: int, beam_width: int, n_best: int, groups: int, no_repeat_ngram: int):
    check_positive(max_length=max_length, beam_width=beam_width, n_best=n_best)
    for name, value in (("min_length", min_length), ("no_repeat_ngram", no_repeat_ngram)):
        if not isinstance(value, Integral) or isinstance(value, bool) or value < 0:
            raise ValueError(f"{name} must be an integer of at least 0, got {value!r}")
    if min_length > max_length:
        raise ValueError(f"min_length {min_length} is more than max_length {max_length}")
    if n_best > beam_width:
        raise ValueError(f"n_best {n_best} is more than beam_width {beam_width}: widen the beam")
    for name, value in (("beam_width", beam_width), ("n_best", n_best)):
        if value % groups:
            raise ValueError(f"{name} must be a multiple of the {groups} groups, got {value}")


def _check_tokens(vocabulary: int, prompt: Tensor, eos: int | None, prefix: Tensor | None, max_length: int):
    if eos is not None and not 0 <= eos < vocabulary:
        raise ValueError(f"eos must be a token from 0 to {vocabulary - 1}, got {eos}")
    if prefix is None:
        return
    if prefix.dim() != 2 or len(prefix) != len(prompt) or prefix.is_floating_point():
        raise ValueError(
            f"prefix must be [B, M] integers with the prompt's B = {len(prompt)}, "
            f"got {list(prefix.shape)} {prefix.dtype}"
        )
    if prefix.shape[1] > max_length and bool((prefix[:, max_length:] >= 0).any()):
        raise ValueError(f"prefix must have at most max_length = {max_length} tokens, got {prefix.shape[1]}")
    if prefix.numel() and not -1 <= int(prefix.min()) <= int(prefix.max()) < vocabulary:
        raise ValueError(f"prefix must hold tokens from 0 to {vocabulary - 1}, and -1 after the last token")
    more = prefix[:, 1:] >= 0
    if bool((more & (prefix[:, :-1] < 0)).any()):
        raise ValueError("prefix must hold -1 only after the last token of a sentence")
    if eos is not None and bool((more & (prefix[:, :-1] == eos)).any()):
        raise ValueError(f"prefix must end at the end token {eos}, got tokens after it")
