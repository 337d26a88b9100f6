"""Exercise 15.28."""
