"""Records by arm and seed: order, what is missing, and that seeds are compared with themselves."""

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elman.lab.arms import Arms
from elman.lab.over_seeds import SHARE, spread
from elman.lab.study import Record, Trial
from elman.studies import find_study


def record(arm, seed, on=None, inputs=None, **numbers):
    return Record(numbers, trial=Trial(arm, seed, on or {}, inputs or {}))


def test_arms_are_in_the_order_of_the_study_and_their_records_in_that_of_seeds():
    arms = Arms([record("b", 10, x=1.0), record("a", 1, x=2.0), record("b", 2, x=3.0), record("b", 9, x=4.0)])
    assert list(arms) == ["b", "a"]
    assert list(arms.by_seed("b")) == [2, 9, 10]
    assert [one.numbers["x"] for one in arms["b"]] == arms.numbers("b", "x") == [3.0, 4.0, 1.0]


def test_an_absent_arm_has_nothing_and_is_no_error():
    arms = Arms([record("a", 0, x=1.0)])
    assert "a" in arms
    assert "b" not in arms
    assert arms["b"] == arms.numbers("b", "x") == arms.less("a", "b", "x") == arms.less("b", "a", "x") == []
    assert arms.by_seed("b") == {}
    assert arms.formatted("b", "x") is None
    assert math.isnan(arms.mean("b", "x"))
    assert list(Arms([])) == []


def test_a_number_that_some_records_lack():
    arms = Arms(
        [record("a", 0, x=1.0), record("a", 1, x=2.0, y=0.5), record("b", 0, x=5.0, y=7.0), record("b", 1, x=8.0)]
    )
    assert arms.numbers("a", "y") == [0.5]
    assert arms.mean("a", "y") == 0.5
    assert arms.formatted("a", "y") == "0.500"
    assert arms.together(("a", "x"), ("b", "y")) == [(1.0, 7.0)]
    assert arms.less("a", "b", "y") == []
    assert arms.less("b", "a", "x", "y") == [7.5]
    assert arms.less("a", "a", "x", "y") == [1.5]


def test_a_mean_is_told_as_a_spread():
    arms = Arms([record("a", seed, x=x) for seed, x in enumerate((0.96, 0.97, 0.99))])
    assert arms.formatted("a", "x", SHARE, 2) == spread([0.96, 0.97, 0.99], 2, SHARE)


@given(st.lists(st.sets(st.integers(0, 6)), min_size=1, max_size=4), st.randoms())
def test_side_by_side_stand_numbers_of_the_same_seed(finished, shuffle: random.Random):
    """Whichever trials have failed, in whatever order records come."""
    records = [record(str(arm), seed, x=float(seed)) for arm, seeds in enumerate(finished) for seed in seeds]
    shuffle.shuffle(records)
    arms = Arms(records)
    both = sorted(set.intersection(*finished))
    asked = [(str(arm), "x") for arm in range(len(finished))]
    assert arms.together(*asked) == [(float(seed),) * len(finished) for seed in both]
    assert arms.less("0", asked[-1][0], "x") == [0.0] * len(finished[0] & finished[-1])


def test_an_arm_without_a_seed_is_beside_every_seed():
    arms = Arms(
        [record("rule", None, x=0.5), record("net", 1, x=0.75), record("net", 0, x=1.0), record("far", 7, x=0)]
    )
    assert arms.less("net", "rule", "x") == [0.5, 0.25]
    assert arms.less("rule", "net", "x") == [-0.5, -0.25]
    assert arms.together(("rule", "x"), ("rule", "x")) == [(0.5, 0.5)]
    assert arms.less("rule", "absent", "x") == []
    assert arms.exact("rule", "x") == 0.5
    assert arms.exact("absent", "x") == []


def test_arms_are_compared_on_the_same():
    arms = Arms([record(arm, seed, {"task": task}, x=float(len(arm + task) + seed)) for task in ("copy", "timing")
                 for arm in ("a", "bb") for seed in (0, 1)])  # fmt: skip
    assert list(arms) == list(arms.on(task="copy")) == ["a", "bb"]
    assert arms.on(task="copy").numbers("a", "x") == [5.0, 6.0]
    assert arms.on(task="timing").less("bb", "a", "x") == [1.0, 1.0]
    assert arms.on(task="timing").less("a", "a", "x", among=arms.on(task="copy")) == [2.0, 2.0]
    assert list(arms.on(task="store")) == list(arms.on(length=3)) == []
    with pytest.raises(ValueError, match="'a' ran on several settings; select one with on"):
        arms.numbers("a", "x")


def test_the_records_that_read_a_data_set():
    arms = Arms([record("a", 0, inputs={"sst2": "12"}, x=1.0), record("a", 1, x=2.0)])
    assert arms.reading("sst2").numbers("a", "x") == [1.0]
    assert arms.reading("ewt").numbers("a", "x") == []


def far_and_near(study, trial):
    """A record of 15.31 whose numbers differ by far from seed to seed, and by little from one dropout to the next."""
    value = trial.seed / 4 + study.module.ARMS.index(trial.arm) / 16
    numbers = {f"{when}{how} {score}": value for when in ("best", "end") for how in ("", " draws", " scaled")
               for score in study.module.SCORES}  # fmt: skip
    series = {"validation": [1.0], "end confidence": [0.7], "end right": [0.6]}
    return Record(numbers, series, trial=trial)


def test_a_study_compares_equal_seeds_though_a_trial_failed():
    study = find_study("15.31")
    plan = study.plan(quick=True)
    records = [far_and_near(study, trial) for trial in study.trials(plan)]
    for lost in (None, *records):
        found = study.findings(plan, [one for one in records if one is not lost])
        assert {v.claim.key: v.measured for v in found.claims} == {
            "accuracy": 2 / 16, "standard": 1 / 16, "calibrated": -1 / 16, "calibrated end": -1 / 16,
            "calibration best": -2 / 16, "calibration": -2 / 16, "draws": 0.0, "stopping": 1.0,
        }  # fmt: skip
