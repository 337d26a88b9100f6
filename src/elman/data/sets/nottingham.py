"""Nottingham folk tunes (cleaned ABC, and MIDI made from it).

11 of the 14 ABC books (904 tunes), no official split in this form; MIDI (melody + chords, 2 tracks) of the
ashover, morris and playford books. Some tunes repeat (3 identical bodies).
"""

from elman.data.catalogue import DataSet

SET = DataSet(
    title="Nottingham folk tunes (cleaned ABC, and MIDI made from it)",
    licence="GPL-3.0 stated for the repository",
    citation="E. Foxley, Nottingham Music Database",
    serves="melody generation from ABC text or from MIDI",
    folder="music_nottingham",
    sources=("jukedeck/nottingham-dataset@0992bb6cd864f6d4b90d6663e08c0ef53ffaa08f",),
    files="""
        6586eea8dca53866b42721050d11fc1408bdb2cf31a902b41c5c13504139b164 19647 abc/ashover.abc 0:ABC_cleaned/ashover.abc
        5bb6f621e443bde552540810e3ea53e53531fd22258736e338d795e7a5bdcaf5 129665 abc/jigs.abc 0:ABC_cleaned/jigs.abc
        cbf60b212c87748dea226c76b72a15db5b4f606bb35a580763e9cd8f7294e7da 12002 abc/morris.abc 0:ABC_cleaned/morris.abc
        070877bc37176e0dedbcd038268d6669399201cd7b58d88b4ab36127528f9c76 5101 abc/playford.abc 0:ABC_cleaned/playford.abc
        f92ed0e66024e0a5bb7d21fe3172cd50c3fb4cb7f642b4ec7cd5aa8ad0396da8 37613 abc/reelsa-c.abc 0:ABC_cleaned/reelsa-c.abc
        33f535569116ec8cfb530c112f4cdc3bfb7fc042c271e0317cf6458bad30dfae 42433 abc/reelsd-g.abc 0:ABC_cleaned/reelsd-g.abc
        cb701d4ffe6839cb7a5655bc21785ecb71a72ab63d8560f7be3856f6aedaf7e5 43044 abc/reelsh-l.abc 0:ABC_cleaned/reelsh-l.abc
        a99f2967cf47460bba70bae40cd355a220b537a87180131c6d9433750bc446a1 38405 abc/reelsm-q.abc 0:ABC_cleaned/reelsm-q.abc
        f80a2c0f37a49b9b0c748e922924d59c40d82758abc5b0f7fc9245d7fd563be0 46838 abc/reelsr-t.abc 0:ABC_cleaned/reelsr-t.abc
        d104d7d1bb83eb1ca18f6b944dc22cf9f7bfe5f955d07cd573615985f69c2c1f 17203 abc/reelsu-z.abc 0:ABC_cleaned/reelsu-z.abc
        da686b3a0de20aab38e64f8c8ec57edace980bab6450a6c388d79a2866e5b16a 3838 abc/slip.abc 0:ABC_cleaned/slip.abc
        7d2e5b077b032459d9e638899631bd592559b598cc6425043121f75356a9579d 1574 midi/ashover1.mid 0:MIDI/ashover1.mid
        105066b13c97db91eae06f076b31a0ab3a397be7841d15e3b0b1d0e7d9eb4414 5715 midi/ashover10.mid 0:MIDI/ashover10.mid
        5f8c4372da3beadc1b0e72c2f481dd44cdf4d97c497bfca6f94663e0838e0b4e 3105 midi/ashover11.mid 0:MIDI/ashover11.mid
        1b08420f2316e20fcb58be5d1ed873fa7d20e1c14c4afc19bf93468b72210691 3285 midi/ashover12.mid 0:MIDI/ashover12.mid
        097ff1ebaaa9715d1c830382d0549edc55b129ffaafbdadf646e8f2e7faa6430 4508 midi/ashover13.mid 0:MIDI/ashover13.mid
        2feb72323432ea2bcb3fd460ba45edc5a8ed823142a007c072bf524d8dd937b1 2345 midi/ashover14.mid 0:MIDI/ashover14.mid
        d1a4a6a1ef4b8303e21386954293c62487aa739cb00d442e74f824a7908e69df 3438 midi/ashover15.mid 0:MIDI/ashover15.mid
        50be7a77ca5af5967176a07145ee90fa1c94fc6ae90ad29cc7c70b812a79e852 3019 midi/ashover16.mid 0:MIDI/ashover16.mid
        ee85b55107d18287e92f1ae29d0963c5025c0ffdf4452a90b712023f662f5532 4038 midi/ashover17.mid 0:MIDI/ashover17.mid
        266c2a57030ba1ec20bab552f2e8338ca3132b6c2fffb3053a2f39c997b75733 3161 midi/ashover18.mid 0:MIDI/ashover18.mid
        c376fa715eb09c3b43e6a60b868a69327219e4b6510f75ff9c385418ae7e139e 2953 midi/ashover19.mid 0:MIDI/ashover19.mid
        b4e3e779243113e285a4df7d29464ea547ac6083775d140bed2c816670030755 3385 midi/ashover2.mid 0:MIDI/ashover2.mid
        d8eb880571ad3092da618163f89bd7c0f17bc9ffdb28b6854e63b232f0ea25c8 4607 midi/ashover20.mid 0:MIDI/ashover20.mid
        44409aea62485af4800f981bc0fd3e16b9ea1961f762573c6a9277bb6331b163 3354 midi/ashover21.mid 0:MIDI/ashover21.mid
        01d7c2cd4f4f7b0678d64f0cb932b0afae6011c213f7a4ce5680d5c7dc1a4374 1648 midi/ashover22.mid 0:MIDI/ashover22.mid
        5a53d2d4eae725ac289b203261fc99dfaab1448bfd56a08bf92f942a6f41f697 2899 midi/ashover23.mid 0:MIDI/ashover23.mid
        896f2b2fd9dc0e0c3ad0557bdacf7e817b068518ab69124e842e1f84cf04e562 4366 midi/ashover24.mid 0:MIDI/ashover24.mid
        841029b793a29be4e6f5fe3c8ae0e6910d1055e488a2e3ec1766d5e56809589e 2418 midi/ashover25.mid 0:MIDI/ashover25.mid
        6e2936f83b40c38a8d65f9904d20469e27976655698f0827ac17fa77ba8d0b40 2268 midi/ashover26.mid 0:MIDI/ashover26.mid
        e154df0b9f35042120e923f362013182de5af5ec41f596494b87b63aecba86bf 2598 midi/ashover27.mid 0:MIDI/ashover27.mid
        3b63c6383da5ca500ceecbeddabf7b8c43f85cbcbf9b94574cf2c618f1753ed2 2232 midi/ashover28.mid 0:MIDI/ashover28.mid
        c1b75650a70331f2a9006eb633e4d2cdf3ed1f592656deb3f3a26f2f64d0a4d8 2347 midi/ashover29.mid 0:MIDI/ashover29.mid
        cff822213745d1a19397ec384c384c085cd7e8b9e0286db20540a0415b0e4a7f 4743 midi/ashover3.mid 0:MIDI/ashover3.mid
        eb4a870c4cad171d6332ae4da0fd27c291e6cab5ca65dc1974842f192fd9513d 2392 midi/ashover30.mid 0:MIDI/ashover30.mid
        9e9d27cc48ddae0836d03ff44cab9bb6cc504a7acbcc42cbbd99e57a58d162ac 2278 midi/ashover31.mid 0:MIDI/ashover31.mid
        eb4240d5cc29136dd390ee755715e5b6c2eca52ce9b5d1b2f5ed2c456d7d4ebd 2162 midi/ashover32.mid 0:MIDI/ashover32.mid
        eed855e51ce323bb4dfcf67138dc1110ca23a25adbacff8451a4010f245670f7 2398 midi/ashover33.mid 0:MIDI/ashover33.mid
        e47cb6af5d2ac635a711900b905613d6474a684364d7e036222c520203057bc4 1826 midi/ashover34.mid 0:MIDI/ashover34.mid
        f7e8be78882a8da8890ad0b8f37b8fbe8dbf7ca6459ce63fccf480393a860061 2850 midi/ashover35.mid 0:MIDI/ashover35.mid
        92f62b68d571788054c8c1b4072657766e1e0cdc220a01f7d04354b4728404dc 2502 midi/ashover36.mid 0:MIDI/ashover36.mid
        76461fab2362e2f446a92bd32a800b3b1817c13417d86eae00050db5c85c1a56 3343 midi/ashover37.mid 0:MIDI/ashover37.mid
        fde03d44a30648135cb906ed67c40ec7f451d714f7d10845b810d2f51086cd68 10316 midi/ashover38.mid 0:MIDI/ashover38.mid
        dab56b3ec7b7636d55abd9f711a374d73bdb58d7fc22eb286085fa7ca7a7568b 2656 midi/ashover39.mid 0:MIDI/ashover39.mid
        8c9642e76a5d5f721391cea59106bb7f4d82d7f695253a0667436b3362e3de15 4575 midi/ashover4.mid 0:MIDI/ashover4.mid
        c25bb691c5f7e5dc2e2f7d4940afc29d71bfe09c7c7b444ac8ebc48ec62be812 2736 midi/ashover40.mid 0:MIDI/ashover40.mid
        1639e50b930424c14fd18f1cf229145186e62677fb7dd2672b4d24451d5820e3 2631 midi/ashover41.mid 0:MIDI/ashover41.mid
        10ea251fed5140f503c98c347e03f18ea95715d1f1a9ca6777c96d0d8ff0009b 3540 midi/ashover42.mid 0:MIDI/ashover42.mid
        41bc3ce19f9a8791eb1647deb2c99931a66870f67ff6f1f375c03b42305548b9 4537 midi/ashover43.mid 0:MIDI/ashover43.mid
        7a7e52967231941f35edbe87405879ff5ef4b469bcd5568c9d733c8bd2b1308e 3032 midi/ashover44.mid 0:MIDI/ashover44.mid
        6a75a465a6775d852168c4312a9939204b17d361c3d471cb9bf609ad885b7140 4491 midi/ashover45.mid 0:MIDI/ashover45.mid
        7bad27fdef7ecca5fd90bd3bb67b5f3674b424d5add103f3119f9dc950b340e1 3053 midi/ashover46.mid 0:MIDI/ashover46.mid
        b515b34b7c6e779562823380546948c78a21dd1119c848e08dd676b755400b2e 4649 midi/ashover5.mid 0:MIDI/ashover5.mid
        a994c329aaa7183456cc14e10c31c87790ce3ef01f75e5b5741f2486ccfc2389 3649 midi/ashover6.mid 0:MIDI/ashover6.mid
        cb52d8b55de507601598947e3aa9018400cc8c4eb5c17eb8888a65f2f06d9b8e 2515 midi/ashover7.mid 0:MIDI/ashover7.mid
        9c6502bb9a16366a203d26c404e89ff4124fd859ae12bb70412caaaf2352ab07 1843 midi/ashover8.mid 0:MIDI/ashover8.mid
        4b5fe9ae6a7c5d4d70fccc4ba7fe0941cd1aa32c551b2151d72da74b8401d114 3482 midi/ashover9.mid 0:MIDI/ashover9.mid
        decfecc86edcce329b7a55c651e7470d23e5a73a17fb15a25156a583ed839837 3275 midi/morris1.mid 0:MIDI/morris1.mid
        0e746d51905ac2635a49497b340966676d200cec17914aa6790295dbf0d3ffb2 12356 midi/morris10.mid 0:MIDI/morris10.mid
        b54c162eb307ae1917993ddf2254d35725c8fe15d1bfa3fe625ade0ebe3ee724 9432 midi/morris11.mid 0:MIDI/morris11.mid
        35d530736bcc4111aa14d1a3b421d2df3d5677f7e00c699ca130fa1dae201238 800 midi/morris12.mid 0:MIDI/morris12.mid
        8731b968d41f9a3e7cc7e1bc15018f1ac61e6259ca7e86eec79629a564537d4b 2114 midi/morris13.mid 0:MIDI/morris13.mid
        562337ff460a58a53bfe821dced598a0ec8287c7a3342951c5cf052ead29e3f7 15859 midi/morris14.mid 0:MIDI/morris14.mid
        dec58a508623756c3898797170e95b4f5bd5d44074de5989975bcebac3e0bfd3 3700 midi/morris15.mid 0:MIDI/morris15.mid
        2f33a949a45bdcd77efae29ba8ef40a5409b34b9f33025af24cba14f89dd0ac1 15908 midi/morris16.mid 0:MIDI/morris16.mid
        4e730fbb376ccad2ee88dfb0843b1d8866c16483c07e2098628075aa8c816937 2382 midi/morris17.mid 0:MIDI/morris17.mid
        4921076ef5a640376759df6842c4572151410152ee0a80a37ffd56fcd0d8d48e 1474 midi/morris18.mid 0:MIDI/morris18.mid
        348cd8c806530c5ebe017b299ad212b1c69671160cabab1eb54b566c590cc486 577 midi/morris19.mid 0:MIDI/morris19.mid
        a17780afa0eff4f0a346a2becc107235bd94427c655ffab42d558854baa14c33 5142 midi/morris2.mid 0:MIDI/morris2.mid
        fd8cb692fe62a26959ee53efbbc79231db6a5b812c929022ea393589f875e54a 7099 midi/morris20.mid 0:MIDI/morris20.mid
        742157bcc4366a3cd0e2b94cb5ebcb17ac3371e8d18be4dfdeefb2d67f3d89bc 12311 midi/morris21.mid 0:MIDI/morris21.mid
        f309c1c7b38c0f50b441e04c580bcfc13e5729178f1ef0bac8527c589eeb3cba 3743 midi/morris22.mid 0:MIDI/morris22.mid
        0bf673b1c4341f350cc8f97b2fde8483c6b4d523065bead52e3f59ff51a8736b 3050 midi/morris23.mid 0:MIDI/morris23.mid
        abf338fe572ff864f8341f26ec9185eb44177097b0149d58b23f429a8a9e594e 5856 midi/morris24.mid 0:MIDI/morris24.mid
        28301545dfb1f77ad14b4cfd79e0af5e193b2f686ab9eeef6982e1067512179c 1046 midi/morris25.mid 0:MIDI/morris25.mid
        393ad1de0fb36959df4a6a7601bf82553ca7d1e3a0e39b0cd60f93ef329565fd 2455 midi/morris26.mid 0:MIDI/morris26.mid
        f77e76057e28efcc6d1fde2c5b36037437f3c2b2c6e0f233ef63d88d3bf16547 1358 midi/morris27.mid 0:MIDI/morris27.mid
        709a3bc19ddd5338c54aa6bc37dec1acdbb7b98596994c59636b4b2061ea2a90 1154 midi/morris28.mid 0:MIDI/morris28.mid
        2914d791a078aa523d32d5dfa27dabee52eb33d8dd6f68ec5c6faff61c5ca58d 1033 midi/morris29.mid 0:MIDI/morris29.mid
        ae03013a6e1bcf2128703c8d28b9c99db2ab83e2f0dce4664872524802fe371b 6338 midi/morris3.mid 0:MIDI/morris3.mid
        b38e9239353cddd41b28838583df0de381c46cfb8744d96bff13b9fa3b926a61 7458 midi/morris30.mid 0:MIDI/morris30.mid
        2003f51b8ee4f0795377eaa508f4d6b47418e7323349f4803bd184de182bf6da 25224 midi/morris31.mid 0:MIDI/morris31.mid
        f7a6c3b6f5010b0d783b18234b00cee1eb7f082ab2736c82e1b86908bb380ef0 866 midi/morris4.mid 0:MIDI/morris4.mid
        37f15be9ecb59c45af748b6c3b7e42ddb6adbb964cca6ada7895e6c7c26a7603 1010 midi/morris5.mid 0:MIDI/morris5.mid
        b9e31da2a9f9c8bf567e5641889f6edd9190febd918775e6b05eb3af172294d9 1154 midi/morris6.mid 0:MIDI/morris6.mid
        5cde4a5e9903ba9bc97166d34fe4e39463714162d1f850d448f0306882a44d2b 6781 midi/morris7.mid 0:MIDI/morris7.mid
        ec0b8a9253d72ce21dff422459dd9d9edb77375ce592b2e5e0760e910ff204f8 6617 midi/morris8.mid 0:MIDI/morris8.mid
        a31b7fb4fe2e7ca0a45b32a47e8738cb7daba601f007205c95b2bbb83fef0fdf 11090 midi/morris9.mid 0:MIDI/morris9.mid
        4c34fce7b35c7121780ace8b22b99718a8361fdd100dcd7b0ccf169aabb77ff0 1994 midi/playford1.mid 0:MIDI/playford1.mid
        894b2991f110d6bb87995d87dbdd18cf4bd8a71ee8e947dec8af28c2c5daf9aa 1060 midi/playford10.mid 0:MIDI/playford10.mid
        72a0f859e1714f4f7653c7afad9f7754568066a53ffbbcb10b3d7a20bbb3e985 2752 midi/playford11.mid 0:MIDI/playford11.mid
        0af53f2e4f6ee3cc0a1cf949de415b670db3c2597ef64fe2d93fae5fb7636ee4 2110 midi/playford12.mid 0:MIDI/playford12.mid
        c29000358871f8c9093fddb83914e737143d4769b3c657ee1170e9769379fcf1 3362 midi/playford13.mid 0:MIDI/playford13.mid
        fbaa17ee6f13a4b43ba96e25623aa73349bab829bbd4d1b9efd2e931647b1ec3 1372 midi/playford14.mid 0:MIDI/playford14.mid
        6b69e675fdc40dc3c5186b94d94d3983b407224bcba61daa955fa04f66e10743 4752 midi/playford15.mid 0:MIDI/playford15.mid
        5231d07101676c1c8e55be37cee84b9c8e9dfcee659084465aa4cc2962727541 4836 midi/playford2.mid 0:MIDI/playford2.mid
        2584db7ef154db4d147beae35872a559fae2ca8b54bc4580b06270e62a1e0d8c 5332 midi/playford3.mid 0:MIDI/playford3.mid
        7686c2d1c010072e96b3745f42816f2ba89b2422e23d771fc39f3280bad9087f 3928 midi/playford4.mid 0:MIDI/playford4.mid
        d58b16d20a1bc0fb17747bb893baed53c56bbe5f324cd75f018f0f999971d59a 3801 midi/playford5.mid 0:MIDI/playford5.mid
        1c0503f14561da7a88580839bebb2a52805800af5d73349529e3ffa2f3a9fb67 2430 midi/playford6.mid 0:MIDI/playford6.mid
        7737c974f0564043d723fad3bba0581beb8dd9504279eb6bf5c8357d48fbb317 2872 midi/playford7.mid 0:MIDI/playford7.mid
        c5c7cae43a85c399b290e722631229d7153b9a58c61f386248459bcc1b74e234 4676 midi/playford8.mid 0:MIDI/playford8.mid
        033fc34da6c7f87b7e910ff1a262310403dc423f312f986824e6ac964c1fd1d5 1218 midi/playford9.mid 0:MIDI/playford9.mid
    """,
)
