"""A study small enough to run in tests: it adds up numbers, and breaks where its plan says."""

import os
import re
import resource
import signal
import sys
import time
from functools import partial
from pathlib import Path
from typing import Literal

from pydantic import PositiveInt
from pydantic.dataclasses import dataclass

from elman.lab.findings import Claim, Findings, Table
from elman.lab.study import Record, Trial
from elman.lab.workspace import TrialFailed


@dataclass(frozen=True)
class Plan:
    """What to add, and what to break."""

    variants: tuple[str, ...] = ("a", "b")  # the arms
    seeds: PositiveInt = 2
    mode: Literal["plain", "nan", "die", "die once", "bug", "slow", "train", "needs b"] = "plain"
    scratch: str = ""
    updates: PositiveInt = 30
    ratio: float = 1.0


QUICK = Plan(seeds=1)


def claims(plan):
    """One exact claim."""
    return [
        Claim("sum", "The numbers are positive.", "this test", at_least=0.0,
              measure=lambda arms: [record.numbers["drawn"] for record in arms.records])
    ]  # fmt: skip


def trials(plan):
    """Arms times seeds."""
    return [Trial(arm, seed) for arm in plan.variants for seed in range(plan.seeds)]


def out_of_memory(allocate):
    """Ask for more than there is: 2 ** 36 bytes where 2 ** 35 are allowed."""
    resource.setrlimit(resource.RLIMIT_AS, (2**35, resource.getrlimit(resource.RLIMIT_AS)[1]))
    allocate(2**36)


def too_large_a_tensor(size):
    """Let torch say that there is no memory."""
    import torch

    torch.empty(size, dtype=torch.uint8)


def one_breaks(rank, how):
    """Of two processes that train together; the other one waits for its share of a sum."""
    import torch

    from elman.train import parallel

    if parallel.rank() == rank:
        if how == "error":
            raise OSError(28, "No space left on device", "/full")
        if how == "exit":
            sys.exit(3)
        signal.raise_signal(signal.SIGINT if how == "interrupt" else signal.SIGKILL)
    parallel.add_up([torch.ones(1)])


BREAKS = {  # variants that never end well
    "kill": lambda: os.kill(os.getpid(), signal.SIGKILL),
    "memory": lambda: out_of_memory(bytearray),
    "tensor": lambda: out_of_memory(too_large_a_tensor),
    "hang": signal.pause,
    "hog": lambda: re.match(r"(a+)+$", "a" * 99 + "b"),  # in C, where no other thread may run
    **{
        f"{how}-{rank}": partial(one_breaks, rank, how)
        for rank in range(2)
        for how in ("error", "interrupt", "death", "exit")
    },
}


def run(plan, trial, desk):
    """Leave a mark for each time this trial ran."""
    import numpy as np
    import torch

    if plan.scratch:
        with (Path(plan.scratch) / trial.name).open("a") as marks:
            marks.write("x")
    if trial.arm in BREAKS:
        BREAKS[trial.arm]()
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
    if plan.mode == "train":
        return trained(plan, trial, desk)
    if plan.mode == "slow":
        time.sleep(0.7)
    return Record(
        numbers={"drawn": torch.rand(()).item(), "threads": torch.get_num_threads()},
        arrays={"noise": np.arange(3) + trial.seed},
    )


def trained(plan, trial, desk):
    """Train with dropout from checkpoint to checkpoint, and leave a mark for every update that is made."""
    import torch

    from elman.train.loop import train

    def loss(update):
        x = torch.rand(8, 3, generator=torch.Generator().manual_seed(update))
        return (net(x) - x.sum(1, keepdim=True)).square().mean()

    net = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Dropout(0.3), torch.nn.Linear(4, 1))
    losses = []
    made = train(net, loss, plan.updates, learning_rate=0.1,
                 checkpoint=desk.folder / "checkpoint.safetensors", checkpoint_every=2)  # fmt: skip
    for update in made:
        losses.append(update.loss)
        if not update.restored:
            with (Path(plan.scratch) / f"{trial.name}.updates").open("a") as marks:
                marks.write("x")
            time.sleep(float(os.environ.get("TOY_PACE", "0")))
            desk.progress(update.number, plan.updates, loss=update.loss)
    weights = torch.cat([parameter.detach().flatten() for parameter in net.parameters()])
    return Record(
        numbers={"drawn": losses[-1], "threads": torch.get_num_threads()},
        series={"loss": losses},
        arrays={"noise": weights.numpy()},
    )


def findings(plan, records):
    """A table of what was drawn."""
    if plan.mode == "needs b":
        {r.trial.arm: r for r in records}["b"]
    rows = [[r.trial.name, r.numbers["drawn"], r.numbers["threads"], float(r.arrays["noise"].sum())] for r in records]
    return Findings(
        summary=f"{len(records)} records",
        tables=[Table("drawn", ["trial", "number", "threads", "noise"], rows)],
    )
