"""Ground half: where accuracy is kept when precision is lowered. Calibration comes with INT8."""
