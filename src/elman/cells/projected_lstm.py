"""The LSTM with a recurrent projection (Sak, Senior & Beaufays, 2014, arXiv:1402.1128)."""

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from elman.cell import Cell
from elman.cells.initial import start_gates
from elman.cells.lstm import LSTMState
from elman.errors import check_positive


class ProjectedLSTMCell(Cell[LSTMState]):
    r"""The LSTM cell whose output is projected to fewer features before it feeds back.

    .. math:: i, f, g, o &= W x_t + R h_{t-1} + b \\
              c_t &= \sigma(f) \odot c_{t-1} + \sigma(i) \odot \tanh(g) \\
              h_t &= W_{hr} (\sigma(o) \odot \tanh(c_t))

    ``h`` is ``[B, P]`` and ``c`` is ``[B, H]``, so the cost of the recurrent product grows with H P instead of the
    square of H. The weights' blocks are in the order i, f, g, o, as in ``torch.nn.LSTM`` with ``proj_size``. Input
    and projection weights start Xavier-uniform, recurrent weights orthogonal for each gate, the bias at zero except
    the forget gate's.

    Args:
        input_size: features I of the input.
        hidden_size: features H of the cell state.
        proj_size: features P of the output; default half of H.
        forget_bias: where the forget gate's bias starts; default 1.

    Raises:
        ValueError: if a size is not a positive integer.

    Example:
        >>> cell = ProjectedLSTMCell(128, 256, proj_size=64)
        >>> state = cell.initial_state(2)
        >>> state.h.shape, state.c.shape
        (torch.Size([2, 64]), torch.Size([2, 256]))
    """

    year = 2014
    paper = "Sak, Senior & Beaufays, Long Short-Term Memory Based Recurrent Neural Network Architectures"
    family = "structured"

    def __init__(self, input_size: int, hidden_size: int, proj_size: int | None = None, forget_bias: float = 1.0):
        super().__init__(input_size, hidden_size)
        if proj_size is None:
            proj_size = (hidden_size + 1) // 2
        (proj_size,) = check_positive(proj_size=proj_size)
        self.proj_size = proj_size
        self.weight_ih = nn.Parameter(torch.empty(4 * hidden_size, input_size))  # W
        self.weight_hh = nn.Parameter(torch.empty(4 * hidden_size, proj_size))  # R
        self.weight_hr = nn.Parameter(torch.empty(proj_size, hidden_size))  # W_hr
        self.bias = nn.Parameter(torch.zeros(4 * hidden_size))
        start_gates(self.weight_ih, self.weight_hh, 4)
        nn.init.xavier_uniform_(self.weight_hr)
        nn.init.constant_(self.bias.chunk(4)[1], forget_bias)

    def initial_state(self, batch_size: int) -> LSTMState:
        """Both fields zero: ``h`` is ``[B, P]``, ``c`` is ``[B, H]``."""
        widths = (self.proj_size, self.hidden_size)
        return LSTMState(*(self.weight_ih.new_zeros(batch_size, width) for width in widths))

    def drive(self, x: Tensor) -> Tensor:
        """``W x + b``, ``[..., 4H]``."""
        return linear(x, self.weight_ih, self.bias)

    def step(self, drive: Tensor, state: LSTMState) -> LSTMState:
        """One step of the equations above."""
        i, f, g, o = (drive + linear(state.h, self.weight_hh)).chunk(4, -1)
        c = torch.sigmoid(f) * state.c + torch.sigmoid(i) * torch.tanh(g)
        return LSTMState(linear(torch.sigmoid(o) * torch.tanh(c), self.weight_hr), c)

    def extra_repr(self) -> str:
        """Sizes, for ``print(cell)``."""
        return f"{self.input_size}, {self.hidden_size}, proj_size={self.proj_size}"
