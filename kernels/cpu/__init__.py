"""Kernels for the CPU, by Numba; same names and signatures as in `edgers.kernels.reference`."""
