"""Matching the bands a model needs with the bands a scene has: by name, never by position."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rasterio.io import DatasetReader

from edgers.contract import Band
from edgers.errors import BandError

MICROMETRES = {
    "micrometers": 1.0, "micrometer": 1.0, "micrometres": 1.0, "microns": 1.0, "um": 1.0, "µm": 1.0,
    "nanometers": 1e-3, "nanometer": 1e-3, "nanometres": 1e-3, "nm": 1e-3,
}  # fmt: skip
"""Factor to µm by unit, as ENVI headers and EnMAP-Box write them."""

INTERPRETED = ("red", "green", "blue")
"""Colour interpretations that are also STAC common names."""

COLOURS_UM = (0.665, 0.56, 0.49)
"""Wavelengths of red, green and blue, as of Sentinel-2's B04, B03 and B02."""

COLOUR_TOLERANCE_UM = 0.03
"""How far a band may be from a colour and still show it."""

SAME_GSD = 0.05
"""Relative difference up to which two files have one GSD: bands of a sensor differ by a factor of
1.5 or more, chips of one place in degrees by less than this."""

WAVELENGTH_IN_NAME = re.compile(
    r"([0-9]+(?:\.[0-9]+)?)\s*(nanomet\w+|nm|micromet\w+|µm|um)\b", re.I
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SceneBand:
    """One band of a scene, with every word it can be found by."""

    index: int
    """Band number in the file, from 1."""
    name: str
    """Description, or empty."""
    common_name: str
    """Colour interpretation, or empty."""
    wavelength_um: float | None
    """Centre wavelength in µm, or None."""
    data_type: str
    """Sample type."""
    unit: str
    """Unit, or empty."""
    scale: float
    """Factor of the scale tag."""
    offset: float
    """Summand of the offset tag."""
    asset: int = 0
    """Position of its file in the scene."""
    file: str = ""
    """Name of its file, where the scene has several."""
    gsd_m: float | None = None
    """Ground sample distance of its file, in metres."""
    fwhm_um: float | None = None
    """Full width at half maximum in µm, or None."""

    @property
    def label(self) -> str:
        """How the band is called in messages."""
        return self.name or self.common_name or f"band {self.index}"


def bands_of(dataset: DatasetReader) -> tuple[SceneBand, ...]:
    """List the data bands of a raster; alpha bands are masks, not data."""
    bands = []
    # Each of these properties walks through all bands.
    colours, descriptions, types = dataset.colorinterp, dataset.descriptions, dataset.dtypes
    units, scales, offsets = dataset.units, dataset.scales, dataset.offsets
    for index in dataset.indexes:
        colour = colours[index - 1].name
        if colour == "alpha":
            continue
        name = (descriptions[index - 1] or "").strip()
        tags = {**dataset.tags(index, ns="IMAGERY"), **dataset.tags(index)}
        bands.append(
            SceneBand(
                index=index,
                name=name,
                common_name=colour if colour in INTERPRETED else "",
                wavelength_um=_wavelength_um(tags, name),
                fwhm_um=_fwhm_um(tags),
                data_type=types[index - 1],
                unit=(units[index - 1] or "").strip(),
                scale=scales[index - 1],
                offset=offsets[index - 1],
            )
        )
    return tuple(bands)


def colours_by_wavelength(wavelengths_um: Sequence[float | None]) -> tuple[int, ...]:
    """Give the positions of the bands nearest red, green and blue; empty where one is missing."""
    found = []
    for colour in COLOURS_UM:
        away = [math.inf if one is None else abs(one - colour) for one in wavelengths_um]
        nearest = min(range(len(away)), key=away.__getitem__, default=None)
        if nearest is None or away[nearest] > COLOUR_TOLERANCE_UM:
            return ()
        found.append(nearest)
    return tuple(found)


def _wavelength_um(tags: Mapping[str, str], name: str) -> float | None:
    """Read a wavelength from band tags, else from the description."""
    lower = {key.lower(): value for key, value in tags.items()}
    found = lower.get("wavelength") or lower.get("central_wavelength_um")
    unit = lower.get("wavelength_units", "micrometers").lower()
    if found is None and (match := WAVELENGTH_IN_NAME.search(name)):
        found, unit = match.group(1), match.group(2).lower()
    try:
        return float(found) * MICROMETRES[unit] if found is not None else None
    except (ValueError, KeyError):
        return None


def _fwhm_um(tags: Mapping[str, str]) -> float | None:
    """Read a width from band tags; its unit is the wavelength's."""
    lower = {key.lower(): value for key, value in tags.items()}
    found, unit = lower.get("fwhm"), lower.get("wavelength_units", "micrometers").lower()
    if found is None:
        found, unit = lower.get("fwhm_um"), "um"
    try:
        width = float(found) * MICROMETRES[unit] if found is not None else 0.0
    except (ValueError, KeyError):
        return None
    return width if 0 < width < math.inf else None


def plain_name(name: str) -> str:
    """Write a band name one way: `B1`, `B01`, `b_1` and `Band 1` are the same."""
    text = re.sub(r"[\s_\-]+", "", name.strip().lower())
    text = re.sub(r"^band", "b", text)
    return re.sub(r"(?<![0-9])0+(?=[0-9])", "", text)


def match_bands(
    wanted: Sequence[Band], scene: Sequence[SceneBand], renamed: Mapping[str, str], origin: str
) -> tuple[SceneBand, ...]:
    """Find the scene band for each band the model needs; the better files of a scene come first.

    `renamed` maps a model band to a scene band's name or number (`--map`). Without it a band is
    found by name, then common name, then wavelength. Raises BandError where a band is missing, more
    than one fits, or its type or unit is another.
    """
    known = {band.name for band in wanted}
    if strangers := [name for name in renamed if name not in known]:
        raise BandError(
            f"--map names band {strangers[0]!r}, which the model does not have.",
            rule=f"The model's bands: {', '.join(band.name for band in wanted)}.",
        )
    found = tuple(_find(band, scene, renamed.get(band.name), origin) for band in wanted)
    for band, fit in zip(wanted, found, strict=True):
        _check(band, fit, origin)
    return found


def _find(band: Band, scene: Sequence[SceneBand], renamed: str | None, origin: str) -> SceneBand:
    """Find one band; the first way that finds any decides."""
    for fits in _candidates(band, scene, renamed):
        # Files come in order of fitness: the same band at another GSD is a lesser copy.
        candidates = [one for one in fits if _has_same_gsd(one, fits[0])]
        if len(candidates) > 1:
            raise BandError(
                f"{origin} has {len(candidates)} bands that fit {_described(band)}.",
                seen=f"They are: {', '.join(_place(one) for one in candidates)}.",
                fix="Keep one of these files in the folder."
                if candidates[0].file
                else f"Choose one with --map {band.name}=NUMBER.",
            )
        if candidates:
            return candidates[0]
    has = ", ".join(one.label for one in scene) or "none"
    raise BandError(
        f"{origin} has no band that fits {_described(band) if renamed is None else repr(renamed)}.",
        seen=f"It has: {has}.",
        fix=f"Name it with --map {band.name}=<band name or number>, "
        "or use a model whose contract does not need it.",
    )


def _has_same_gsd(one: SceneBand, other: SceneBand) -> bool:
    """Tell whether two bands have one GSD; pixels in degrees change a little with the latitude."""
    if one.gsd_m is None or other.gsd_m is None:
        return one.gsd_m == other.gsd_m
    return math.isclose(one.gsd_m, other.gsd_m, rel_tol=SAME_GSD)


def _place(band: SceneBand) -> str:
    return f"{band.label} in {band.file}" if band.file else f"{band.label} (number {band.index})"


def _candidates(
    band: Band, scene: Sequence[SceneBand], renamed: str | None
) -> list[list[SceneBand]]:
    """Give the bands that fit, by one way after another."""
    if renamed is not None:
        return [
            [one for one in scene if plain_name(one.name) == plain_name(renamed)],
            [one for one in scene if one.common_name == renamed.lower()],
            [one for one in scene if str(one.index) == renamed],
        ]
    name, common = plain_name(band.name), (band.common_name or "").lower()
    near = [
        one for one in scene
        if band.center_wavelength_um and one.wavelength_um
        and abs(one.wavelength_um - band.center_wavelength_um) <= band.wavelength_tolerance_um
    ]  # fmt: skip
    nearest = sorted(
        near, key=lambda one: abs((one.wavelength_um or 0) - (band.center_wavelength_um or 0))
    )
    return [
        [one for one in scene if one.name and plain_name(one.name) == name],
        [one for one in scene if common and common in (one.name.lower(), one.common_name)],
        [one for one in scene if one.common_name == name],
        nearest[:1],
    ]


def _described(band: Band) -> str:
    """Say what the model asks for."""
    words = [band.common_name] if band.common_name else []
    words += [f"{band.center_wavelength_um:g} µm"] if band.center_wavelength_um else []
    return f"band {band.name}" + (f" ({', '.join(words)})" if words else "")


def _check(band: Band, fit: SceneBand, origin: str) -> None:
    """Refuse a band whose samples cannot be what the model was trained on."""
    which = f"{origin} band {fit.name or fit.index}"
    # Raster files give the amplitude of complex samples; strips do not.
    if fit.data_type.startswith("complex"):
        raise BandError(
            f"{which} holds complex samples.",
            seen=f"Its type is {fit.data_type}.",
            rule="A band must hold real numbers.",
            fix="Write its amplitude as a band first.",
        )
    if band.data_type and _sort_of(band.data_type) != _sort_of(fit.data_type):
        raise BandError(
            f"{which} has samples of another sort than the model was trained on.",
            seen=f"It holds {fit.data_type}.",
            rule=f"The contract says {band.data_type} for band {band.name}.",
            fix="Use the product level the model was trained on, or correct the contract.",
        )
    if band.unit and fit.unit and band.unit.lower() != fit.unit.lower():
        raise BandError(
            f"{which} is in another unit than the model was trained on.",
            seen=f"It is in {fit.unit!r}.",
            rule=f"The contract says {band.unit!r} for band {band.name}.",
            fix="Convert the scene, or correct the contract.",
        )


def _sort_of(data_type: str) -> str:
    """Group sample types that can stand for one another: 8-bit, wider integers, floating point."""
    if data_type.startswith("float"):
        return "float"
    return "8-bit" if data_type in ("uint8", "int8") else "integer"
