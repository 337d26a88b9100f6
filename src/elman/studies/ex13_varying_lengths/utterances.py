"""The data of study 15.13, the same data padded with zeros, and a check that padding changes nothing."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from elman.nn.text import TextClassifier
    from elman.train.epochs import Labelled

__all__ = ["MORE", "exactness", "filled", "recall", "steps_read", "utterances_of"]

MORE = 20  # steps of padding beyond the longest row


def utterances_of(vowels: bool, seed: int = 0) -> tuple["Labelled", "Labelled"]:
    """Return training and test utterances, scaled by the training part's mean and deviation.

    Args:
        vowels: whether to read Japanese Vowels; otherwise utterances are generated.
        seed: of the generated utterances.
    """
    import torch

    from elman.apps.frames import frame_scale
    from elman.data.sets import japanese_vowels
    from elman.data.utterances import utterances
    from elman.train.epochs import Labelled

    if vowels:
        parts = japanese_vowels.load("TRAIN"), japanese_vowels.load("TEST")
    else:
        parts = utterances(270, 2 * seed), utterances(370, 2 * seed + 1)
    mean, deviation = frame_scale([one.values for one in parts[0]])
    training, test = (
        Labelled([(torch.from_numpy(one.values) - mean) / deviation for one in part],
                 [int(one.label) - 1 for one in part])
        for part in parts
    )  # fmt: skip
    return training, test


def recall(count: int, lengths: tuple[int, int], seed: int) -> "Labelled":
    """Return sequences of unequal length, each with its first symbol as its class."""
    import torch

    from elman.data.tasks import Recall
    from elman.train.epochs import Labelled

    generator = torch.Generator().manual_seed(seed)
    shortest, longest = lengths
    x, answers = Recall(longest).draw(count, generator)
    steps_of = torch.randint(shortest, longest + 1, (count,), generator=generator).tolist()
    return Labelled([x[:steps, row] for row, steps in enumerate(steps_of)], answers.tolist())


def filled(data: "Labelled", steps: int) -> "Labelled":
    """Return the data with every sequence extended by zeros to ``steps``, as if the zeros were data."""
    from torch.nn.functional import pad

    from elman.train.epochs import Labelled

    return Labelled([pad(one, (0, 0, 0, steps - len(one))) for one in data.inputs], data.targets)


def steps_read(lengths: Sequence[int], batch_size: int, seed: int) -> int:
    """Count the steps of one epoch, every batch padded to its longest row; batches hold rows of similar length."""
    from elman.data.batches import Batches

    batches = Batches(lengths, batch_size, seed)
    return sum(len(batches[k]) * max(lengths[row] for row in batches[k]) for k in range(len(batches)))


def exactness(model: "TextClassifier", data: "Labelled") -> dict[str, float]:
    """Return what changes when the padding holds NaN, is longer, or is absent.

    ``content``: largest change of the logits and of all parameters' gradients when NaN replaces the zeros past every
    row's end; ``changed``: share of answers that change with 20 more steps of padding; ``packed``: largest change of
    the final states when the batch is a PackedSequence; ``alone``: largest change of the logits of the first 50
    sequences when each is read by itself.
    """
    import numpy as np
    import torch
    from torch.nn.utils.rnn import pack_padded_sequence

    model.eval()
    x, lengths, _ = data[np.arange(len(data))]
    past = (torch.arange(len(x))[:, None] >= lengths)[..., None]

    def read(inputs: torch.Tensor) -> list[torch.Tensor]:
        model.zero_grad()
        logits = model(inputs, lengths)
        logits.logsumexp(-1).sum().backward()
        return [logits.detach(), *(p.grad.clone() for p in model.parameters() if p.grad is not None)]

    def largest(a: torch.Tensor, b: torch.Tensor) -> float:
        return (a - b).abs().nan_to_num(nan=torch.inf).max().item()

    some = data.inputs[:50]
    first, other = read(x), read(x.masked_fill(past, torch.nan))
    with torch.no_grad():
        longer = model(torch.cat([x, x.new_zeros(MORE, *x.shape[1:])]), lengths)
        alone = torch.cat([model(one[:, None], [len(one)]) for one in some])
        packed = model.encoder(pack_padded_sequence(x, lengths, enforce_sorted=False))[1]
        states = model.encoder(x, lengths=lengths)[1]
    return {
        "content": max(largest(a, b) for a, b in zip(first, other, strict=True)),
        "changed": (longer.argmax(-1) != first[0].argmax(-1)).float().mean().item(),
        "packed": max(largest(a.h, b.h) for a, b in zip(packed, states, strict=True)),
        "alone": largest(alone, first[0][: len(some)]),
    }
