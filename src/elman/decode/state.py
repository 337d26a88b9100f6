"""The state of a search: a tree of tensors with one row per hypothesis."""

from typing import Any

from torch import Tensor

__all__ = ["select"]


def select(state: Any, rows: Tensor, *, dim: int = 0, count: int | None = None) -> Any:
    """Take rows of every tensor in a state.

    Args:
        state: a tensor ``[B, ...]``, or a ``NamedTuple``, tuple, list or dict of states. ``None``, numbers and
            strings stay as they are.
        rows: indices of the rows to take, ``[N]``; a row may be taken more than once.
        dim: the dimension of the rows; default 0; 1 for ``torch.nn.LSTM``'s ``[layers, B, H]``.
        count: the expected number of rows; default unchecked.

    Returns:
        The same tree, its tensors ``[N, ...]``.

    Raises:
        ValueError: if a tensor lacks the dimension or does not have ``count`` rows, or if the tree holds an object
            of another type.

    Example:
        >>> import torch
        >>> select({"h": torch.tensor([[1.0], [2.0]]), "step": 3}, torch.tensor([1, 1]))
        {'h': tensor([[2.], [2.]]), 'step': 3}
    """
    if isinstance(state, Tensor):
        if state.dim() <= dim or (count is not None and state.shape[dim] != count):
            raise ValueError(
                f"a tensor of the state is {list(state.shape)}, but dimension {dim} must hold one row for "
                f"each of the {'' if count is None else f'{count} '}hypotheses; see batch_dim for other layouts"
            )
        return state.index_select(dim, rows)
    if isinstance(state, dict):
        return {name: select(part, rows, dim=dim, count=count) for name, part in state.items()}
    if isinstance(state, (tuple, list)):
        parts = [select(part, rows, dim=dim, count=count) for part in state]
        return type(state)(*parts) if hasattr(state, "_fields") else type(state)(parts)
    if state is None or isinstance(state, (bool, int, float, str)):
        return state
    raise ValueError(
        f"the state holds a {type(state).__name__}, whose rows cannot be taken; "
        "expected tensors in NamedTuples, tuples, lists or dicts"
    )
