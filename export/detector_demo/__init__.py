"""Rendered scenes of ships, planes and vehicles, and the small detector trained on them."""
