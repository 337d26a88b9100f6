"""SNIPS: intents and slots.

Usual 13,084 / 700 / 700; seq.in words, seq.out BIO slots (same number of tokens on every line), label
intent (7).
"""

from elman.data.catalogue import DataSet

SET = DataSet(
    title="SNIPS: intents and slots",
    licence="data CC0 1.0 (sonos/nlu-benchmark LICENSE); carrier repository Apache-2.0",
    citation="Coucke et al. (2018), Snips Voice Platform",
    serves="sequence labelling plus sequence classification, rare-word slots",
    folder="slots_snips",
    sources=("monologg/JointBERT@00324f60dda4a491b2913bc3065ae93966caea3f",),
    files="""
        04ad1e3f2121d83c6478f9a4b17d2dbdc21d06d6127f73cb7af835ed733f9855 617079 train/seq.in 0:data/snips/train/seq.in
        fd5f2121d8055827e5d6b3d3bac30f3d7e94e82a5d437751960cbdd9e1b4f6d3 950926 train/seq.out 0:data/snips/train/seq.out
        bfd7df6cf9dd76c5da5d8b61bc85f90386197bdd3d7510c1d324c051537b962f 184532 train/label 0:data/snips/train/label
        64e0f6d8ad8aab3a3828164d7d53731a0993d3ca1aed437ceaca6d3d568d410e 33629 dev/seq.in 0:data/snips/dev/seq.in
        712e6d34feb8d52d208b820a5f8bae6e6ff990f08374507dfde22de389088319 50626 dev/seq.out 0:data/snips/dev/seq.out
        9c1dd041216f647bcfca838aaf1a48eb5781e4404256d31ff07cd38a5436c52f 9900 dev/label 0:data/snips/dev/label
        c1e341173fcea2951a8ca371956a6f81c76de87b9583c62eb87edd6158fa3a7c 33121 test/seq.in 0:data/snips/test/seq.in
        58c07c9097d5e1f78889765c2a535a160f6455b90b3142055c8051847afcca47 50918 test/seq.out 0:data/snips/test/seq.out
        37a26da3ad079bb41c42c85a3a8f827eb47efec4c5917ce5d08f4b2736e4f830 10120 test/label 0:data/snips/test/label
    """,
)
