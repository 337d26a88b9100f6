"""A cell's step, read as its forward and backward graphs."""
