"""Exercise 15.19."""
