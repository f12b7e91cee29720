"""The mark of `edgers.kernels.wide_vectors` in Numba's terms."""

from typing import Any

from numba import types
from numba.core.registry import cpu_target
from numba.extending import intrinsic

ATTRIBUTE = '"prefer-vector-width"="512"'
"""Attribute of a function (LLVM, `X86Subtarget`); other processors take no notice of it."""


@intrinsic  # type: ignore[untyped-decorator]
def _mark(_: Any) -> Any:
    def generate(context: Any, builder: Any, *_: Any) -> Any:
        # As of 0.50 llvmlite writes what is in this set, but `add` refuses names it does not know.
        set.add(builder.function.attributes, ATTRIBUTE)
        return context.get_dummy_value()

    return types.none(), generate


def mark_type() -> Any:
    """Give the type by which Numba knows the mark."""
    context = cpu_target.typing_context
    context.refresh()
    return context.resolve_value_type(_mark)
