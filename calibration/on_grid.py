"""Label rasters on the grid of a product."""

from pathlib import Path

from rasterio.io import DatasetReader

from edgers.errors import SceneError
from edgers.scene.asset import is_same_grid
from edgers.scene.open import open_raster
from edgers.scene.place import Place, place_of


def open_on_grid(path: Path, place: Place) -> DatasetReader:
    """Open a label raster that lies on the grid `place`, that of the scene's product.

    Raises SceneError where it cannot be read, or lies on another grid.
    """
    dataset = open_raster(path)
    here = place_of(dataset)
    if is_same_grid(here, place):
        return dataset
    dataset.close()
    raise SceneError(
        f"label raster {path} lies on another grid than the scene's product.",
        seen=f"{_difference(here, place)}.",
        rule="Each pixel of the labels is one pixel of the product.",
        fix="Bring it onto that grid with: gdalwarp -r near",
    )


def _difference(here: Place, there: Place) -> str:
    """Say in what two grids differ."""
    if here.shape != there.shape:
        (height, width), (rows, columns) = here.shape, there.shape
        return f"It has {width} × {height} px, the product {columns} × {rows}"
    if here.crs != there.crs:
        one, other = (
            place.crs.to_string()[:60] if place.crs else "none" for place in (here, there)
        )
        return f"Its CRS is {one}, that of the product {other}"
    if here.kind != there.kind:
        return f"It is placed by {here.kind}, the product by {there.kind}"
    one, other = (
        f"{place.transform.c:.10g}, {place.transform.f:.10g} with pixels of "
        f"{place.transform.a:.6g} × {place.transform.e:.6g}"
        for place in (here, there)
    )
    return f"It begins at {one}, the product at {other}"
