"""Generated memory tasks with known answers, lags and chance levels."""

from dataclasses import dataclass

import torch
from torch import Tensor

__all__ = ["NOTHING", "Copy", "Recall", "StoreRecall", "Timing"]

NOTHING = -100  # target of steps without a question; cross_entropy ignores it


@dataclass(frozen=True)
class Recall:
    """Classify a sequence by its first symbol, after a series of distractors.

    The first input is one of K symbols, one-hot; every later input is one of D distractors. Only the first step
    determines the answer, and guessing is correct with probability 1 / K.

    Args:
        steps: length T of a sequence, the number of steps over which the answer must be remembered.
        symbols: number of symbols K, which are the classes.
        distractors: number of distractors D.

    Example:
        >>> x, y = Recall(steps=5).draw(3, torch.Generator().manual_seed(0))
        >>> x.shape, y.shape, torch.equal(x[0].argmax(-1), y)
        (torch.Size([5, 3, 12]), torch.Size([3]), True)
    """

    steps: int
    symbols: int = 8
    distractors: int = 4

    @property
    def input_size(self) -> int:
        """Width of an input."""
        return self.symbols + self.distractors

    @property
    def chance(self) -> float:
        """Accuracy of a guess."""
        return 1 / self.symbols

    def draw(self, batch_size: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Draw inputs ``[T, B, K + D]`` and answers ``[B]``."""
        answers = torch.randint(self.symbols, (batch_size,), generator=generator)
        rest = torch.randint(self.symbols, self.input_size, (self.steps - 1, batch_size), generator=generator)
        tokens = torch.cat([answers[None], rest])
        return torch.nn.functional.one_hot(tokens, self.input_size).float(), answers


@dataclass(frozen=True)
class Copy:
    """Repeat a few symbols after a long pause (Hochreiter & Schmidhuber, 1997; in this form Arjovsky et al., 2016).

    Each sequence has ``length`` symbols, ``delay`` blanks, a signal, and blanks during the answer. Only the answer
    counts, so that a network gains nothing by outputting blanks. A network without memory can only guess: ln K nats
    per symbol.

    Args:
        delay: blanks D between the last symbol and the signal.
        length: symbols to repeat.
        symbols: number of symbols K.

    Example:
        >>> x, y = Copy(delay=2, length=3).draw(1, torch.Generator().manual_seed(0))
        >>> x[:, 0].argmax(-1).tolist(), y[:, 0].tolist()
        ([4, 7, 5, 8, 8, 9, 8, 8], [-100, -100, -100, -100, -100, 4, 7, 5])
    """

    delay: int
    length: int = 5
    symbols: int = 8

    @property
    def input_size(self) -> int:
        """Width of an input, for the symbols, the blank and the signal."""
        return self.symbols + 2

    @property
    def classes(self) -> int:
        """Answers there are."""
        return self.symbols

    @property
    def chance(self) -> float:
        """Accuracy of a guess."""
        return 1 / self.symbols

    def draw(self, batch_size: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Draw inputs ``[T, B, K + 2]`` and answers ``[T, B]``, -100 where nothing is asked."""
        blank, signal = self.symbols, self.symbols + 1
        shown = torch.randint(self.symbols, (self.length, batch_size), generator=generator)
        tokens = torch.full((2 * self.length + self.delay, batch_size), blank)
        tokens[: self.length] = shown
        tokens[self.length + self.delay] = signal
        answers = torch.full_like(tokens, NOTHING)
        answers[-self.length :] = shown
        return torch.nn.functional.one_hot(tokens, self.input_size).float(), answers


@dataclass(frozen=True)
class StoreRecall:
    """Recall the last stored symbol whenever asked, in one continuous stream.

    Between a store and its recall come distractors: symbols that must not be stored. Each store replaces the previous
    one, so the network must also forget, without a reset. In this continual setting the forget gate was found to be
    needed (Gers, Schmidhuber & Cummins, 2000).

    A step's input is a symbol marked as store or distractor, or a question without a symbol. A network without memory
    guesses with accuracy ``1 / K``.

    Args:
        rounds: stores, each recalled once.
        gap: distractors between each store and its recall.
        symbols: number of symbols K.

    Example:
        >>> x, y = StoreRecall(rounds=2, gap=1, symbols=3).draw(1, torch.Generator().manual_seed(0))
        >>> x.shape, y[:, 0].tolist()
        (torch.Size([6, 1, 6]), [-100, -100, 2, -100, -100, 0])
    """

    rounds: int = 4
    gap: int = 10
    symbols: int = 8

    @property
    def input_size(self) -> int:
        """Width of an input, for the symbols and three marks."""
        return self.symbols + 3

    @property
    def classes(self) -> int:
        """Answers there are."""
        return self.symbols

    @property
    def chance(self) -> float:
        """Accuracy of a guess."""
        return 1 / self.symbols

    def draw(self, batch_size: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Draw inputs ``[T, B, K + 3]`` and answers ``[T, B]``, -100 where nothing is asked."""
        K, period = self.symbols, self.gap + 2
        symbols = torch.randint(K, (self.rounds * period, batch_size), generator=generator)
        place = torch.arange(len(symbols)) % period
        x = torch.nn.functional.one_hot(symbols, self.input_size).float()
        x[place == period - 1] = 0
        x[place == 0, :, K] = 1
        x[(place > 0) & (place < period - 1), :, K + 1] = 1
        x[place == period - 1, :, K + 2] = 1
        answers = torch.full_like(symbols, NOTHING)
        answers[place == period - 1] = symbols[place == 0]
        return x, answers


@dataclass(frozen=True)
class Timing:
    """Classify the pauses between spikes as short or long (after Gers & Schmidhuber, 2000).

    The input is one unit that spikes. The pause before each spike is drawn to be ``short`` or ``long`` steps. At
    every spike but the first the network classifies the pause before it; only the time between the spikes determines
    the class.

    Args:
        short: steps from a spike to the next in the short pause.
        long: steps of the long pause; more than ``short``.
        spikes: spikes in a sequence, at least 2.

    Example:
        >>> x, y = Timing(short=2, long=3, spikes=3).draw(1, torch.Generator().manual_seed(0))
        >>> x[:, 0, 0].tolist(), y[:, 0].tolist()
        ([1.0, 0.0, 1.0, 0.0, 0.0, 1.0, 0.0], [-100, -100, 0, -100, -100, 1, -100])
    """

    short: int = 10
    long: int = 11
    spikes: int = 6

    @property
    def input_size(self) -> int:
        """Width of an input."""
        return 1

    @property
    def classes(self) -> int:
        """Answers there are."""
        return 2

    @property
    def chance(self) -> float:
        """Accuracy of a guess."""
        return 0.5

    def draw(self, batch_size: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Draw inputs ``[T, B, 1]`` and answers ``[T, B]``: 0 short, 1 long, -100 where nothing is asked."""
        which = torch.randint(2, (self.spikes - 1, batch_size), generator=generator)
        pauses = torch.where(which == 0, self.short, self.long)
        times = torch.cat([torch.zeros(1, batch_size, dtype=torch.int64), pauses.cumsum(0)])
        steps = self.long * (self.spikes - 1) + 1
        x = torch.zeros(steps, batch_size).scatter_(0, times, 1.0)
        answers = torch.full((steps, batch_size), NOTHING).scatter_(0, times[1:], which)
        return x[..., None], answers
