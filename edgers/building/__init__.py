"""Building: on the board or its twin a build kit becomes a bundle with a plan of TensorRT."""
