"""How fast the CPU kernels are; each file gives the cases of one family by `cases()`."""
