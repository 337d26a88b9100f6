"""Exercise 15.20."""
