"""A page in which cells train before your eyes."""
