"""Initial weights of gated cells."""

from torch import Tensor, nn

__all__ = ["start_gates"]


def start_gates(weight_ih: Tensor, weight_hh: Tensor, gates: int) -> None:
    """Fill stacked weights gate by gate: input weights Xavier-uniform, recurrent weights orthogonal.

    Args:
        weight_ih: ``[gates * H, I]``.
        weight_hh: ``[gates * H, H]``.
        gates: number of blocks.
    """
    for W, R in zip(weight_ih.chunk(gates), weight_hh.chunk(gates), strict=True):
        nn.init.xavier_uniform_(W)
        nn.init.orthogonal_(R)
