"""The ahead-of-time build: every CUDA kernel to a cubin for each compute capability."""
