"""Dealing rows to threads: every row once, and no split by hand is better."""

from itertools import combinations, pairwise

import torch
from hypothesis import given
from hypothesis import strategies as st

from elman.engine.cpu import threads


@given(
    lengths=st.lists(st.integers(0, 9), min_size=1, max_size=9).filter(any),
    count=st.integers(1, 4),
)
def test_ranges_cover_the_rows_and_the_costliest_is_as_cheap_as_can_be(lengths, count):
    lengths = sorted(lengths, reverse=True)
    batch_sizes = [sum(n > t for n in lengths) for t in range(lengths[0])]
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        ranges = threads.cut(batch_sizes, len(lengths), 1e9, count)
    finally:
        torch.set_num_threads(before)
    assert [row for first, last in ranges for row in range(first, last)] == list(range(len(lengths)))
    assert len(ranges) <= count

    def cost(pairs):
        return max(threads.STEP * lengths[first] + sum(lengths[first:last]) for first, last in pairs)

    if len(set(lengths)) > 1:  # else the rows are counted out evenly
        inner = [edges for n in range(min(count, len(lengths))) for edges in combinations(range(1, len(lengths)), n)]
        best = min(cost(list(pairwise((0, *edges, len(lengths))))) for edges in inner)
        assert cost(ranges) <= best + 1e-3
