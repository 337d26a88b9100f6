"""WikiText-2, validation part.

The official validation part, 217,646 tokens counting one end of line each.
"""

from elman.data.catalogue import DataSet

SET = DataSet(
    title="WikiText-2, validation part",
    licence="CC BY-SA (Wikipedia text)",
    citation="Merity et al. (2017), Pointer Sentinel Mixture Models",
    serves="character-level RNN, sampling, truncated BPTT, word-level LM on a small corpus",
    folder="char_lm",
    sources=("pytorch/examples@77f55b912142e11fcfdf5b530231fb9c52f181e8",),
    files="""
        f0737ed31fc1329026e95cb8b98e19c2a182c39c240ab909dc31abf2f8af58e8 1121681 wikitext2_valid.txt 0:word_language_model/data/wikitext-2/valid.txt
    """,
)
