"""Hypothesis without a clock: the first example may compile a cell."""

import os

from hypothesis import settings

settings.register_profile("elman", deadline=None, derandomize=bool(os.environ.get("CI")))
settings.load_profile("elman")
