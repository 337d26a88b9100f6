"""Probes: gradient flow, hidden states, parameters, calibration, and tests for paired answers."""

from typing import TYPE_CHECKING

from elman.lazy import lazily
from elman.probe.gradient_flow import gradient_flow  # now, since the module has the same name

if TYPE_CHECKING:
    from elman.probe.calibration import Reliability, brier, calibration_error, nll, reliability, temperature
    from elman.probe.cell_table import describe
    from elman.probe.hidden_states import correlations, every_state, explained
    from elman.probe.paired import holm, mcnemar, paired_permutation
    from elman.probe.parameters import count_parameters

__all__ = [
    "Reliability",
    "brier",
    "calibration_error",
    "correlations",
    "count_parameters",
    "describe",
    "every_state",
    "explained",
    "gradient_flow",
    "holm",
    "mcnemar",
    "nll",
    "paired_permutation",
    "reliability",
    "temperature",
]

__getattr__, __dir__ = lazily(
    __name__,
    {
        "gradient_flow": "elman.probe.gradient_flow",
        "correlations": "elman.probe.hidden_states",
        "every_state": "elman.probe.hidden_states",
        "explained": "elman.probe.hidden_states",
        "count_parameters": "elman.probe.parameters",
        "Reliability": "elman.probe.calibration",
        "brier": "elman.probe.calibration",
        "calibration_error": "elman.probe.calibration",
        "nll": "elman.probe.calibration",
        "reliability": "elman.probe.calibration",
        "temperature": "elman.probe.calibration",
        "holm": "elman.probe.paired",
        "mcnemar": "elman.probe.paired",
        "paired_permutation": "elman.probe.paired",
        "describe": "elman.probe.cell_table",
    },
)
