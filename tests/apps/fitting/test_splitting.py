"""Every record is in one part, groups stay whole, time runs on."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elman.apps.fitting.contract import Found
from elman.apps.fitting.splitting import split


@given(st.integers(10, 200), st.integers(0, 5), st.booleans(), st.booleans())
def test_every_record_is_in_one_part(count, seed, ordered, test):
    parts = split(Found(range(count), ordered=ordered), seed, test)
    every = [*parts.training, *parts.validation, *parts.test]
    assert sorted(every) == list(range(count))
    assert (every == list(range(count))) or not ordered
    assert len(parts.validation) >= 1
    assert bool(parts.test) == test
    assert abs(len(parts.training) - (0.8 if test else 8 / 9) * count) <= 1


several = st.lists(st.integers(0, 9), min_size=10, max_size=60).filter(lambda some: len(set(some)) >= 3)


@given(several, st.integers(0, 3))
def test_groups_stay_whole(groups, seed):
    parts = split(Found(range(len(groups)), groups=groups), seed)
    of = [{groups[k] for k in part} for part in (parts.training, parts.validation, parts.test)]
    assert all(of)
    assert sum(map(len, of)) == len(set(groups))
    assert sorted([*parts.training, *parts.validation, *parts.test]) == list(range(len(groups)))


@pytest.mark.parametrize(("found", "said"), [
    (Found(range(9)), "got 9 records"), (Found(range(20), groups=[0, 1] * 10), "got 2 groups"),
])  # fmt: skip
def test_too_few(found, said):
    with pytest.raises(ValueError, match=said):
        split(found, 0)
