"""The layer-normalised recurrent network (Ba, Kiros & Hinton, "Layer Normalization", 2016, section 3.1)."""

import torch
from torch import Tensor, nn
from torch.nn.functional import layer_norm, linear

from elman.cell import State
from elman.cells.rnn import Nonlinearity, RNNCell


class LayerNormRNNCell(RNNCell):
    r"""The simple recurrent cell with its pre-activation normalised at every step.

    .. math:: a_t &= W x_t + R h_{t-1} \\
              h_t &= \phi\Big(g \odot \frac{a_t - \mu_t}{\sigma_t} + b\Big)

    The mean and standard deviation are taken over the H features of one row, so the cell behaves the same
    for every batch size. ``g`` starts at one and ``b`` at zero.

    Args:
        input_size: features I of the input.
        hidden_size: features H of the state.
        nonlinearity: :math:`\phi`, ``"tanh"`` (the default) or ``"relu"``.

    Raises:
        ValueError: if ``nonlinearity`` is neither.

    Example:
        >>> LayerNormRNNCell(3, 5)
        LayerNormRNNCell(3, 5)
    """

    year = 2016
    paper = "Ba, Kiros & Hinton, Layer Normalization"
    family = "simple"

    def __init__(self, input_size: int, hidden_size: int, nonlinearity: Nonlinearity = "tanh"):
        super().__init__(input_size, hidden_size, nonlinearity)
        self.gain = nn.Parameter(torch.ones(hidden_size))  # g

    def drive(self, x: Tensor) -> Tensor:
        """``W x``, ``[..., H]``: the bias comes after the normalisation."""
        return linear(x, self.weight_ih)

    def step(self, drive: Tensor, state: State) -> State:
        """One step of the equations above."""
        phi = torch.tanh if self.nonlinearity == "tanh" else torch.relu
        a = drive + linear(state.h, self.weight_hh)
        return State(phi(layer_norm(a, (self.hidden_size,), self.gain, self.bias)))
