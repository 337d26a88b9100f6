"""Tasks from a user's file to a saved model and back."""
