"""The TensorRT versions that a target may have, sorted by the rules they share."""

from dataclasses import dataclass

from edgers.calibration.legality import ALL, Band, band_from_version
from edgers.errors import BadInputError
from edgers.targets.gpu import Software, text_from_version
from edgers.targets.target import Target


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetBands:
    """What a kit is for."""

    bands: tuple[Band, ...]
    """Bands of TensorRT, oldest first."""
    software: tuple[Software, ...]
    """Releases with a TensorRT of one of them."""
    left_out: dict[str, str]
    """Why the kit is not for other releases."""


def bands_of_target(target: Target, *, dla: bool) -> TargetBands:
    """Sort the software of a target; with `dla` take only what builds for a DLA.

    Raises BadInputError where nothing is left.
    """
    assert target.gpu is not None
    if dla and not target.gpu.dla_cores:
        raise BadInputError(
            f"{target.title} has no DLA.",
            rule="Jetson Xavier and Orin have them, but not Orin Nano.",
            fix="Compile without --dla.",
        )
    bands: dict[str, Band] = {}
    software, left_out = [], dict[str, str]()
    for release in target.gpu.software:
        version = text_from_version(release.tensorrt)
        try:
            band = band_from_version(version)
        except BadInputError:
            known = f"{ALL[0].first[0]}.{ALL[0].first[1]} to {ALL[-1].last[0]}.{ALL[-1].last[1]}"
            left_out[release.name] = f"it has TensorRT {version}; kits are made for {known}"
            continue
        if dla and not release.has_dla:
            left_out[release.name] = f"its TensorRT, {version}, does not build for the DLA"
            continue
        bands[band.name] = band
        software.append(release)
    if not bands:
        raise BadInputError(
            f"there is no TensorRT for {target.title} that kits are made for.",
            seen="\n".join(f"{name}: {why}" for name, why in left_out.items()),
            fix="Compile for its CPU (--target cpu).",
        )
    ordered = sorted(bands.values(), key=lambda one: one.first)
    return TargetBands(bands=tuple(ordered), software=tuple(software), left_out=left_out)
