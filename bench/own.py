"""Two user-written cells that torchrecurrent also has."""

import torch
from torch import Tensor, nn

from elman import Cell, State
from elman.cells import LSTMState


class PeepholeLSTM(Cell):
    state_type = LSTMState

    def __init__(self, input_size: int, hidden_size: int):
        super().__init__(input_size, hidden_size)
        self.W = nn.Linear(input_size, 4 * hidden_size)
        self.R = nn.Linear(hidden_size, 4 * hidden_size, bias=False)
        self.p_i, self.p_f, self.p_o = (nn.Parameter(torch.zeros(hidden_size)) for _ in range(3))

    def drive(self, x: Tensor) -> Tensor:
        return self.W(x)

    def step(self, drive: Tensor, state: LSTMState) -> LSTMState:
        i, f, g, o = (drive + self.R(state.h)).chunk(4, -1)
        i, f = torch.sigmoid(i + self.p_i * state.c), torch.sigmoid(f + self.p_f * state.c)
        c = f * state.c + i * torch.tanh(g)
        return LSTMState(torch.sigmoid(o + self.p_o * c) * torch.tanh(c), c)


class MGU(Cell):
    def __init__(self, input_size: int, hidden_size: int):
        super().__init__(input_size, hidden_size)
        self.W = nn.Linear(input_size, 2 * hidden_size)
        self.R_f = nn.Linear(hidden_size, hidden_size, bias=False)
        self.R_h = nn.Linear(hidden_size, hidden_size, bias=False)

    def drive(self, x: Tensor) -> Tensor:
        return self.W(x)

    def step(self, drive: Tensor, state: State) -> State:
        x_f, x_h = drive.chunk(2, -1)
        f = torch.sigmoid(x_f + self.R_f(state.h))
        u = torch.tanh(x_h + self.R_h(f * state.h))
        return State((1 - f) * state.h + f * u)
