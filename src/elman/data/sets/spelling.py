"""Spelling errors and word frequencies.

4,188 lines "wrong->right", first correction only where Wikipedia gives several, ASCII only; 50,000 lines
"word count" from OpenSubtitles 2018. No split.
"""

from elman.data.catalogue import DataSet

SET = DataSet(
    title="Spelling errors and word frequencies",
    licence=(
        "Wikipedia list of common misspellings (CC BY-SA / GFDL text; carrier repository states "
        "none); frequency list CC BY-SA 4.0"
    ),
    citation="Wikipedia, Lists of common misspellings; Dave (2018), FrequencyWords",
    serves="spelling correction: noise model, seq2seq corrector, candidate ranking",
    folder="spelling",
    sources=(
        "kyoto/vim-autocorrect@f5c688ad71a604c611086f99b1d6fad72c5da07c",
        "hermitdave/FrequencyWords@525f9b560de45753a5ea01069454e72e9aa541c6",
    ),
    files="""
        06f7f3fd6f4178be8df36a1475e581cb4a820723a1315c14aa7d7bd770966ea9 88021 wikipedia_common_misspellings.txt 0:data/wikipedia.dat
        5351ff405b1126ef555791dd4d9798a48e3e9a501a9fc481a9da957752cfb458 622749 word_frequency_en_50k.txt 1:content/2018/en/en_50k.txt
    """,
)
