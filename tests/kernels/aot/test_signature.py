import pytest

from edgers.kernels.aot.signature import item_type, ptx_types

SIGNATURE = ("uint16*", "float16*", "int32", "uint32", "int64", "float32", "float64")


def test_pointers_and_scalars_as_each_tool_spells_them() -> None:
    assert ptx_types(SIGNATURE) == ("u64", "u64", "u32", "u32", "u64", "f32", "f64")
    assert [item_type(a) for a in SIGNATURE[:3]] == ["uint16", "float16", None]


@pytest.mark.parametrize("argument", ["uint16", "float32**", "array", "*", "", "complex64*", "i4*"])
def test_other_types_are_refused(argument: str) -> None:
    with pytest.raises(ValueError, match="cannot take"):
        item_type(argument)
