"""CUDA kernels on a GPU: the same as numpy, and how near to the speed of a copy."""
