"""A study small enough to run in tests: it adds up numbers, and breaks where it is told to."""

import os
import time
from pathlib import Path
from typing import Literal

from pydantic import PositiveInt
from pydantic.dataclasses import dataclass

from elman.lab.desk import TrialFailed
from elman.lab.findings import Claim, Findings, Table
from elman.lab.judge import judge
from elman.lab.study import Record, Trial


@dataclass(frozen=True)
class Plan:
    """What to add, and what to break."""

    variants: tuple[str, ...] = ("a", "b")
    seeds: PositiveInt = 2
    mode: Literal["plain", "nan", "die", "die once", "bug", "slow"] = "plain"
    scratch: str = ""


QUICK = Plan(seeds=1)


def claims(plan):
    """One exact claim."""
    return [Claim("sum", "The numbers are positive.", "this test", at_least=0.0)]


def trials(plan):
    """Variants times seeds."""
    return [Trial(variant, seed) for variant in plan.variants for seed in range(plan.seeds)]


def run(plan, trial, desk):
    """Leave a mark for each time this trial ran."""
    import numpy as np
    import torch

    if plan.scratch:
        with (Path(plan.scratch) / trial.name).open("a") as marks:
            marks.write("x")
    desk.progress(1, 2, loss=0.5)
    if trial.name == "b-seed0":
        if plan.mode == "nan":
            raise TrialFailed("the loss became nan at update 7")
        if plan.mode == "bug":
            raise IndexError("a bug")
        if plan.mode == "die" or (
            plan.mode == "die once" and len((Path(plan.scratch) / trial.name).read_text()) == 1
        ):
            os._exit(9)
    if plan.mode == "slow":
        time.sleep(0.7)
    return Record(
        numbers={"drawn": torch.rand(()).item(), "threads": torch.get_num_threads()},
        arrays={"noise": np.arange(3) + trial.seed},
    )


def findings(plan, records):
    """A table of what was drawn."""
    rows = [[r.trial.name, r.numbers["drawn"], r.numbers["threads"], int(r.arrays["noise"].sum())] for r in records]
    return Findings(
        summary=f"{len(records)} records",
        tables=[Table("drawn", ["trial", "number", "threads", "noise"], rows)],
        claims=[judge(claims(plan)[0], [row[1] for row in rows])],
    )
