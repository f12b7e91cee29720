"""Arguments and blocks of a launch."""

import pytest

from edgers.kernels.launch import blocks_for, struct_format


def test_arguments_as_pycuda_spells_them() -> None:
    signature = ("uint16*", "float16*", "int32", "uint32", "int64", "float32", "float64")
    assert struct_format(signature) == "PPiIqfd"


@pytest.mark.parametrize("kind", ["int8", "array", "", "float16"])
def test_what_is_not_passed_by_value_is_refused(kind: str) -> None:
    with pytest.raises(ValueError, match="cannot take"):
        struct_format(("float32*", kind))


def test_blocks_cover_all_items() -> None:
    assert [blocks_for(n) for n in (1, 256, 257)] == [1, 1, 2]
    assert blocks_for(65, 32) == 3
