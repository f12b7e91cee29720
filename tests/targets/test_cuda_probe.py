"""The driver is asked with ctypes; what is in the way is told in words, and nothing raises."""

import ctypes
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from builders.cuda_library import CudaLibrary, NvmlLibrary, loads

from edgers.targets.cuda_probe import CudaFound, probe_cuda

AVAILABLE = 5 * 10**9


def probe(cuda: Any = None, nvml: Any = None, system: str = "Linux") -> CudaFound:
    return probe_cuda(AVAILABLE, load=loads(cuda, nvml), system=system)


def test_a_card_is_told_with_the_free_memory_that_nvml_knows() -> None:
    cuda, nvml = CudaLibrary(), NvmlLibrary()
    found = probe(cuda, nvml)
    assert found.reason == ""
    gpu = found.gpu
    assert gpu is not None
    assert (gpu.name, gpu.cc, gpu.cuda) == ("NVIDIA H200", (9, 0), (12, 6))
    assert (gpu.total_bytes, gpu.free_bytes) == (150 * 10**9, 120 * 10**9)
    assert gpu.driver == "570.124.06"
    assert "cuDevicePrimaryCtxRetain" not in cuda.calls
    assert not nvml.is_open


@pytest.mark.parametrize(
    "nvml",
    [None, object(), *(NvmlLibrary(fails=(one,)) for one in ("nvmlInit_v2", "handle", "memory"))],
    ids=["none", "empty", "closed", "other card", "no memory"],
)
def test_without_nvml_the_driver_is_asked_in_a_context_that_is_given_back(nvml: Any) -> None:
    cuda = CudaLibrary()
    gpu = probe(cuda, nvml).gpu
    assert gpu is not None
    assert gpu.free_bytes == 99 * 10**9
    assert cuda.contexts == 0


def test_a_part_of_a_card_has_no_more_free_than_it_has() -> None:
    gpu = probe(CudaLibrary(), NvmlLibrary(free_bytes=300 * 10**9)).gpu
    assert gpu is not None
    assert gpu.free_bytes == gpu.total_bytes


def test_a_gpu_that_shares_memory_has_what_the_machine_has() -> None:
    cuda = CudaLibrary(name=b"Orin", cc=(8, 7), integrated=True)
    gpu = probe(cuda, NvmlLibrary(fails=("driver",))).gpu
    assert gpu is not None
    assert (gpu.free_bytes, gpu.driver) == (AVAILABLE, "")
    assert "cuDevicePrimaryCtxRetain" not in cuda.calls


@pytest.mark.parametrize(
    ("cuda", "system", "reason"),
    [
        (None, "Linux", "NVIDIA's driver library libcuda.so.1 is not installed"),
        (None, "Windows", "NVIDIA's driver library nvcuda.dll is not installed"),
        (None, "Darwin", "NVIDIA has no CUDA driver for Darwin"),
        (CudaLibrary(fails={"cuInit": 100}), "Linux",
         "cuInit failed with error 100: no CUDA-capable device"),
        (CudaLibrary(fails={"cuInit": 34}), "Linux",
         "cuInit failed with error 34: this is the stand-in library of a CUDA toolkit"),
        (CudaLibrary(devices=0), "Linux", "the driver reports no GPU"),
        (CudaLibrary(fails={"cuDeviceTotalMem_v2": 2}), "Linux",
         "cuDeviceTotalMem_v2 failed with error 2: out of memory"),
        (object(), "Linux", "libcuda.so.1 is not a usable driver library"),
    ],
    ids=["none", "windows", "mac", "no device", "stub", "no gpu", "memory", "no symbols"],
)  # fmt: skip
def test_what_is_in_the_way_is_told_in_words(cuda: Any, system: str, reason: str) -> None:
    found = probe(cuda, None, system)
    assert found.gpu is None
    assert found.reason.startswith(reason)


def test_a_context_that_cannot_be_made_is_a_reason_too() -> None:
    cuda = CudaLibrary(fails={"cuMemGetInfo_v2": 2})
    found = probe(cuda)
    assert found.gpu is None
    assert found.reason == "cuMemGetInfo_v2 failed with error 2: out of memory"
    assert cuda.contexts == 0


def test_a_library_for_another_machine_is_not_called_missing() -> None:
    def load(name: str) -> Any:
        raise OSError(f"{name}: wrong ELF class: ELFCLASS32")

    reason = probe_cuda(0, load=load, system="Linux").reason
    assert reason.startswith("NVIDIA's driver library libcuda.so.1 cannot be loaded")
    assert "wrong ELF class" in reason


def test_a_name_is_fit_for_a_terminal() -> None:
    gpu = probe(CudaLibrary(name=b"A\x1b[31m\xff100 ")).gpu
    assert gpu is not None
    assert gpu.name.isprintable()


STAND_IN = """\
#include <stddef.h>
int cuInit(unsigned f) { return f ? 1 : 0; }
int cuDeviceGetCount(int *n) { *n = 1; return 0; }
int cuDeviceGet(int *d, int i) { *d = 3 + i; return 0; }
int cuDriverGetVersion(int *v) { *v = 13020; return 0; }
int cuDeviceTotalMem_v2(size_t *n, int d) { *n = d == 3 ? 64000000000u : 0; return 0; }
int cuDeviceGetAttribute(int *v, int a, int d) {
    *v = a == 75 ? 11 : a == 76 ? 0 : a == 18 ? INTEGRATED : -1; return d != 3; }
int cuDeviceGetName(char *s, int n, int d) { s[0] = 'T'; s[1] = 0; return n < 2 || d != 3; }
int cuDeviceGetPCIBusId(char *s, int n, int d) { return 1; }
int cuGetErrorString(int e, const char **s) { *s = "odd"; return 0; }
int cuDevicePrimaryCtxRetain(void **c, int d) { *c = (void *)0x7f0012345678; return d != 3; }
int cuCtxPushCurrent_v2(void *c) { return c != (void *)0x7f0012345678; }
int cuMemGetInfo_v2(size_t *f, size_t *t) { *f = 50000000000u; *t = 64000000000u; return 0; }
int cuCtxPopCurrent_v2(void **c) { *c = 0; return 0; }
int cuDevicePrimaryCtxRelease_v2(int d) { return d != 3; }
"""


@pytest.mark.parametrize(("integrated", "free"), [(1, AVAILABLE), (0, 50 * 10**9)])
def test_the_calls_are_those_of_c(tmp_path: Path, integrated: int, free: int) -> None:
    """Numbers and pointers of 64 bits pass through ctypes whole, as a C library takes them."""
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("no C compiler")
    source, library = tmp_path / "cuda.c", tmp_path / "libcuda.so.1"
    source.write_text(STAND_IN)
    subprocess.run(
        [compiler, "-shared", "-fPIC", f"-DINTEGRATED={integrated}", source, "-o", library],
        check=True,
    )

    def load(name: str) -> ctypes.CDLL:
        return ctypes.CDLL(str(tmp_path / name))

    found = probe_cuda(AVAILABLE, load=load, system="Linux")
    assert found.reason == ""
    assert found.gpu is not None
    assert (found.gpu.name, found.gpu.cc, found.gpu.cuda) == ("T", (11, 0), (13, 2))
    assert (found.gpu.total_bytes, found.gpu.free_bytes) == (64 * 10**9, free)
