"""CUDA kernels that cannot be built, each for its own reason, and one that can."""
