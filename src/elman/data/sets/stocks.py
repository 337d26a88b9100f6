"""Daily open-high-low-close-volume.

No split: split by time, never at random. Checked: dates increasing, no repeats, no weekend, low <=
open,close <= high, no empty cell; the S&P 500 closes equal those of a second repository on all 4,779 common
days, AAPL likewise on 506.
"""

from elman.data.catalogue import DataSet

SET = DataSet(
    title="Daily open-high-low-close-volume",
    licence=(
        "prices from Yahoo Finance; vega-datasets and the ticker repository state no licence for "
        "the figures; plotly/datasets MIT"
    ),
    citation="none given",
    serves=(
        'one-step and multi-step forecasting against the "tomorrow = today" baseline, scaling without look-ahead'
    ),
    folder="stocks",
    sources=(
        "vega/vega-datasets@cad85578e232704bb0453544742440038038c6a2",
        "plotly/datasets@0c447c47b757ad74edecab31f0d72f849d2e67c2",
        "Shiva-gs/ML-Project-Stock-Predict@b76ea6038e7f7d4a5689f6a0825019b7ed4fb2f2",
    ),
    files="""
        9409e9342d0657c747324e4cfabce8a8c7f663bc485b95a3378f36b0a160f8c8 415968 sp500_daily_2000_2020.csv 0:data/sp500-2000.csv
        24c7604edfd5afe862ddb9f9535e2fd7351f43711bfc442bca52055e15e37bcd 60220 AAPL_daily_2015_2017.csv 1:finance-charts-apple.csv
        2a2718dffe48b5d46f54e6acf4cc7fb9fbe2a881c43dfbcdb1aa4c61b07a6479 145643 tickers_2015_2020/MSFT_data.csv 2:individual_stocks_5yr/MSFT_data.csv
        541dc06958d9e17b6c874bc8ba55552da5b275f01f90ad467ffba4c37e641750 144432 tickers_2015_2020/JPM_data.csv 2:individual_stocks_5yr/JPM_data.csv
        63de043d20b521aa27bd393db563ddd5b61736fca62fad2ee784a298db4e2aba 140967 tickers_2015_2020/XOM_data.csv 2:individual_stocks_5yr/XOM_data.csv
    """,
)
