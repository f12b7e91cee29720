"""Reading a STAC Item as a scene: which files it names, what their bands are, when it was taken.

Only files in the Item's own folder are read: an Item may come from anyone, and a scene never leads
to an address, to another folder, or out of its own through a link. What only describes (names,
wavelengths, units) is taken where it is of the right type and left out where it is not.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast
from urllib.parse import unquote

from edgers.contract.strict_json import is_too_deep, strict_json
from edgers.errors import SceneError
from edgers.files import read_file
from edgers.scene.date import rfc3339, time_from_text
from edgers.scene.open import has_known_format

Json = Mapping[str, object]

MAX_ITEM_BYTES = 4_000_000
"""Largest Item read; those of Landsat and Sentinel-2 have 20 to 60 kB."""

MAX_ASSETS = 500
"""Most assets of an Item; a Sentinel-2 Item has about 40."""

PICTURE_ROLES = frozenset({"thumbnail", "overview", "visual"})
PICTURE_KEYS = frozenset({"thumbnail", "overview", "visual", "preview", "rendered_preview"})
"""Roles and keys of pictures for people: their red is an 8-bit colour, not a band."""

IMAGE_TYPES = ("image/tiff", "image/jp2", "image/png", "image/jpeg", "image/vnd.stac.geotiff")
"""Beginnings of the media types of rasters that are read."""

SHARED_FIELDS = ("unit", "nodata", "raster:scale", "raster:offset")
"""Fields of an asset that hold for each of its bands (STAC 1.1, common band fields)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StatedBand:
    """What an Item says of one band; None where it says nothing."""

    name: str | None = None
    """Name."""
    common_name: str | None = None
    """STAC common name."""
    wavelength_um: float | None = None
    """Centre wavelength, µm."""
    unit: str | None = None
    """Unit of the values."""
    scale: float | None = None
    """Factor from stored to physical values."""
    offset: float | None = None
    """Summand after it."""
    nodata: float | None = None
    """Stored sample that is no measurement."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SceneFile:
    """One file of a scene, and what is said of it elsewhere."""

    path: Path
    """Where it is."""
    bands: tuple[StatedBand, ...] = ()
    """One entry a band of the file; empty where they are not told apart."""
    whole: StatedBand = StatedBand()
    """What holds for all bands where they are not told apart; its names are an only band's."""
    time: tuple[str, str] | None = None
    """When it was taken, RFC 3339, and where that is said; None where the file itself must tell."""


def read_item(path: Path) -> list[SceneFile]:
    """Give the data files of the STAC Item at `path`, in the order of their assets.

    Raises SceneError where it is no Item, leads out of its folder, or names no file to read.
    """
    item = _item(path)
    time = _time(item)
    assets = item.get("assets")
    if not isinstance(assets, Mapping) or len(assets) > MAX_ASSETS:
        raise SceneError(
            f"STAC Item {path} has no assets that can be read.",
            rule=f"'assets' is an object with at most {MAX_ASSETS} entries.",
        )
    files = [
        SceneFile(
            path=file,
            bands=_bands(asset),
            whole=replace(_band(asset), name=key, common_name=key),
            time=time,
        )
        for key, asset in assets.items()
        if isinstance(asset, Mapping) and _may_be_data(key, asset)
        if (file := _file(asset, key, path)) is not None
    ]
    if not files:
        raise SceneError(
            f"STAC Item {path} names no raster to read.",
            seen=f"Its assets are: {', '.join(assets) or 'none'}.",
            rule="Data assets are GeoTIFF, JPEG 2000, PNG or JPEG files of the role 'data', "
            "with relative addresses.",
            fix="Download the assets beside the Item.",
        )
    return files


def items_in(folder: Path, limit: int) -> list[Path]:
    """Find the STAC Items in a folder that name files in it; products of EdgeRS are none.

    Raises SceneError where one of them leads out of the folder.
    """
    found = []
    for path in sorted(folder.glob("*.json"))[:limit]:
        try:
            item = _item(path)
        except SceneError:
            continue
        assets, properties = item.get("assets"), item.get("properties")
        is_product = isinstance(properties, Mapping) and "edgers:bundle_id" in properties
        if not isinstance(assets, Mapping) or is_product or len(assets) > MAX_ASSETS:
            continue
        entries = [(k, a) for k, a in assets.items() if isinstance(a, Mapping)]
        # Items as they are published name addresses, and say nothing of the files beside them.
        local = [(k, a) for k, a in entries if _may_be_data(k, a) and not _is_address(a)]
        if any(_file(asset, key, path) is not None for key, asset in local):
            found.append(path)
    return found


