"""CoNLL-SIGMORPHON 2017 task 1: morphological inflection.

"lemma<TAB>form<TAB>tags"; official low/medium/high training parts (100 / 1,000 / 10,000) and dev (1,000) of
English, German, Spanish, Finnish.
"""

from elman.data.catalogue import DataSet

SET = DataSet(
    title="CoNLL-SIGMORPHON 2017 task 1: morphological inflection",
    licence="not stated in the repository (built from Wiktionary/UniMorph)",
    citation="Cotterell et al. (2017), CoNLL-SIGMORPHON 2017 Shared Task",
    serves="character copy mechanism: most letters are copied from the lemma",
    folder="copy_sigmorphon2017",
    sources=("sigmorphon/conll2017@519bb1677a7c747b3863d37069ffd395062288d8",),
    files="""
        1af911fa63c3407fe9d8d8af184c0d2c0659cf0bbd2115e428e582b2cf659aeb 2890 english-train-low.tsv 0:all/task1/english-train-low
        d51ac31f44c81363706f791f34fc84557081a65be93347c2844924875ec83179 28682 english-train-medium.tsv 0:all/task1/english-train-medium
        e6c87ce340eaec2df80aa51d6c1ef9571361cdfdf2b21029711d8bc6bee3ce05 284830 english-train-high.tsv 0:all/task1/english-train-high
        10c860546b862493820625fb851040c9c4b3238a27d8c174e3fd3b6368e78615 28759 english-dev.tsv 0:all/task1/english-dev
        890965f64621ed96a501b7db68fc75573ecc98fd93212e68d85b016d4ceafb35 3197 german-train-low.tsv 0:all/task1/german-train-low
        bc13a266c7ffe71ff58aa047c430e9e0062bd5e8ae108bffd604a5586e422e73 33249 german-train-medium.tsv 0:all/task1/german-train-medium
        765e7fa395d3fe4267f17c0e644cec3b3c480fc7a5b9f67bc7a13febec60b594 332642 german-train-high.tsv 0:all/task1/german-train-high
        fdcf14c88f046c2a42933a447c62482c562d76f1fc4f78981ff9b5476fa4ef9a 32910 german-dev.tsv 0:all/task1/german-dev
        3a89b6ec3e6a8d831bad15b87ca1f17f7b3900463b84e265d84930d18b378248 3793 spanish-train-low.tsv 0:all/task1/spanish-train-low
        a57b487622071a40f4bcf610ba71d0768e480ac452c1969e70ed76e10f8073b8 37652 spanish-train-medium.tsv 0:all/task1/spanish-train-medium
        9957f941019d6fcfc7ecc349233ed109b96db449774d77515a0ec6d0d5e25b93 376734 spanish-train-high.tsv 0:all/task1/spanish-train-high
        cc753aee03574022f43ac6218ae83cf88420aeb3c5070a6a9fd5529f1f643b77 37745 spanish-dev.tsv 0:all/task1/spanish-dev
        bb8d1b02b4a54985b14420f8c7b30512aae30e75214df5761ee0b3dde17fb030 4372 finnish-train-low.tsv 0:all/task1/finnish-train-low
        e6fa59613defc301a19c28eb1a44d920738e513e328c14336979b9d16ca93a84 43939 finnish-train-medium.tsv 0:all/task1/finnish-train-medium
        32a7bbb2e963ffd89a75a1a2d64f2cd348e1a870fda500433b93b397774a7901 439205 finnish-train-high.tsv 0:all/task1/finnish-train-high
        dd31327aefec2e8862f19df3bc4a083e51f634a5acc599b6683b612528dc4e19 43802 finnish-dev.tsv 0:all/task1/finnish-dev
    """,
)
