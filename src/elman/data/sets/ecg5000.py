"""ECG5000 (UCR archive), training part.

500 heart-beats of 140 samples, whitespace-separated, first column the class 1-5 (292 / 177 / 10 / 19 / 2);
class 1 is normal. The 4,500-row test part was too large for the stored copy: make your own split.
"""

from elman.data.catalogue import DataSet

SET = DataSet(
    title="ECG5000 (UCR archive), training part",
    licence="UCR archive, citation asked; carrier repository states none",
    citation="Chen et al. (2015), The UCR Time Series Classification Archive; Goldberger et al. (2000)",
    serves="autoencoder anomaly detection, sequence classification with rare classes",
    folder="anomaly_ecg5000",
    sources=("nina-prog/sem-data-analysis-VAE@6a57b237f289bb1a237621c2d7f9ee455c080e55",),
    files="""
        64a73c47d5c785c9e87f2e07c71a985f451bd28e1120bfbdb91400401a09ec87 1128501 ECG5000_TRAIN.txt 0:ECG5000/ECG5000_TRAIN.txt
    """,
)
