"""Whether the TensorRT that is installed runs a plan, or can build one."""

from edgers.targets.gpu import Version, text_from_version
from edgers.targets.needs import Needs
from edgers.targets.verdict import Check, no, ok

NAME = "tensorrt"

PATCH_PARTS = 3
"""Parts of a version that a plan hangs on always: major, minor, patch. The fourth, the build, hangs
too (TensorRT documentation, engine compatibility), but is not always told."""


def check_tensorrt(needs: Needs, installed: Version | None) -> Check:
    """Hold what is installed against the version of the plan, or against the kit's bands."""
    if installed is None:
        return no(NAME, f"TensorRT is not installed, and {_wanted(needs)}: install it.")
    if needs.tensorrt is not None:
        return _for_plan(needs.tensorrt, installed)
    return _for_kit(needs, installed)


def _wanted(needs: Needs) -> str:
    if needs.tensorrt is not None:
        return f"the plan needs {text_from_version(needs.tensorrt)}"
    return f"the kit builds with {_bands(needs) or 'none'}"


def _for_plan(built: Version, installed: Version) -> Check:
    found, wanted = text_from_version(installed), text_from_version(built)
    rule = "and a plan runs only on the version that built it"
    rebuild = "build the plan again here with 'edgers build'"
    had, has = _padded(built), _padded(installed)
    if has < had:
        return no(NAME, f"TensorRT {found} is installed, older than the {wanted} that built the "
                  f"plan, {rule}: install {wanted}, or {rebuild}.")  # fmt: skip
    if has > had:
        return no(NAME, f"TensorRT {found} is installed, newer than the {wanted} that built the "
                  f"plan, {rule}: {rebuild}.")  # fmt: skip
    builds = built[PATCH_PARTS:], installed[PATCH_PARTS:]
    if all(builds) and builds[0] != builds[1]:
        return no(NAME, f"TensorRT {found} is another build of the {wanted} that built the plan, "
                  f"{rule}, to its last number: {rebuild}.")  # fmt: skip
    return ok(NAME, f"TensorRT {found} is the version that built the plan.")


def _for_kit(needs: Needs, installed: Version) -> Check:
    found, pair = text_from_version(installed), _padded(installed)[:2]
    for band in needs.bands:
        if band.first <= pair <= band.last:
            return ok(NAME, f"TensorRT {found} can build the kit (graphs for {band.name}).")
    has = f"and the kit has graphs for {_bands(needs) or 'no version'}"
    if needs.bands and pair < min(band.first for band in needs.bands):
        return no(NAME, f"TensorRT {found} is installed, too old to build here, {has}: update it, "
                  "or compile the model for the software of this device.")  # fmt: skip
    if needs.bands and pair > max(band.last for band in needs.bands):
        return no(NAME, f"TensorRT {found} is installed, newer than any this kit can be built "
                  f"with, {has}: compile the model again with a later EdgeRS.")  # fmt: skip
    return no(NAME, f"TensorRT {found} is installed, {has}: compile the model for this "
              "version.")  # fmt: skip


def _bands(needs: Needs) -> str:
    return ", ".join(band.name for band in needs.bands)


def _padded(version: Version) -> Version:
    return (*version, 0, 0, 0)[:PATCH_PARTS]
