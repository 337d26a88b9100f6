"""Published cells written plainly, as a reader of the paper would, with no thought of what the engine knows."""
