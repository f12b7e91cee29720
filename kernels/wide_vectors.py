"""A line in a kernel that asks for the widest vectors the processor has.

LLVM holds itself to 256 bits on processors that have 512, for the sake of those whose clock falls
under them. A loop that divides and moves much memory is faster with all of them; what was measured
stands in `docs/decisions/016-kernels-by-numba.md`. Lanes do not change what is computed. The line
means nothing where there are no vectors of 512 bits.
"""

from typing import Any


class WideVectors:
    """What a kernel calls at its begin, `wide_vectors()`: a mark for the compiler, no instruction.

    It counts for the loops of that kernel, not for those of kernels that it calls.
    """

    def __call__(self) -> None:
        """Do nothing, where the kernel runs without a compiler."""

    @property
    def _numba_type_(self) -> Any:
        """What Numba asks for where a kernel calls this."""
        from edgers.kernels.wide_mark import mark_type

        return mark_type()


wide_vectors = WideVectors()
"""The mark."""
