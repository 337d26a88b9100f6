"""SST-2 (Socher et al. 2013), sentence level.

Official 6,920 / 872 / 1,821; tab-separated "sentence<TAB>label", no header, 1 = positive. WARNING: SST was
built from MR: about 78-79 % of each part (5,409 / 691 / 1,431 sentences) is also in rt-polarity. Never train
on one and test on the other.
"""

from elman.data.catalogue import DataSet

SET = DataSet(
    title="SST-2 (Socher et al. 2013), sentence level",
    licence="not stated in the carrier repository",
    citation=("Socher et al. (2013), Recursive Deep Models for Semantic Compositionality Over a Sentiment Treebank"),
    serves="sentence sentiment with an official test part",
    folder="sentiment_sst2",
    sources=("clairett/pytorch-sentiment-classification@457ffd83de90a9d6d472d8ffc31bbffe40a8b236",),
    files="""
        ec192f833a64da08f475488a77b0d0b47db47acd0f458bd18433fc793b569920 720259 train.tsv 0:data/SST2/train.tsv
        eddea6b39e601dd4e7a672b53cc40fdf6019fa80522f351206c24340ca5d9359 92057 dev.tsv 0:data/SST2/dev.tsv
        831169c7e2e429d6026e1bdbb542f33b636e3e596caad9602ebc953c205928b7 188749 test.tsv 0:data/SST2/test.tsv
    """,
)
