"""The hot loops: each with a plain numpy reference that says what it must compute."""
