"""Decode sequences from any ``step(tokens, state) -> (log_probs, state)``, independent of the model.

A step may be a table, an Elman model, or any other function; a causal model of ``transformers`` takes three lines::

    def step(tokens, read):
        read = tokens[:, None] if read is None else torch.cat((read, tokens[:, None]), 1)
        return model(read).logits[:, -1].log_softmax(-1), read
"""

from elman.decode.beam import beam_search
from elman.decode.groups import Diversity
from elman.decode.result import Beams, Level
from elman.decode.sampling import greedy, sample, truncate
from elman.decode.scores import coverage_penalty, power, wu
from elman.decode.state import select
from elman.decode.step import Step
from elman.decode.trie import Trie

__all__ = [
    "Beams",
    "Diversity",
    "Level",
    "Step",
    "Trie",
    "beam_search",
    "coverage_penalty",
    "greedy",
    "power",
    "sample",
    "select",
    "truncate",
    "wu",
]
