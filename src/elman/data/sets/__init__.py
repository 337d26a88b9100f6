"""One data set a file; see :mod:`elman.data.catalogue`."""
