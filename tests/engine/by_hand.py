"""Loops that reset by hand, one row and one step at a time: what ``resets`` is held to."""

import torch


def walk(step, initial, x, state, lengths, resets, reverse=False):
    """Run ``step(x [1, I], state) -> state`` over ``x [T, B, I]``; states are tuples of fields ``[B, *]``."""
    rows, finals = [], []
    for row, length in enumerate(lengths):
        now, outputs = tuple(field[row : row + 1] for field in state), {}
        times = range(length)[::-1] if reverse else range(length)
        for t in times:
            boundary = t + 1 if reverse else t  # between this step and the one read before it
            if boundary < length and resets[boundary, row]:
                now = initial()
            now = tuple(step(x[t : t + 1, row], now))
            outputs[t] = now[0]
        zero = torch.zeros_like(now[0])
        rows.append(torch.cat([outputs.get(t, zero) for t in range(len(x))]))
        finals.append(now)
    return torch.stack(rows, 1), tuple(torch.cat(fields) for fields in zip(*finals, strict=True))


def walk_layers(places, directions, x, states, lengths, resets):
    """Run layers of ``(step, initial)``, one per layer and direction."""
    ends = []
    for first in range(0, len(places), directions):
        outputs = []
        for reverse, place in enumerate(range(first, first + directions)):
            output, end = walk(*places[place], x, states[place], lengths, resets, bool(reverse))
            outputs.append(output)
            ends.append(end)
        x = torch.cat(outputs, -1)
    return x, ends
