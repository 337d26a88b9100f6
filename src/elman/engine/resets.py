"""Resets: rows are cut into segments, which run as rows of a ragged batch, so that nothing crosses a cut."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from elman.engine.ragged import Ragged, check_lengths

__all__ = ["Resets", "check_resets", "renewed"]


def check_resets(resets: Any, shape: Sequence[int], device: torch.device, layout: str = "[T, B]") -> Tensor | None:
    """Check ``resets`` and return them; return None if no element is True.

    Args:
        resets: truth values of this shape on this device.
        shape: the expected shape.
        device: the input's device.
        layout: the shape in letters, for the message.

    Raises:
        TypeError: if ``resets`` is not a tensor of truth values.
        ValueError: if the shape or device does not fit, or a model is being exported or traced.

    Example:
        >>> check_resets(torch.tensor([[True], [False]]), (2, 1), torch.device("cpu"))
        tensor([[ True],
                [False]])
    """
    if not isinstance(resets, Tensor):
        raise TypeError(f"resets must be a bool tensor {layout}, got a {type(resets).__name__}: use torch.tensor")
    if resets.dtype != torch.bool:
        raise TypeError(f"resets must be bool, got {resets.dtype}: pass resets.bool(), True where a state is reset")
    if torch.compiler.is_exporting() or torch._C._get_tracing_state() is not None:
        raise ValueError(
            "a model with resets cannot be exported or traced, because its sequences are cut where resets are True: "
            "export it without resets, and reset the state between calls"
        )
    if resets.shape != tuple(shape):
        raise ValueError(
            f"resets must be {layout} = {list(shape)}, one per step of the input, got {list(resets.shape)}"
        )
    if resets.device != device:
        raise ValueError(f"resets are on {resets.device} and the input on {device}: pass resets.to({str(device)!r})")
    return resets if bool(resets.any()) else None


def renewed(state: Any, initial: Any, rows: Tensor) -> Any:
    """Return ``state`` with the fields of ``initial`` in the rows that are True; all fields are ``[B, *]``."""
    fields = zip(state, initial, strict=True)
    return _like(state, [torch.where(rows.reshape(-1, *[1] * (old.dim() - 1)), new, old) for old, new in fields])


@dataclass(frozen=True)
class Resets:
    """The segments of all rows, packed by length, and what each begins and ends with.

    A row is cut before every step whose element is True. Indices come in pairs: for running forwards, and backwards.
    """

    ragged: Ragged  # packs the steps; the rows that it packs are segments
    sources: tuple[Tensor, Tensor]  # [S], where each segment's start is among B given and `new` initial states
    new: tuple[int, int]  # number of segments that start from the cell's initial state
    ends: tuple[Tensor, Tensor]  # [B], the segment that is run last in each row

    @classmethod
    def cut(
        cls, resets: Tensor | None, lengths: Tensor | Sequence[int] | None, steps: int, batch: int
    ) -> "Resets | None":
        """Cut rows at ``resets [T, B]``; return None if no real step has one."""
        if resets is None:
            return None
        device, resets, lengths = resets.device, resets.cpu(), check_lengths(lengths, steps, batch)
        begins = resets & (torch.arange(steps)[:, None] < lengths)
        if not bool(begins.any()):
            return None
        restarted, begins[0] = begins[0].clone(), True
        row, start = begins.T.nonzero().unbind(1)  # row by row, each row's segments in order of time
        first = start == 0
        last = first.roll(-1)
        length = torch.where(last, lengths[row], start.roll(-1)) - start
        length, order = length.sort(descending=True, stable=True)
        row, start, first, last = row[order], start[order], first[order], last[order]
        batch_sizes, where = _packed(row, start, length, batch)
        given = first & ~restarted[row], last
        return cls(
            Ragged(steps, batch, batch_sizes, None, where.to(device)),
            (_sources(row, given[0], batch).to(device), _sources(row, given[1], batch).to(device)),
            (len(row) - int(given[0].sum()), len(row) - int(given[1].sum())),
            (_by_row(row, last).to(device), _by_row(row, first).to(device)),
        )

    @property
    def steps(self) -> int:
        """Steps of the longest segment."""
        return len(self.ragged.batch_sizes)

    @property
    def segments(self) -> int:
        """Number of segments S."""
        return len(self.sources[0])

    def begin(self, given: Any, initial: Any, reverse: bool) -> Any:
        """Return the state before the first step of each segment, fields ``[S, *]``.

        Args:
            given: the state before the first step of each row, fields ``[B, *]``.
            initial: ``new[reverse]`` initial states, fields ``[new, *]``.
            reverse: whether the rows are run backwards.
        """
        source = self.sources[reverse]
        fields = zip(given, initial, strict=True)
        return _like(given, [torch.cat([one, new]).index_select(0, source) for one, new in fields])

    def end(self, final: Any, reverse: bool) -> Any:
        """Return the state after the last step of each row, fields ``[B, *]``, of all segments' states."""
        return _like(final, [field.index_select(0, self.ends[reverse]) for field in final])


def _packed(row: Tensor, start: Tensor, length: Tensor, batch: int) -> tuple[list[int], Tensor]:
    """Return the segments alive at each step, and the index of each packed step in the flattened grid."""
    longest = int(length[0])
    alive = len(row) - length.bincount(minlength=longest + 1).cumsum(0)[:longest]
    step = torch.arange(longest).repeat_interleave(alive)
    segment = torch.arange(len(step)) - (alive.cumsum(0) - alive).repeat_interleave(alive)
    return alive.tolist(), (start[segment] + step) * batch + row[segment]


def _sources(row: Tensor, given: Tensor, batch: int) -> Tensor:
    return torch.where(given, row, batch - 1 + (~given).cumsum(0))


def _by_row(row: Tensor, chosen: Tensor) -> Tensor:
    """Return the position of each row's chosen segment."""
    places = chosen.nonzero().squeeze(1)
    return places[row[places].argsort()]


def _like(state: Any, fields: list[Tensor]) -> Any:
    return getattr(state, "_make", tuple)(fields)
