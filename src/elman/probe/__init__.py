"""Probes: what a network is made of, and what goes on inside it."""
