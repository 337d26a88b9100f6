"""From a user's file to a trained model: the recipe that every task of ``elman fit`` shares."""
