"""Kernels for CUDA: plain Python functions on flat pointers.

One source serves the CUDA simulator of the tests and the ahead-of-time build
(`edgers.kernels.aot`); nothing here runs on board, where the cubins are loaded.
"""
