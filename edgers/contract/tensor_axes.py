"""Shape, axis names and type of a tensor in a contract."""

from edgers.contract.fields import Fields

TENSOR_TYPES = (
    "float32",
    "float16",
    "float64",
    "uint8",
    "int8",
    "uint16",
    "int16",
    "int32",
    "int64",
)


def read_axes(source: Fields, key: str) -> tuple[tuple[int, ...], tuple[str, ...], str]:
    """Read shape, axis names and type of a tensor."""
    tensor = source.object(key)
    shape, axes = tensor.integers("shape"), tensor.texts("dim_order")
    if len(shape) != len(axes) or len(set(axes)) != len(axes):
        raise tensor.fail("dim_order", f"It must name each of the {len(shape)} axes once.")
    if any(size == 0 or size < -1 for size in shape):
        raise tensor.fail("shape", "A size must be above zero, or -1 for any.")
    return shape, axes, tensor.choice("data_type", TENSOR_TYPES)