def _item(path: Path) -> Json:
    data = read_file(path, "STAC Item", MAX_ITEM_BYTES, SceneError)
    try:
        item = strict_json(data)
        seen = "" if isinstance(item, Mapping) else "It holds no object"
        seen = seen or ("It is too deep" if is_too_deep(item) else "")
    except (ValueError, RecursionError) as error:
        seen = str(error)
    if not seen and (cast(Json, item).get("type"), "stac_version" in cast(Json, item)) != (
        "Feature",
        True,
    ):
        seen = "It has no 'type': 'Feature' and 'stac_version'"
    if seen:
        raise SceneError(
            f"{path} is not a STAC Item.",
            seen=f"{seen}.",
            rule="A scene in JSON is a STAC Item (github.com/radiantearth/stac-spec).",
        )
    return cast(Json, item)


def _time(item: Json) -> tuple[str, str] | None:
    """Read the time of an Item: its datetime, else the begin of its span."""
    properties = item.get("properties")
    if not isinstance(properties, Mapping):
        return None
    for key in ("datetime", "start_datetime"):
        text = properties.get(key)
        if isinstance(text, str) and (found := time_from_text(text)):
            return rfc3339(found), "STAC Item"
    return None


def _may_be_data(key: str, asset: Json) -> bool:
    """Tell by role and type whether an asset may hold bands; without roles the type decides."""
    stated = asset.get("roles")
    roles = {str(role) for role in stated} if isinstance(stated, list) else set()
    kind = asset.get("type")
    is_image = not isinstance(kind, str) or kind.strip().lower().startswith(IMAGE_TYPES)
    is_picture = bool(roles & PICTURE_ROLES) or key.lower() in PICTURE_KEYS
    return is_image and not is_picture and (not roles or "data" in roles)


def _is_address(asset: Json) -> bool:
    href = asset.get("href")
    return isinstance(href, str) and ("://" in href or href.startswith(("/", "\\")))


def _file(asset: Json, key: str, item: Path) -> Path | None:
    """Give the file of an asset; None where it is no raster.

    Raises SceneError where it is missing or lies outside the Item's folder.
    """
    href = asset.get("href")
    if not isinstance(href, str) or not href or "\0" in href:
        raise _refused(item, key, href, "An asset has an 'href', the name of a file.")
    folder = item.absolute().parent
    outside = "Files lie in the folder of the Item, and are named relative to it."
    if _is_address(asset) or ":" in href.partition("/")[0] or "\\" in href:
        raise _refused(item, key, href, outside)
    try:
        path = next(
            (one for one in (folder / href, folder / unquote(href)) if one.is_file()), folder / href
        )
        is_inside = path.resolve().is_relative_to(folder.resolve())
        is_there = path.is_file()
    # A name too long, a loop of links, or a NUL byte in disguise.
    except (OSError, RuntimeError, ValueError) as error:
        why = getattr(error, "strerror", None) or type(error).__name__
        raise _refused(item, key, href, f"It must name a file ({why}).") from error
    if not is_inside or ".." in Path(unquote(href)).parts:
        raise _refused(item, key, href, outside)
    if not is_there:
        raise _refused(item, key, href, "It must be there.", "Download it beside the Item.")
    return path if has_known_format(path) else None


def _refused(item: Path, key: str, href: object, rule: str, fix: str = "") -> SceneError:
    return SceneError(
        f"asset {key!r} of STAC Item {item} cannot be read.",
        seen=f"Its href is {str(href)[:200]!r}.",
        rule=rule,
        fix=fix,
    )


def _bands(asset: Json) -> tuple[StatedBand, ...]:
    """Read what an asset says of its bands, by the fields of STAC 1.1 and 1.0."""
    lists = [_objects(asset.get(name)) for name in ("bands", "eo:bands", "raster:bands")]
    merged: list[dict[str, object]] = [{} for _ in range(max(len(entries) for entries in lists))]
    for entries in lists:
        for place, entry in zip(merged, entries, strict=False):
            place.update(entry)
    shared = {key: asset[key] for key in SHARED_FIELDS if key in asset}
    return tuple(_band({**shared, **entry}) for entry in merged)


def _objects(value: object) -> Sequence[Json]:
    entries = value if isinstance(value, list) else []
    return [cast(Json, entry) if isinstance(entry, Mapping) else {} for entry in entries]


def _band(entry: Json) -> StatedBand:
    return StatedBand(
        name=_text(entry, "name"),
        common_name=_text(entry, "eo:common_name", "common_name"),
        wavelength_um=_number(entry, "eo:center_wavelength", "center_wavelength"),
        unit=_text(entry, "unit"),
        scale=_number(entry, "raster:scale", "scale"),
        offset=_number(entry, "raster:offset", "offset"),
        nodata=_number(entry, "nodata"),
    )


def _text(entry: Json, *keys: str) -> str | None:
    values = (entry.get(key) for key in keys)
    return next((v.strip() for v in values if isinstance(v, str) and v.strip()), None)


def _number(entry: Json, *keys: str) -> float | None:
    values = (entry.get(key) for key in keys)
    numbers = (v for v in values if isinstance(v, (int, float)) and not isinstance(v, bool))
    return next((float(v) for v in numbers if abs(v) <= 3.4e38), None)
