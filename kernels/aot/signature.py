"""Argument types of a CUDA kernel: plain pointers and scalars, as each tool spells them."""

# Width in PTX of what is passed by value. A pointer is 64 bits on every board.
SCALARS = {"int32": "u32", "uint32": "u32", "int64": "u64", "float32": "f32", "float64": "f64"}
WHOLE = ("int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64")
ITEMS = frozenset((*WHOLE, "float16", "float32", "float64"))


def item_type(argument: str) -> str | None:
    """Give what a pointer such as `uint16*` points at, or None for a scalar.

    Raises ValueError for a type that no kernel may take.
    """
    item = argument.removesuffix("*")
    is_pointer = item != argument
    if item not in (ITEMS if is_pointer else SCALARS):
        raise ValueError(f"a CUDA kernel cannot take an argument of type {argument!r}")
    return item if is_pointer else None


def ptx_types(signature: tuple[str, ...]) -> tuple[str, ...]:
    """Give the type of each parameter of the entry in PTX, such as `u64` for a pointer."""
    return tuple("u64" if item_type(a) else SCALARS[a] for a in signature)
