"""CUDA toolkits the kernels are built with: exact versions, each in an environment of its own.

They do not share an environment: the bindings of CUDA 12 and 13 are one package in two major
versions, and the assemblers of 11 and 12 would lie in one place. Everything that has a part in the
bytes is pinned; numpy has none, and its newest version depends on that of Python.
"""

from dataclasses import dataclass

TRANSLATOR = (
    "numba==0.68.1",
    "llvmlite==0.50.0",
    "numba-cuda==0.30.4",
    "cuda-core==1.2.2",
    "cuda-pathfinder==1.9.0",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Toolkit:
    """One CUDA toolkit as Python packages."""

    requirements: tuple[str, ...]
    """What pip installs."""
    ptxas: str
    """Where the assembler lies below the folder of packages."""


TOOLKITS = {
    "cuda-11.8": Toolkit(
        requirements=("nvidia-cuda-nvcc-cu11==11.8.89",), ptxas="nvidia/cuda_nvcc/bin/ptxas"
    ),
    "cuda-12.9": Toolkit(
        requirements=(
            *TRANSLATOR,
            "cuda-bindings==12.9.10",
            "nvidia-cuda-nvcc-cu12==12.9.86",
            "nvidia-cuda-nvrtc-cu12==12.9.86",
        ),
        ptxas="nvidia/cuda_nvcc/bin/ptxas",
    ),
    "cuda-13.0": Toolkit(
        requirements=(
            *TRANSLATOR,
            "cuda-bindings==13.0.3",
            "nvidia-cuda-crt==13.0.88",
            "nvidia-cuda-nvcc==13.0.88",
            "nvidia-cuda-nvrtc==13.0.88",
            "nvidia-cuda-runtime==13.0.96",
            "nvidia-nvvm==13.0.88",
        ),
        ptxas="nvidia/cu13/bin/ptxas",
    ),
}
