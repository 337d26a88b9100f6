"""Exercise 15.30."""
