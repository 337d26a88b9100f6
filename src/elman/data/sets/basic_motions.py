"""BasicMotions (UEA archive).

Official 40 / 40 sequences, 6 channels, length 100, 4 activities.
"""

from elman.data.catalogue import DataSet

SET = DataSet(
    title="BasicMotions (UEA archive)",
    licence="sktime BSD-3; the data ask for citation",
    citation="Bagnall et al. (2018), The UEA Multivariate Time Series Classification Archive",
    serves="small multivariate classification",
    folder="classification_uea_basic_motions",
    sources=("sktime/sktime@7bd7d1620c0656f3210eeb850bb1c0034159ee47",),
    files="""
        8dc43cc6306cb679c888c01e26f91772ac4441a916da43bac8b79734a538b9d6 227790 BasicMotions_TRAIN.ts 0:sktime/datasets/data/BasicMotions/BasicMotions_TRAIN.ts
        79213102bc6fca1a398ad98ce1185dff0208fa3d1465e687f48288946b0ff8dc 227713 BasicMotions_TEST.ts 0:sktime/datasets/data/BasicMotions/BasicMotions_TEST.ts
    """,
)
