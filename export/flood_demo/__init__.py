"""Synthetic flood scenes with known truth, and the small network trained on them."""
