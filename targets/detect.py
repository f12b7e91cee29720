"""What the device is that this process runs on."""

import platform
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from edgers.targets.cuda_probe import CudaFound, probe_cuda
from edgers.targets.device_facts import DeviceFacts
from edgers.targets.gpu import Version
from edgers.targets.jetson import jetson
from edgers.targets.processor import memory, processor
from edgers.targets.system_file import file_text
from edgers.targets.tensorrt_version import library_tensorrt, python_tensorrt

DRIVER = re.compile(r"Kernel Module[\w ]* ([0-9]{1,5}(?:\.[0-9]{1,5})+)")
"""Of /proc/driver/nvidia/version: `NVRM version: NVIDIA UNIX x86_64 Kernel Module  550.54.15 …`."""


def device_facts(
    root: Path = Path("/"), *, machine: str | None = None, system: str | None = None,
    cuda: Callable[[int], CudaFound] = probe_cuda,
    tensorrt: Callable[[], Version | None] = python_tensorrt,
) -> DeviceFacts:  # fmt: skip
    """Look at the device; never raises.

    `root` is where its files are. `cuda` looks for a GPU, given the available memory in bytes, and
    `tensorrt` for the Python package, which counts before the library that it loads.
    """
    found = memory(root)
    cpu = processor(root)
    board = jetson(root)
    gpu = cuda(found.free_bytes)
    driver = DRIVER.search(file_text(root / "proc/driver/nvidia/version"))
    if gpu.gpu is not None and not gpu.gpu.driver and driver:
        gpu = replace(gpu, gpu=replace(gpu.gpu, driver=driver[1]))
    return DeviceFacts(
        machine=machine or platform.machine(),
        system=system or platform.system(),
        processor=cpu.name or platform.processor(),
        cpu_flags=cpu.flags,
        total_bytes=found.total_bytes,
        free_bytes=found.free_bytes,
        gpu=gpu.gpu,
        no_gpu=gpu.reason,
        tensorrt=tensorrt() or library_tensorrt(root),
        module=board.module,
        part_number=board.part_number,
        l4t=board.l4t,
        dla_cores=board.dla_cores,
    )
