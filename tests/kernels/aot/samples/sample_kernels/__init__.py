"""A few small CUDA kernels that together use what the real ones use."""
