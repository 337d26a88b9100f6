"""E2E NLG: restaurant facts to sentence.

Columns mr,ref; part of the official training set (see file row) and the whole official development set (547
meaning representations, 4,672 rows). Names and "near" places must be copied from the input.
"""

from elman.data.catalogue import DataSet

SET = DataSet(
    title="E2E NLG: restaurant facts to sentence",
    licence="CC BY-SA 4.0",
    citation="Novikova, Dusek & Rieser (2017), The E2E Dataset",
    serves="copy / pointer-generator seq2seq, coverage, delexicalisation",
    folder="copy_e2e_nlg",
    sources=(
        "stefan-codes/TransformersNLG@ac97c7059df211131a5766ec43ac9522d6b0551e",
        "tuetschek/e2e-dataset@ab0d967dd5729ce455ef14ba9ffafc456a335264",
    ),
    files="""
        773fb7e0ba625c0fdaa332910cf1dbda1dfe36e850bdb4908eab7f2294bf7cb1 1531794 trainset_sample.csv -
        fc26b78cdb849c80545f513b223d1e051138b43882eeb79e3eb153e689c864f9 1161305 devset.csv 1:devset.csv
    """,
)
