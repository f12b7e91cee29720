"""Ground half: where accuracy is kept when precision is lowered."""
