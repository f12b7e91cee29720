"""What an output tensor means: decoding of each task."""
