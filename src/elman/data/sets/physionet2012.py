"""PhysioNet/CinC Challenge 2012: ICU stays, irregular measurements over 48 h.

350 of the 4,000 set-a stays, 55 deaths (15.7 %); columns RecordID,Time(hh:mm),Parameter,Value; 5 general
descriptors (Age, Gender, Height, ICUType, Weight) at 00:00 with -1 for missing, 36 measured variables;
checked: every line except Age (edited there) equals the copy in a second repository; outcome file has In-
hospital_death.
"""

from elman.data.catalogue import DataSet

SET = DataSet(
    title="PhysioNet/CinC Challenge 2012: ICU stays, irregular measurements over 48 h",
    licence=(
        'PhysioNet "open access" challenge data, de-identified, citation asked (Goldberger et al. '
        "2000; Silva et al. 2012); licence text itself not seen"
    ),
    citation=("Silva et al. (2012), Predicting In-Hospital Mortality of ICU Patients; Goldberger et al. (2000)"),
    serves="irregular sampling, missing values, time-gap inputs, GRU-D style decay, imbalanced labels",
    folder="irregular_physionet2012",
    sources=("AbdelrahmanManz/ICU-Mortality-Predictor@7037a4f84275e146be51bae44ceaa11e687269b8",),
    files="""
        27b9aa9ef034412443996c89947a102819e8a6006e245ed32a821550abd431d0 3460204 set-a_350_records.csv -
        7fa5a6c98d22ed522945541a2caeba581ff607d503093b0f4a00efd07cfc6286 6999 Outcomes-a_350_records.csv -
    """,
)
