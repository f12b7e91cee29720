"""Yes or no for each pixel as polygons: of the classes of a label map, of values that reach theirs.

Pixels of one band that are yes and touch by their sides are one polygon; what two bands show may
overlap.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
import numpy.typing as npt
from rasterio.features import rasterize
from rasterio.transform import Affine

from edgers.contract import ModelClass, OutputValue
from edgers.products.class_polygons import BLOCK_PX, ClassPolygon, class_polygons
from edgers.products.class_vectors import COLUMNS, feature_of, polygon_vectors
from edgers.products.draft import Draft
from edgers.products.extras import Extra
from edgers.products.features import Column, Feature, Format
from edgers.products.flags import NODATA
from edgers.products.raster_drafts import RasterDrafts
from edgers.scene.place import Place

Reals = npt.NDArray[np.float32]

VALUE_COLUMNS = (
    COLUMNS[0],
    Column(name="value", type="str", description="Value that reaches its threshold."),
    Column(name="threshold", type="float", description="What it reaches."),
    Column(name="mean", type="float", description="Mean of the value inside, in its unit."),
    Column(name="max", type="float", description="Largest of it inside."),
    *COLUMNS[3:],
)


def label_vectors(
    formats: Sequence[Format], classes: Sequence[ModelClass], place: Place, simplify_px: float
) -> Mapping[str, Extra]:
    """Give a product for each format, by its role: polygons of each band of the draft `labels`."""

    def find(drafts: RasterDrafts) -> Iterator[Feature]:
        for band, one in enumerate(classes):
            for polygon in _polygons(drafts["labels"], band):
                yield feature_of(polygon, {"class": one.value, "class_name": one.name})

    return polygon_vectors(formats, COLUMNS, find, place, simplify_px)


def value_vectors(
    formats: Sequence[Format], sought: Sequence[tuple[int, OutputValue]], place: Place,
    simplify_px: float, read: Callable[[npt.NDArray[np.generic]], Reals],
) -> Mapping[str, Extra]:  # fmt: skip
    """Give a product for each format, by its role: polygons of each band of the draft `found`.

    `sought` are what they are of, with the position of each in the draft `values`, whose samples
    `read` turns into values.
    """

    def find(drafts: RasterDrafts) -> Iterator[Feature]:
        for band, (position, one) in enumerate(sought):
            for polygon in _polygons(drafts["found"], band):
                mean, most = _inside(polygon, drafts["values"], position, read)
                about = {"value": one.name, "threshold": one.threshold, "mean": mean, "max": most}
                yield feature_of(polygon, about)

    return polygon_vectors(formats, VALUE_COLUMNS, find, place, simplify_px)


def _polygons(draft: Draft, band: int) -> Iterator[ClassPolygon]:
    """Give the polygons of the pixels of a band that are yes."""
    shape = draft.shape.height_px, draft.shape.width_px

    def read(row: int, height: int) -> npt.NDArray[np.generic]:
        samples = draft.read(row, 0, height, shape[1])[band]
        return np.where(samples == 1, samples, np.uint8(NODATA))

    return class_polygons(read, shape, NODATA)


def _inside(
    polygon: ClassPolygon, draft: Draft, band: int,
    read: Callable[[npt.NDArray[np.generic]], Reals],
) -> tuple[float, float]:  # fmt: skip
    """Give mean and largest value inside a polygon, a few rows at a time."""
    shell = polygon.rings[0]
    (left, top), (right, bottom) = shell.min(axis=0).tolist(), shell.max(axis=0).tolist()
    document = {"type": "Polygon", "coordinates": [ring.tolist() for ring in polygon.rings]}
    total, count, most = 0.0, 0, -np.inf
    step = max(1, BLOCK_PX // (right - left))
    for row in range(top, bottom, step):
        shape = min(step, bottom - row), right - left
        own = rasterize([document], out_shape=shape, transform=Affine.translation(left, row))
        values = read(draft.read(row, left, *shape)[band])[own == 1]
        total, count = total + float(values.sum(dtype=np.float64)), count + values.size
        most = max(most, float(values.max(initial=-np.inf)))
    return total / count, most
