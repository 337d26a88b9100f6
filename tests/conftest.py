"""Hypothesis without a clock: the first example may compile a cell. One thread for each of several workers."""

import os

from hypothesis import settings

if "PYTEST_XDIST_WORKER" in os.environ:  # before torch is imported: more threads than cores wait for each other
    os.environ.setdefault("OMP_NUM_THREADS", "1")

settings.register_profile("elman", deadline=None, derandomize=bool(os.environ.get("CI")))
settings.load_profile("elman")
