"""Numenta Anomaly Benchmark.

18 of 58 series, 15 with and 3 without anomalies; csv timestamp,value; labels/combined_windows.json gives
[start, end] windows (about 10 % of each anomalous series), combined_labels.json the points. NAB treats the
first 15 % of each file as probation.
"""

from elman.data.catalogue import DataSet

SET = DataSet(
    title="Numenta Anomaly Benchmark",
    licence="MIT (repository LICENSE)",
    citation=("Lavin & Ahmad (2015), Evaluating Real-Time Anomaly Detection Algorithms; Ahmad et al. (2017)"),
    serves="unsupervised anomaly detection by forecast or reconstruction error",
    folder="anomaly_nab",
    sources=("numenta/NAB@ea702d75cc2258d9d7dd35ca8e5e2539d71f3140",),
    files="""
        d8fa6f7f0734bf5c8be12c52a94e20a82664c397d9dec4449156bd453d32856d 265771 data/realKnownCause/nyc_taxi.csv 0:data/realKnownCause/nyc_taxi.csv
        92bf5b87fc7f9bba8ca0b7ec63ccaac8cb4a1371a258e8c29a10ae9c018d82a4 732223 data/realKnownCause/machine_temperature_system_failure.csv 0:data/realKnownCause/machine_temperature_system_failure.csv
        230b68ccca20f59d562afd5d24ad52939c9b784386bed0054018358bf9120581 233321 data/realKnownCause/ambient_temperature_system_failure.csv 0:data/realKnownCause/ambient_temperature_system_failure.csv
        ab446fbd8b9f37507eb2fdb06315826d8daeef02e241133ce06e0ee571ba53d9 105367 data/realAWSCloudwatch/ec2_cpu_utilization_24ae8d.csv 0:data/realAWSCloudwatch/ec2_cpu_utilization_24ae8d.csv
        01613e6f632d067f11a5dfd40a188b0789752b388d9bc77a398bd06333878a76 119229 data/realAWSCloudwatch/ec2_cpu_utilization_5f5533.csv 0:data/realAWSCloudwatch/ec2_cpu_utilization_5f5533.csv
        d768419037c9db269343822957314f57ee21a7d9a4d41df2add0d1ba45ba84de 113675 data/realAWSCloudwatch/ec2_cpu_utilization_825cc2.csv 0:data/realAWSCloudwatch/ec2_cpu_utilization_825cc2.csv
        d936cea74682ed43ac96b778352d7de294c0b0c168f4a7e6817162346cdb28c1 104962 data/realAWSCloudwatch/ec2_cpu_utilization_c6585a.csv 0:data/realAWSCloudwatch/ec2_cpu_utilization_c6585a.csv
        6b712b922ab3b3404c5a629d64a570c390c99471ee8b9b0ff7665f553fda92c1 113599 data/realAWSCloudwatch/rds_cpu_utilization_e47b3b.csv 0:data/realAWSCloudwatch/rds_cpu_utilization_e47b3b.csv
        39104b08f2e0a673b5137eb7681897fcadf0955fedf565740a6a94edc63a81a4 117236 data/realAWSCloudwatch/ec2_network_in_257a54.csv 0:data/realAWSCloudwatch/ec2_network_in_257a54.csv
        ea5df125947e9ee2b977ac3d341f3c2a029588862af97cae4a654fc56e838702 140292 data/artificialWithAnomaly/art_daily_flatmiddle.csv 0:data/artificialWithAnomaly/art_daily_flatmiddle.csv
        f79f92b93ee4f9c10e2dc552505e8880b0c618639ed5e0f9816e044b75c26456 140548 data/artificialWithAnomaly/art_daily_jumpsup.csv 0:data/artificialWithAnomaly/art_daily_jumpsup.csv
        65c85d1834376ed5e622f01721d478609577ea0df0a067c5a5ebe5edea03b077 140478 data/artificialWithAnomaly/art_daily_nojump.csv 0:data/artificialWithAnomaly/art_daily_nojump.csv
        c4b304229f69f108eaa024fb2406fcd4510c5c5d95cd0053e2da6989682e4e6d 140187 data/artificialNoAnomaly/art_daily_small_noise.csv 0:data/artificialNoAnomaly/art_daily_small_noise.csv
        ccb7743ac2de8ca110db4af796d11ba31a23ad448a28e353a935c15f637756bc 116776 data/artificialNoAnomaly/art_daily_no_noise.csv 0:data/artificialNoAnomaly/art_daily_no_noise.csv
        15ba994384730cb5a2e6818f17ded1430b40d92eb7a08e5b1a48a445c8c350f6 25928 data/realTraffic/speed_7578.csv 0:data/realTraffic/speed_7578.csv
        38e70e9ead8227fd023bff6e93247d5bc01ee008f781b921a156962419b399bb 59846 data/realTraffic/TravelTime_387.csv 0:data/realTraffic/TravelTime_387.csv
        d869ab165254f3ee77ee21fd9fab2be1d07c1f80b8133cf01bbaf2d768c2ac64 58887 data/realAdExchange/exchange-2_cpc_results.csv 0:data/realAdExchange/exchange-2_cpc_results.csv
        826f5cf404c2890784a7824f7102fd00cb134a4948e12e44ec320d095cbbc217 368111 data/realTweets/Twitter_volume_AAPL.csv 0:data/realTweets/Twitter_volume_AAPL.csv
        b215fcfa9be8a26d472fb7376fc9fc2efc9ac65caf9a6db310d1dca40f33849d 3461 labels/combined_windows.json -
        672228a60b8140e2104439d2947cdecc5b265ac590dce5c465601d3911fe7fdc 1820 labels/combined_labels.json -
    """,
)
