"""Exercise 15.13."""
