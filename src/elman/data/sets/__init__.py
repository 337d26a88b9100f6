"""One file per data set; see :mod:`elman.data.catalogue`."""
