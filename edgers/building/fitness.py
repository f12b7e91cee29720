"""Whether a plan for a kit can be built on this device."""

from edgers.build_kit import BuildKit, KitBand
from edgers.errors import BadInputError, BundleError
from edgers.targets.device_facts import DeviceFacts, GpuFacts
from edgers.targets.gpu import text_from_version


def fitting_gpu(kit: BuildKit, facts: DeviceFacts) -> GpuFacts:
    """Give the GPU of this device; raises BundleError where there is none, or not one for the kit.

    This asks neither TensorRT nor CUDA, which may crash where the driver is missing.
    """
    gpu = facts.gpu
    wanted = f"compute capability {text_from_version(kit.cc)}"
    if gpu is None:
        raise BundleError(
            "there is no GPU here to build for.",
            seen=facts.no_gpu or "None was found.",
            rule=f"The kit is for a GPU of {wanted}; a plan is built on the kind that runs it.",
            fix="Build on the board, or on a twin of it on the ground.",
        )
    if gpu.cc != kit.cc:
        here = f"{facts.module or gpu.name}, compute capability {text_from_version(gpu.cc)}"
        raise BundleError(
            "the kit is for another GPU.",
            seen=f"This is {here}.",
            rule=f"The kit is for {wanted}.",
            fix="Compile the model for this device: 'edgers targets detect' names it.",
        )
    return gpu


def fitting_band(kit: BuildKit, tensorrt: tuple[int, ...]) -> KitBand:
    """Give what the kit has for a TensorRT; raises BundleError where that is nothing."""
    band = kit.band_of(tensorrt)
    if band is None:
        raise BundleError(
            f"the kit has nothing for TensorRT {text_from_version(tensorrt)}.",
            seen=f"It has graphs for TensorRT {', '.join(one.name for one in kit.bands)}.",
            fix="Install one of these, or compile the model again with a newer EdgeRS.",
        )
    return band


def dla_core(kit: BuildKit, asked: int | None, facts: DeviceFacts) -> int | None:
    """Give the DLA to build for; None for the GPU.

    Raises BadInputError where one is needed and this device has none of that number.
    """
    core = 0 if asked is None and kit.dla else asked
    if core is None or core < facts.dla_cores:
        return core
    who = "the kit is" if asked is None else "--dla asks"
    cores = facts.dla_cores
    raise BadInputError(
        f"{who} for DLA {core}, which this device does not have.",
        seen=f"It has {cores or 'no'} DLA{'s' * (cores != 1)}.",
        rule="Jetson Xavier and Orin have them, but not Orin Nano.",
        fix="Compile the kit without a DLA." if asked is None else "Build without --dla.",
    )
