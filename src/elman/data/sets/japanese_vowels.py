"""JapaneseVowels (UEA archive).

Official 270 / 370 sequences, 12 channels, length 7-29, 9 speakers.
"""

from typing import Literal

from elman.data.catalogue import DataSet
from elman.data.files import find
from elman.data.ts import LabelledSequence, read_ts

SET = DataSet(
    title="JapaneseVowels (UEA archive)",
    licence="sktime BSD-3; the data (UCI, Kudo et al.) ask for citation",
    citation=("Kudo, Toyama & Shimbo (1999), Multidimensional Curve Classification Using Passing-Through Regions"),
    serves="classification of sequences of different length, packing and masking",
    folder="classification_uea_japanese_vowels",
    sources=("sktime/sktime@7bd7d1620c0656f3210eeb850bb1c0034159ee47",),
    files="""
        68a430eabd919cc77f40b1f5f3bc0dcafacc1486bca9260785aeb7d262cc78cd 487971 JapaneseVowels_TRAIN.ts 0:sktime/datasets/data/JapaneseVowels/JapaneseVowels_TRAIN.ts
        b3d41d6a0ca3bcad3afb9ca7d4365382aa51341e2e58bae2a574babdda5b9462 649132 JapaneseVowels_TEST.ts 0:sktime/datasets/data/JapaneseVowels/JapaneseVowels_TEST.ts
    """,
)


def load(split: Literal["TRAIN", "TEST"]) -> list[LabelledSequence]:
    """Return the utterances of one part, ``[T, 12]`` each, labelled by speaker.

    Raises:
        NotHere: if the file is not on this machine.
        DataError: if it is damaged.
    """
    return read_ts(find(SET, f"JapaneseVowels_{split}.ts"))
