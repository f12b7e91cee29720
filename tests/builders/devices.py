"""Roots of file systems as devices have them, and what a driver may answer."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from edgers.targets.cuda_probe import CudaFound
from edgers.targets.detect import device_facts
from edgers.targets.device_facts import DeviceFacts, GpuFacts

Files = Mapping[str, bytes | str]
"""What is in files, by their path from the root."""

NO_DRIVER = "NVIDIA's driver library libcuda.so.1 is not installed"

MEMINFO = "MemTotal:       {total} kB\nMemFree:        1000 kB\nMemAvailable:   {free} kB\n"

ORIN_CORE = (
    "processor\t: {}\nBogoMIPS\t: 62.50\nFeatures\t: fp asimd aes asimdhp asimddp\n"
    "CPU implementer\t: 0x41\nCPU architecture: 8\nCPU part\t: 0xd42\n\n"
)

PACKAGES = (
    "Package: libc6\nStatus: install ok installed\nVersion: 2.35-0ubuntu3.8\n\n"
    "Package: libnvinfer10\nStatus: install ok installed\nPriority: optional\n"
    "Version: {}\nDescription: TensorRT runtime\n\n"
    "Package: libnvinfer-dev\nStatus: install ok installed\nVersion: 99.9.9.9-1\n"
)

ORIN_NANO: Files = {
    "proc/device-tree/model": "NVIDIA Jetson Orin Nano Engineering Reference Developer Kit Super\0",
    "proc/device-tree/compatible": (
        "nvidia,p3768-0000+p3767-0005\0nvidia,p3767-0005\0nvidia,tegra234\0"
    ),
    "proc/device-tree/chosen/ids": "3767-0005-300 3768-0000-300\0",
    "proc/device-tree/chosen/nvidia,sku": "699-13767-0005-300 G.1\0",
    "proc/device-tree/bus@0/host1x@13e00000/nvdla0@15880000/status": "disabled\0",
    "proc/cpuinfo": "".join(ORIN_CORE.format(number) for number in range(6)),
    "proc/meminfo": MEMINFO.format(total=7802000, free=6800000),
    "etc/nv_tegra_release": (
        "# R36 (release), REVISION: 4.3, GCID: 38968081, BOARD: generic, EABI: aarch64\n"
    ),
    "var/lib/dpkg/status": PACKAGES.format("10.3.0.30-1+cuda12.5"),
}

AGX_ORIN: Files = {
    "proc/device-tree/model": "NVIDIA Jetson AGX Orin Developer Kit\0",
    "proc/device-tree/compatible": "nvidia,p3737-0000+p3701-0005\0nvidia,tegra234\0",
    "proc/device-tree/bus@0/host1x@13e00000/nvdla0@15880000/compatible": "nvidia,tegra234-nvdla\0",
    "proc/device-tree/bus@0/host1x@13e00000/nvdla1@158c0000/status": "okay\0",
    "proc/cpuinfo": ORIN_CORE.format(0),
    "proc/meminfo": MEMINFO.format(total=64000000, free=60000000),
    "etc/nv_tegra_release": "# R35 (release), REVISION: 4.1, GCID: 33958178, BOARD: t186ref\n",
    "var/lib/dpkg/status": PACKAGES.format("8.5.2-1+cuda11.4"),
}

XAVIER_NX: Files = {
    "proc/device-tree/model": "NVIDIA Jetson Xavier NX Developer Kit\0",
    "proc/device-tree/compatible": "nvidia,p3449-0000+p3668-0000\0nvidia,tegra194\0",
    "proc/device-tree/chosen/plugin-manager/ids/3668-0001-301/x": "",
    "proc/device-tree/chosen/plugin-manager/ids/3509-0000-200/x": "",
    "proc/device-tree/host1x/nvdla0/status": "okay\0",
    "proc/device-tree/host1x/nvdla1/status": "okay\0",
    "proc/cpuinfo": "processor\t: 0\nCPU implementer\t: 0x4e\nCPU part\t: 0x004\n",
    "proc/meminfo": MEMINFO.format(total=7900000, free=6000000),
    "etc/nv_tegra_release": "# R32 (release), REVISION: 7.1, GCID: 29818004, BOARD: t186ref\n",
    "var/lib/dpkg/status": PACKAGES.replace("libnvinfer10", "libnvinfer8").format("8.2.1-1+cuda10"),
}

WORKSTATION: Files = {
    "proc/cpuinfo": (
        "processor\t: 0\nmodel name\t: AMD EPYC 7313 16-Core Processor\n"
        "flags\t\t: fpu avx2 sha_ni\n"
    ),
    "proc/meminfo": MEMINFO.format(total=131072000, free=120000000),
    "proc/driver/nvidia/version": (
        "NVRM version: NVIDIA UNIX x86_64 Kernel Module  550.54.15  Tue Mar  5 22:23:56 UTC 2024\n"
    ),
}


def put_files(root: Path, files: Files) -> Path:
    """Write files; gives the root."""
    for name, held in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(held.encode() if isinstance(held, str) else held)
    return root


def gpu_facts(name: str = "Orin", cc: tuple[int, int] = (8, 7), **more: Any) -> GpuFacts:
    """Give a GPU as a driver tells of it."""
    facts: dict[str, Any] = {
        "total_bytes": 8 * 10**9, "free_bytes": 5 * 10**9, "cuda": (12, 6), "driver": "", **more
    }  # fmt: skip
    return GpuFacts(name=name, cc=cc, **facts)


def found_gpu(gpu: GpuFacts | None) -> CudaFound:
    """Give what a probe finds."""
    return CudaFound(gpu=gpu, reason="" if gpu else NO_DRIVER)


def facts_of(
    root: Path, files: Files, *, machine: str = "aarch64", gpu: GpuFacts | None = None
) -> DeviceFacts:
    """Look at a device made of files, with or without a GPU."""
    return device_facts(
        put_files(root, files), machine=machine, system="Linux",
        cuda=lambda _: found_gpu(gpu), tensorrt=lambda: None,
    )  # fmt: skip
