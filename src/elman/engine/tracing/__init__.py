"""Trace a cell's step to its forward and backward graphs."""
