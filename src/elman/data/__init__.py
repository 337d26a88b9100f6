"""Data sets by name, readers of files, and generators with known answers. Importing it imports no torch."""

from typing import TYPE_CHECKING

from elman.lazy import lazily

if TYPE_CHECKING:
    from elman.data.batches import Batches
    from elman.data.brackets import Brackets
    from elman.data.catalogue import DataFile, DataSet, all_sets, find_set
    from elman.data.class_folders import read_class_folders
    from elman.data.errors import DataError, NotHere
    from elman.data.files import checksums, fetch, find, where
    from elman.data.irregular import Waves
    from elman.data.music.library import tunes
    from elman.data.music.melody import Melody, Note
    from elman.data.music.own import read_tunes
    from elman.data.observations import Observations, read_observations
    from elman.data.pairs import Pairs, batch_pairs
    from elman.data.prices import read_prices
    from elman.data.records import Records
    from elman.data.reversal import Reversal
    from elman.data.sentences import read_conllu
    from elman.data.sequences import Sequences, read_sequences
    from elman.data.series import Series, read_series
    from elman.data.signals import read_signal
    from elman.data.tables import Table, read_table
    from elman.data.tag_columns import read_tagged
    from elman.data.tasks import Copy, Recall, StoreRecall, Timing
    from elman.data.text_pairs import read_text_pairs
    from elman.data.texts import Text, split, text
    from elman.data.tokens import tokenise
    from elman.data.ts import read_ts
    from elman.data.vocabulary import Vocabulary

__all__ = [
    "Batches",
    "Brackets",
    "Copy",
    "DataError",
    "DataFile",
    "DataSet",
    "Melody",
    "NotHere",
    "Note",
    "Observations",
    "Pairs",
    "Recall",
    "Records",
    "Reversal",
    "Sequences",
    "Series",
    "StoreRecall",
    "Table",
    "Text",
    "Timing",
    "Vocabulary",
    "Waves",
    "all_sets",
    "batch_pairs",
    "checksums",
    "fetch",
    "find",
    "find_set",
    "read_class_folders",
    "read_conllu",
    "read_observations",
    "read_prices",
    "read_sequences",
    "read_series",
    "read_signal",
    "read_table",
    "read_tagged",
    "read_text_pairs",
    "read_ts",
    "read_tunes",
    "split",
    "text",
    "tokenise",
    "tunes",
    "where",
]

__getattr__, __dir__ = lazily(
    __name__,
    {
        "DataFile": "elman.data.catalogue",
        "DataSet": "elman.data.catalogue",
        "all_sets": "elman.data.catalogue",
        "find_set": "elman.data.catalogue",
        "DataError": "elman.data.errors",
        "NotHere": "elman.data.errors",
        "checksums": "elman.data.files",
        "fetch": "elman.data.files",
        "find": "elman.data.files",
        "where": "elman.data.files",
        "Text": "elman.data.texts",
        "split": "elman.data.texts",
        "text": "elman.data.texts",
        "Vocabulary": "elman.data.vocabulary",
        "Batches": "elman.data.batches",
        "Pairs": "elman.data.pairs",
        "batch_pairs": "elman.data.pairs",
        "Copy": "elman.data.tasks",
        "Recall": "elman.data.tasks",
        "StoreRecall": "elman.data.tasks",
        "Timing": "elman.data.tasks",
        "Reversal": "elman.data.reversal",
        "Brackets": "elman.data.brackets",
        "read_conllu": "elman.data.sentences",
        "read_ts": "elman.data.ts",
        "read_class_folders": "elman.data.class_folders",
        "read_tagged": "elman.data.tag_columns",
        "read_text_pairs": "elman.data.text_pairs",
        "Records": "elman.data.records",
        "tokenise": "elman.data.tokens",
        "read_signal": "elman.data.signals",
        "read_prices": "elman.data.prices",
        "Waves": "elman.data.irregular",
        "tunes": "elman.data.music.library",
        "Observations": "elman.data.observations",
        "read_observations": "elman.data.observations",
        "Sequences": "elman.data.sequences",
        "read_sequences": "elman.data.sequences",
        "Series": "elman.data.series",
        "read_series": "elman.data.series",
        "Table": "elman.data.tables",
        "read_table": "elman.data.tables",
        "Melody": "elman.data.music.melody",
        "Note": "elman.data.music.melody",
        "read_tunes": "elman.data.music.own",
    },
)
