"""Ground half: from a trained model to a bundle."""
