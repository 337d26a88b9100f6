"""One time step in the engine's intermediate language, the result of lowering."""

from dataclasses import dataclass

from elman.engine.planning.deferred import Deferred
from elman.engine.planning.language import Input, Value

__all__ = ["Step"]


@dataclass(frozen=True)
class Step:
    """One time step, forward and backward: its inputs, and its results as values computed from them."""

    drives: tuple[Input, ...]
    states: tuple[Input, ...]
    tangents: tuple[Input, ...]  # the gradient of each state field from the next step
    grad_out: Input  # the gradient of this step's output
    new_states: tuple[Value, ...]
    grad_drives: tuple[Value | None, ...]
    grad_states: tuple[Value | None, ...]
    grad_thetas: tuple[Deferred | None, ...]

    @property
    def output(self) -> Value:
        """The first field of the new state."""
        return self.new_states[0]

    @property
    def constant_states(self) -> tuple[int, ...]:
        """State fields that pass through unchanged."""
        pairs = zip(self.states, self.new_states, strict=True)
        return tuple(i for i, (old, new) in enumerate(pairs) if new is old)

    @property
    def moving_states(self) -> tuple[int, ...]:
        """State fields that change."""
        return tuple(i for i in range(len(self.states)) if i not in self.constant_states)
