"""The base class of cells in continuous time, which read the duration of each step."""

from torch import Tensor

from elman.cell import Cell

__all__ = ["GapCell"]


class GapCell(Cell):
    """A cell whose steps have a duration: 1, or the last feature of the input.

    Args:
        input_size: features I of the input, the gap included.
        hidden_size: features H of the state.
        time_gap: whether the last feature is the time since the step before, at least 0, in the unit in
            which the cell's time constants are learned.

    Raises:
        ValueError: if a size is not a positive integer, or if the gap would be the only feature.
    """

    def __init__(self, input_size: int, hidden_size: int, time_gap: bool):
        super().__init__(input_size, hidden_size)
        if time_gap and input_size < 2:
            raise ValueError(
                f"with time_gap the last feature is the gap, so input_size must be at least 2, got {input_size}"
            )
        self.time_gap = time_gap
        self.feature_size = input_size - 1 if time_gap else input_size

    def apart(self, x: Tensor) -> tuple[Tensor, Tensor | None]:
        """Return the features ``[..., F]`` and the gap ``[..., 1]``, None where it is always 1."""
        return (x[..., :-1], x[..., -1:]) if self.time_gap else (x, None)

    def extra_repr(self) -> str:
        """Sizes, for ``print(cell)``."""
        return f"{self.input_size}, {self.hidden_size}" + (", time_gap=True" if self.time_gap else "")
