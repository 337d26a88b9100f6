"""The toy study, run by the real command in a session of its own, or in this process, which is quicker."""

import json
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import torch

from elman.lab.runner import Run, execute
from elman.lab.study import Study

LAB = Path(__file__).parents[1] / "lab"
PATIENCE = 600  # seconds for what takes one or two on an idle machine: only what hangs takes as long


def until(state, what):
    """Wait for a state, and return it."""
    deadline = time.monotonic() + PATIENCE
    while not (found := state()):
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.005)
    return found


class Toy:
    """A toy study's runs, all of which leave their marks in one folder."""

    def __init__(self, folder):
        self.folder = folder
        self.study = Study("15.99", "toy-study", "toy_study", LAB / "toy_study.py")
        self.scratch = folder / "scratch"
        self.scratch.mkdir()
        self.sessions = []

    def run(self, out="here", **settings):
        """A run in this process."""
        plan = self.study.module.Plan(scratch=str(self.scratch), **settings)
        return Run(self.study, plan, self.folder / out, "elman study 15.99")

    def finish(self, run):
        """Run it here; return its findings."""
        threads = torch.get_num_threads()
        try:
            with ThreadPoolExecutor(1) as pool:
                ((_, findings),) = execute([run], executor=pool)
        finally:
            torch.set_num_threads(threads)
        return findings

    def start(self, out="out", jobs=2, pace=0.0, **settings):
        """Start the real command; its errors go to ``errors``."""
        settings = {"scratch": self.scratch, **settings}
        words = [
            sys.executable,
            LAB.parent / "faults" / "command.py",
            "study",
            "15.99",
            "--json",
            "--jobs",
            str(jobs),
        ]
        words += ["--out", self.folder / out, *(f"--set={name}={value}" for name, value in settings.items())]
        with (self.folder / "errors").open("w") as errors:
            process = subprocess.Popen(
                words, stdout=subprocess.DEVNULL, stderr=errors, start_new_session=True,
                env={**os.environ, "TOY_PACE": str(pace), "OMP_NUM_THREADS": "1", "COLUMNS": "400"},
            )  # fmt: skip
        self.sessions.append(process)
        return process

    def command(self, code=0, **settings):
        """Run the real command; return what it complained of."""
        assert self.start(**settings).wait(PATIENCE) == code, self.errors()
        return self.errors()

    def errors(self):
        """What the last command said besides its progress."""
        lines = (self.folder / "errors").read_text().splitlines(keepends=True)
        return "".join(line for line in lines if not line.startswith("[") and "already saved" not in line)

    def marks(self, suffix=""):
        """How often each trial ran, or, of ``suffix`` ".updates", how many updates it made."""
        return {p.stem: p.stat().st_size for p in self.scratch.iterdir() if p.suffix == suffix}

    def records(self, out="out"):
        """The files of every trial that is saved, by the trial's name and the file's."""
        folders = [path.parent for path in (self.folder / out).rglob("record.json")]
        return {
            (folder.name.rpartition("-")[0], name): (folder / name).read_bytes()
            for folder in folders for name in ("record.json", "arrays.npz")
        }  # fmt: skip

    def findings(self, out="out"):
        (path,) = (self.folder / out).rglob("findings.json")
        return timeless(json.loads(path.read_text()))


def timeless(findings):
    """Findings without what no two runs have in common: processor time, where it lay, and so their sum."""
    plain = json.loads(findings.to_json()) if hasattr(findings, "to_json") else findings
    return {name: value for name, value in plain.items() if name not in ("seconds", "command", "sha256")}


def members(session):
    """Processes of a session that are at work."""
    found = {}
    for path in Path("/proc").iterdir():
        if path.name.isdigit():
            try:
                state, _, _, of = (path / "stat").read_text().rpartition(")")[2].split()[:4]
                if int(of) == session and state not in "ZX":
                    found[int(path.name)] = (path / "cmdline").read_text()
            except (OSError, ValueError):  # it has ended meanwhile
                continue
    return found


def workers(session):
    """Those of them that run trials."""
    return sorted(pid for pid, line in members(session).items() if "spawn_main" in line)
