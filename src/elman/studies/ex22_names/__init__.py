"""Exercise 15.22."""
