"""Exercise 15.24."""
