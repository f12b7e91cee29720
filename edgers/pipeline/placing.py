"""Which grids the products of a scene lie on."""

from rasterio.crs import CRS
from rasterio.errors import CRSError

from edgers.errors import BadInputError
from edgers.products.places import Places
from edgers.products.warp import warped_place
from edgers.scene.place import Place
from edgers.scene.scene import Scene
from edgers.tiling.grid import Grid

UTM = "utm"
"""Word for the UTM zone, or UPS near a pole, of the scene's middle."""


def product_places(scene: Scene, grid: Grid, warp: str | None) -> Places:
    """Place the products: their pixels may be coarser than the scene's, or begin later.

    `warp` is the CRS of a map that is wanted too, or `utm`. Raises BadInputError where it is no
    CRS, and SceneError where the scene cannot be put onto it.
    """
    computed = product = _given(scene.place, grid, *grid.output_shape)
    if scene.is_resampled:
        own, read = scene.own_place, scene.place
        product = _given(
            own, grid, round(computed.height_px * own.height_px / read.height_px),
            round(computed.width_px * own.width_px / read.width_px),
        )  # fmt: skip
    on_map = None if warp is None else warped_place(product, _crs(warp))
    return Places(computed=computed, product=product, map=on_map)


def _given(place: Place, grid: Grid, height_px: int, width_px: int) -> Place:
    """Give the grid of what the network gives for a scene at `place`."""
    return place.subgrid(
        float(grid.columns.origin_px), float(grid.rows.origin_px), float(grid.columns.stride),
        float(grid.rows.stride), height_px, width_px,
    )  # fmt: skip


def _crs(warp: str) -> CRS | None:
    """Read the CRS of a map; None for the zone of the scene."""
    if warp.lower() == UTM:
        return None
    try:
        return CRS.from_user_input(warp)
    except CRSError as error:
        raise BadInputError(
            f"--warp {warp!r} is no coordinate reference system.",
            seen=f"PROJ says: {error}.",
            fix="Give one such as EPSG:32630, or the word utm.",
        ) from error
