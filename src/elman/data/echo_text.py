"""Generated text in which some letters can be told from one that stands a fixed number of steps before, alone."""

import torch
from torch import Tensor

__all__ = ["echoes"]


def echoes(length: int, lag: int, symbols: int = 8, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Draw a text of calls and echoes.

    A call is one of K symbols; ``lag`` steps later the same symbol comes again, the step before it being marked.
    Between them stand blanks, and after the echo a random number of them. To predict an echo a model must have kept
    the call, and to learn to keep it the gradient must reach over ``lag`` steps. Guessing costs ln K nats.

    Args:
        length: tokens to draw.
        lag: steps from a call to its echo, at least 2.
        symbols: K, tokens 2 to K + 1; 0 is the blank and 1 the mark.
        seed: of the text.

    Returns:
        The tokens ``[length]``, and where they are echoes, booleans ``[length]``.

    Raises:
        ValueError: if the lag is less than 2 or the text too short for one echo.

    Example:
        >>> tokens, asked = echoes(40, lag=5)
        >>> bool((tokens[5:][asked[5:]] == tokens[:-5][asked[5:]]).all())
        True
    """
    if lag < 2 or length <= lag or symbols < 1:
        raise ValueError(
            f"a lag of at least 2, more tokens than that and a symbol: got {lag}, {length} and {symbols}"
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
