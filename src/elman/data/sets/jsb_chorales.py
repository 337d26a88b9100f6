"""J. S. Bach chorales (Boulanger-Lewandowski split).

Official 229 / 76 / 77 pieces. quarter: list of pieces, each a list of steps, each a list of MIDI pitches
(13,807 / 4,602 / 4,725 steps). Jsb16thSeparated: four voices per step, -1 = silence.
"""

from elman.data.catalogue import DataSet

SET = DataSet(
    title="J. S. Bach chorales (Boulanger-Lewandowski split)",
    licence="no licence stated; the music is public domain",
    citation=("Boulanger-Lewandowski et al. (2012), Modeling Temporal Dependencies in High-Dimensional Sequences"),
    serves="polyphonic music modelling (88 binary outputs per step; negative log-likelihood per step)",
    folder="music_jsb_chorales",
    sources=("czhuang/JSB-Chorales-dataset@9a7f733ddb4ed91f48da64ac7f0f621c34aadd4d",),
    files="""
        2db9329f1881a1d3f49703ec556bf1d6f84b4f6c1d702c156536e93cf31e1c91 407200 jsb-chorales-quarter.json 0:jsb-chorales-quarter.json
        79294cc374f9252e95ef4b703161524c1c53dc1f712c236f00f1c1f5d54af5a7 1666444 Jsb16thSeparated.json 0:Jsb16thSeparated.json
    """,
)
