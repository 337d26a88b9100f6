"""Sentence polarity v1.0 (Pang & Lee 2005), "MR".

5,331 positive and 5,331 negative sentences, no official split: 10-fold cross-validation or a fixed 90/10
are usual. UTF-8.
"""

from elman.data.catalogue import DataSet

SET = DataSet(
    title='Sentence polarity v1.0 (Pang & Lee 2005), "MR"',
    licence="CC BY 4.0 (as nltk_data states for the same set); carrier repository Apache-2.0",
    citation="Pang & Lee (2005), Seeing Stars",
    serves="sentence sentiment",
    folder="sentiment_rt_polarity",
    sources=("dennybritz/cnn-text-classification-tf@18762b459e21d9c70e5c242f8d43fc4e6db37a0d",),
    files="""
        4134882974a28d0c7b5151256f0e33a6169984ee7372c279e673f1114f475d58 626395 rt-polarity.pos 0:data/rt-polaritydata/rt-polarity.pos
        2d11cfbc790f1cd96d78339f41ce53ced1efa83cd22d37d6788fa3fe3d17e2fd 612506 rt-polarity.neg 0:data/rt-polaritydata/rt-polarity.neg
    """,
)
