"""Exercise 15.34."""
