"""Generated text in which some symbols repeat the symbol a fixed number of steps before."""

import torch
from torch import Tensor

__all__ = ["echoes"]


def echoes(length: int, lag: int, symbols: int = 8, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Draw a text of calls and echoes.

    A call is one of K symbols. ``lag`` steps later the same symbol, its echo, occurs again, preceded by a mark.
    Blanks fill the steps between call and mark, and a random number of blanks follows the echo. To predict an echo, a
    model must remember the call; to learn this, the gradient must reach back ``lag`` steps. Guessing costs ln K nats.

    Args:
        length: tokens to draw.
        lag: steps from a call to its echo, at least 2.
        symbols: K, tokens 2 to K + 1; 0 is the blank and 1 the mark.
        seed: seed of the text.

    Returns:
        The tokens ``[length]``, and booleans ``[length]`` that mark the echoes.

    Raises:
        ValueError: if the lag is less than 2, the text too short for one echo, or ``symbols`` less than 1.

    Example:
        >>> tokens, asked = echoes(40, lag=5)
        >>> bool((tokens[5:][asked[5:]] == tokens[:-5][asked[5:]]).all())
        True
    """
    if lag < 2 or length <= lag or symbols < 1:
        raise ValueError(
            f"expected lag of at least 2, length above lag, symbols of at least 1; got {lag}, {length} and {symbols}"
        )
    generator = torch.Generator().manual_seed(seed)
    blocks = length // (lag + 1) + 1
    calls = (2 + torch.randint(symbols, (blocks,), generator=generator)).tolist()
    pauses = torch.randint(0, lag, (blocks,), generator=generator).tolist()
    tokens = torch.zeros(length, dtype=torch.int64)
    asked = torch.zeros(length, dtype=torch.bool)
    place = 0
    for call, pause in zip(calls, pauses, strict=True):
        if place + lag >= length:
            break
        tokens[place], tokens[place + lag - 1], tokens[place + lag] = call, 1, call
        asked[place + lag] = True
        place += lag + 1 + pause
    return tokens, asked
