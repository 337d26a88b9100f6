"""Simple models that a network must beat."""
