"""What a map shows as polygons, in any format of features."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from edgers.contract import ModelClass
from edgers.errors import OutputError
from edgers.products.class_polygons import ClassPolygon, class_polygons
from edgers.products.ending import Ending
from edgers.products.extras import Extra, Facts
from edgers.products.feature import Value
from edgers.products.features import (
    AREA,
    FORMATS,
    Column,
    Feature,
    Format,
    with_areas,
    write_features,
)
from edgers.products.raster_drafts import RasterDrafts
from edgers.scene.place import Place

COLUMNS = (
    Column(name="id", type="int", description="Number of the polygon, from 1."),
    Column(name="class", type="int", description="Value in the class map."),
    Column(name="class_name", type="str", description="Class name."),
    Column(name="pixels", type="int", description="Pixels inside.", unit="px"),
    AREA,
    Column(name="bundle_id", type="str", description="Bundle that found it."),
    Column(name="input_sha256", type="str", description="SHA-256 of the scene's files."),
)


def class_vectors(
    formats: Sequence[Format], classes: Sequence[ModelClass], place: Place, nodata: int,
    simplify_px: float,
) -> Mapping[str, Extra]:  # fmt: skip
    """Give a product for each format, by its role: polygons of the pixels of the draft `classes`.

    `place` is that of the draft. Areas and pixels are those of the class map, whether outlines are
    simplified or not.
    """
    names = {one.value: one.name for one in classes}
    return polygon_vectors(
        formats, COLUMNS, lambda drafts: _features(drafts, nodata, names), place, simplify_px
    )


def polygon_vectors(
    formats: Sequence[Format], columns: Sequence[Column],
    find: Callable[[RasterDrafts], Iterator[Feature]], place: Place, simplify_px: float,
) -> Mapping[str, Extra]:  # fmt: skip
    """Give a product for each format, by its role, of what `find` gives.

    It gives all columns but the number, the area and where it comes from.
    """

    def write(kind: Format, path: Path, drafts: RasterDrafts, _: Ending, facts: Facts) -> None:
        origin = {"bundle_id": str(facts["bundle_id"]), "input_sha256": str(facts["scene_sha256"])}
        numbered = (
            replace(one, properties={**one.properties, "id": number, **origin})
            for number, one in enumerate(find(drafts), 1)
        )
        told = with_areas(numbered, place)
        if simplify_px > 0:
            told = (_simplified(feature, simplify_px) for feature in told)
        write_features(path, told, columns, place, kind, facts)

    return {
        kind: Extra(
            ending=FORMATS[kind].ending,
            media_type=FORMATS[kind].media_type,
            write=partial(write, kind),
        )
        for kind in formats
    }


def check_simplify(simplify_px: float) -> None:
    """Raise OutputError where outlines are to be simplified and Shapely is not installed."""
    if simplify_px > 0 and find_spec("shapely") is None:
        raise OutputError(
            "outlines cannot be simplified.",
            seen="The package shapely is not installed.",
            fix="Install it with: pip install 'edgers[vectors]', or run without --simplify.",
        )


def _features(drafts: RasterDrafts, nodata: int, names: Mapping[int, str]) -> Iterator[Feature]:
    draft = drafts["classes"]
    shape = draft.shape.height_px, draft.shape.width_px
    polygons = class_polygons(
        lambda row, height: draft.read(row, 0, height, shape[1])[0], shape, nodata
    )
    for polygon in polygons:
        yield feature_of(polygon, {"class": polygon.value, "class_name": names[polygon.value]})


def feature_of(polygon: ClassPolygon, properties: Mapping[str, Value]) -> Feature:
    """Give a polygon as a feature, with its pixels and what else is known of it."""
    shell, *holes = (ring.astype(np.float64) for ring in polygon.rings)
    return Feature(geometry=shell, holes=holes, properties={**properties, "pixels": polygon.pixels})


def _simplified(feature: Feature, most_px: float) -> Feature:
    """Leave out points that lie less than `most_px` off the outline without them.

    Each polygon by itself stays valid; neighbours may come to overlap, or part, by as much.
    """
    import shapely

    whole = shapely.Polygon(feature.geometry, feature.holes)
    plain = shapely.simplify(whole, most_px, preserve_topology=True)
    return replace(
        feature,
        geometry=np.array(plain.exterior.coords)[:-1],
        holes=[np.array(ring.coords)[:-1] for ring in plain.interiors],
    )
