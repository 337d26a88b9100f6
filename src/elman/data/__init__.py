"""The data room: real data sets by name, and generators with known answers. It imports no torch."""

from elman.data.catalogue import DataFile, DataSet, all_sets, find_set
from elman.data.errors import DataError, NotHere
from elman.data.files import checksums, fetch, find, where
from elman.data.texts import Text, split, text

__all__ = [
    "DataError",
    "DataFile",
    "DataSet",
    "NotHere",
    "Text",
    "all_sets",
    "checksums",
    "fetch",
    "find",
    "find_set",
    "split",
    "text",
    "where",
]
