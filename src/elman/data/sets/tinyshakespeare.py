"""Tiny Shakespeare.

40,000 lines of plays, 1,115,394 characters, 65 distinct. It has no split of its own: usual practice is the
first 90 % for training and the last 10 % for validation.
"""

from elman.data.catalogue import DataSet

SET = DataSet(
    title="Tiny Shakespeare",
    licence="MIT (char-rnn readme); the text is in the public domain",
    citation=("Karpathy (2015), The Unreasonable Effectiveness of Recurrent Neural Networks; text by W. Shakespeare"),
    serves="character models, sampling, truncated BPTT",
    folder="char_lm",
    sources=("karpathy/char-rnn@6f9487a6fe5b420b7ca9afb0d7c078e37c1d1b4e",),
    files="""
        86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed 1115394 tinyshakespeare.txt 0:data/tinyshakespeare/input.txt
    """,
)
