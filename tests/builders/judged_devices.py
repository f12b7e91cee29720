"""Devices and needs for tests of the preflight: a plan built on the very device, unless changed."""

from dataclasses import replace
from typing import Any

from edgers.targets.device_facts import DeviceFacts, GpuFacts
from edgers.targets.needs import KernelForm, KernelNeed, Needs, VersionBand

MODULE = "NVIDIA Jetson Orin Nano Developer Kit"
GPU = GpuFacts(
    name="Orin", cc=(8, 7), total_bytes=8 * 10**9, free_bytes=4 * 10**9, cuda=(12, 6),
    driver="540.4.0",
)  # fmt: skip
BOARD = DeviceFacts(
    machine="aarch64", system="Linux", processor="Cortex-A78AE",
    cpu_flags=frozenset({"asimddp", "asimdhp"}), total_bytes=8 * 10**9, free_bytes=3 * 10**9,
    gpu=GPU, no_gpu="", tensorrt=(10, 3, 0), module=MODULE, part_number="p3767-0003",
    l4t="36.4.3", dla_cores=0,
)  # fmt: skip
LAPTOP = DeviceFacts(
    machine="x86_64", system="Linux", processor="a CPU", cpu_flags=frozenset({"avx512_vnni"}),
    total_bytes=16 * 10**9, free_bytes=8 * 10**9, gpu=None,
    no_gpu="libcuda.so.1 is not installed", tensorrt=None, module="", part_number="", l4t="",
    dla_cores=0,
)  # fmt: skip
CUBIN, PTX = (
    KernelForm(kind="cubin", since_cuda=(12, 6)),
    KernelForm(kind="ptx", since_cuda=(11, 4)),
)
BANDS = (
    VersionBand(name="8.5–8.6", first=(8, 5), last=(8, 6)),
    VersionBand(name="10.0–10.16", first=(10, 0), last=(10, 16)),
)
PLAN = Needs(
    cc=(8, 7), tensorrt=(10, 3, 0), bands=BANDS, cuda=(12, 6), module=MODULE, device="Orin",
    plan_bytes=300 * 10**6, run_bytes=100 * 10**6, wants_dla=False, dla_core=None,
    kernels=(KernelNeed(name="ingest_uint16_to_float32", forms=(CUBIN, PTX)),),
)  # fmt: skip
KIT = replace(PLAN, tensorrt=None, cuda=None, module="", device="")


def board(gpu: dict[str, Any] | None = None, **changed: Any) -> DeviceFacts:
    """Give the board with some facts changed; `gpu` changes those of its GPU."""
    return replace(BOARD, **{"gpu": replace(GPU, **(gpu or {})), **changed})
