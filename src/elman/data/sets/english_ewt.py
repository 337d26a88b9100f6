"""Universal Dependencies English-EWT.

Official split 12,544 / 2,001 / 2,077 sentences, 204,577 / 25,147 / 25,094 words (agrees with the treebank's
own stats.xml for train). CoNLL-U: 10 tab-separated columns; ids like "3-4" are multiword tokens, "8.1"
empty nodes: skip both.
"""

from elman.data.catalogue import DataSet

SET = DataSet(
    title="Universal Dependencies English-EWT",
    licence="CC BY-SA 4.0",
    citation="Silveira et al. (2014), A Gold Standard Dependency Corpus for English",
    serves="POS tagging (UPOS 17 tags, XPOS about 50), BiLSTM(-CRF), lemmatisation",
    folder="pos_ud_english_ewt",
    sources=("UniversalDependencies/UD_English-EWT@15d613d8447b3478787d4c278730a1e48a945efb",),
    files="""
        e464acdef7f52a258469dff9626f1815e28a0ac5c40ac25aa00e713fb4c8d9ef 7027875 en_ewt-ud-train.conllu -
        531a54ff90d6ab12201c5a50c3e78e6ddac4de69abc4bce5d275d3cd29efe2b6 1805545 en_ewt-ud-dev.conllu 0:en_ewt-ud-dev.conllu
        e266e515a0a7547657ed3d90d9ba46487d6bd251f27ad4269d4e8a427c8555cd 1804515 en_ewt-ud-test.conllu 0:en_ewt-ud-test.conllu
    """,
)
