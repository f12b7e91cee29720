"""Kernels as plain numpy: what each one must compute, in the most obvious way."""
