"""Multi30k task 1, English-German, raw text.

Official 29,000 / 1,014 / 1,000 (test_2016_flickr), line-aligned; no English test sentence occurs in train.
"""

from elman.data.catalogue import DataSet

SET = DataSet(
    title="Multi30k task 1, English-German, raw text",
    licence=("README states terms for the images only (non-commercial research/education); treat the text likewise"),
    citation="Elliott et al. (2016), Multi30K: Multilingual English-German Image Descriptions",
    serves="seq2seq translation with and without attention",
    folder="translation_multi30k_en_de",
    sources=("multi30k/dataset@a3d2e0d26b56f3846f66a952536ffed4e401d05a",),
    files="""
        460a15fbd157e34a7a9957ee388c1ca247fe47af3ef25fb50442af6c274e0fc6 1801238 train.en -
        2c2b73fd2b548fbcde3a875e0a78d6ee94d498bfdee6bd3eae3945779e9ddf72 2110398 train.de -
        1f2a23d992769b5b3d209b0a10dd0b77c08cceb1f20dfb97ed0aafa49d107227 63297 val.en -
        660e09eb7e1da2f856ea13ee5ad3cf6d36b3d5b0b733c857e94c5747a3dfc660 75981 val.de -
        399a4382932c1aadd3ceb9bef1008d388a64c76d4ae4e9d4728c6f4301cac182 62076 test_2016_flickr.en -
        4be6b5b3236b79c25475c6bb829800a7ce559e9ba7a1f6c2394fe4d40be46d16 70649 test_2016_flickr.de -
    """,
)
