from pathlib import Path

import pytest

from edgers.kernels.aot.capabilities import CAPABILITIES, Capability, capability_from_cc
from edgers.kernels.aot.cubin import check_cubin, cubin_from_ptx
from edgers.kernels.aot.environment import environment_from_toolkit
from edgers.kernels.aot.ptx import KernelError

ORIN = capability_from_cc((8, 7))
TEXT = """.version {isa}
.target {arch}
.address_size 64
.visible .entry copy(
	.param .u64 copy_param_0
)
{{
	.reg .b64 	%rd<4>;
	.reg .b32 	%r<2>;
	.shared .align 4 .b8 room[256];
	ld.param.u64 	%rd1, [copy_param_0];
	cvta.to.global.u64 	%rd2, %rd1;
	ld.global.u32 	%r1, [%rd2];
	st.shared.u32 	[room], %r1;
	st.global.u32 	[%rd2+4], %r1;
	ret;
}}
"""


def text(capability: Capability, isa: str = "") -> str:
    major, minor = capability.ptx_isa
    return TEXT.format(arch=capability.arch, isa=isa or f"{major}.{minor}")


@pytest.mark.parametrize("capability", CAPABILITIES, ids=lambda c: c.arch)
def test_a_cubin_is_for_its_capability_and_holds_its_kernel(
    environments: Path, capability: Capability
) -> None:
    ptxas = environment_from_toolkit(capability.assembler, environments).ptxas
    cubin = cubin_from_ptx(text(capability), "copy", capability, ptxas)
    assert 0 < cubin.registers < 32
    assert cubin.shared_bytes >= 256
    assert (cubin.stack_bytes, cubin.spill_bytes) == (0, 0)
    other = ORIN if capability is not ORIN else CAPABILITIES[0]
    with pytest.raises(KernelError, match=f"one for {other.arch}"):
        check_cubin(cubin.data, "copy", other)
    with pytest.raises(KernelError, match="holds copy"):
        check_cubin(cubin.data, "cop", capability)


def test_an_isa_that_does_not_know_the_capability_is_refused(environments: Path) -> None:
    ptxas = environment_from_toolkit(ORIN.assembler, environments).ptxas
    with pytest.raises(KernelError, match="cannot be assembled for sm_87"):
        cubin_from_ptx(text(ORIN, isa="6.3"), "copy", ORIN, ptxas)


def test_text_that_needs_a_newer_isa_than_it_says_is_refused(environments: Path) -> None:
    nano = capability_from_cc((5, 3))
    ptxas = environment_from_toolkit(nano.assembler, environments).ptxas
    # `szext` is of ISA 7.6.
    newer = text(nano).replace("st.shared", "szext.wrap.u32 %r1, %r1, 3;\n\tst.shared")
    with pytest.raises(KernelError, match=r"7\.6"):
        cubin_from_ptx(newer, "copy", nano, ptxas)


@pytest.mark.parametrize("length", [0, 3, 16, 40, 64, 200, 1000])
def test_a_cut_file_is_no_cubin(environments: Path, length: int) -> None:
    ptxas = environment_from_toolkit(ORIN.assembler, environments).ptxas
    data = cubin_from_ptx(text(ORIN), "copy", ORIN, ptxas).data
    assert len(data) > 1000
    with pytest.raises(KernelError, match="It is no cubin"):
        check_cubin(data[:length], "copy", ORIN)


@pytest.mark.parametrize(("place", "value"), [(0, 0), (8, 9), (18, 62)])
def test_another_kind_of_file_is_no_cubin(environments: Path, place: int, value: int) -> None:
    ptxas = environment_from_toolkit(ORIN.assembler, environments).ptxas
    data = bytearray(cubin_from_ptx(text(ORIN), "copy", ORIN, ptxas).data)
    data[place] = value
    with pytest.raises(KernelError, match="It is no cubin"):
        check_cubin(bytes(data), "copy", ORIN)
