"""Benchmarks of speed and memory against the alternatives that a user has."""
