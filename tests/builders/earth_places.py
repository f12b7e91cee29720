"""Grids all over the Earth, where geometry is plain and where it is not."""

from affine import Affine
from builders.swaths import Swath, model_place, sensor_model
from rasterio.crs import CRS

from edgers.scene.place import Place


def grid(code: str, transform: Affine, height: int, width: int) -> Place:
    return Place(
        height_px=height, width_px=width, crs=CRS.from_string(code), transform=transform
    )  # fmt: skip


def north_up(code: str, size: float, left: float, top: float, height: int, width: int) -> Place:
    return grid(code, Affine(size, 0, left, 0, -size, top), height, width)


PLACES = {
    "utm": north_up("EPSG:32630", 10, 600_000, 4_200_000, 4000, 5000),
    "utm, south up": grid("EPSG:32630", Affine(10, 0, 6e5, 0, 10, 4.2e6), 4000, 5000),
    "utm, turned": grid("EPSG:32630", Affine(8, 6, 6e5, 6, -8, 4.2e6), 4000, 5000),
    "date line": north_up("EPSG:4326", 0.1, 175, 60, 100, 100),
    "date line from the east": north_up("EPSG:4326", 0.1, -185, 60, 100, 100),
    "date line in utm": north_up("EPSG:32601", 100, 300_000, 6_700_000, 1000, 1000),
    "fiji": north_up("EPSG:3832", 1000, 2_000_000, -1_000_000, 2000, 4000),
    "north pole": north_up("EPSG:3413", 1000, -500_000, 800_000, 1500, 1200),
    "south pole": north_up("EPSG:3031", 1000, -500_000, 800_000, 1500, 1200),
    "sea ice": north_up("EPSG:3411", 25_000, -3_850_000, 5_850_000, 448, 304),
    "corner on the north pole": north_up("EPSG:3413", 1000, 0, 800_000, 800, 1200),
    "other corner on the north pole": north_up("EPSG:3413", 1000, -800_000, 0, 800, 800),
    "corner on the south pole": north_up("EPSG:3031", 1000, 0, 800_000, 800, 1200),
    "other corner on the south pole": north_up("EPSG:3031", 1000, -800_000, 0, 800, 800),
    "side on the north pole": north_up("EPSG:3413", 1000, -600_000, 0, 800, 1200),
    "side on the south pole": north_up("EPSG:3031", 1000, -600_000, 0, 800, 1200),
    "beside the north pole": north_up("EPSG:3413", 1000, -600_000, -1000, 800, 1200),
    "swath": Swath().place(),
    "swath at the date line": Swath(lon=179.98).place(),
    "swath on the north pole": Swath(lat=89.95).place(),
    "swath on the south pole": Swath(lat=-90, lon=-100).place(),
    "model": model_place(sensor_model()),
    "model at the date line": model_place(sensor_model(179.99)),
}
AROUND_THE_EARTH = {
    "north up": north_up("EPSG:4326", 0.5, -180, 90, 360, 720),
    "south up": grid("EPSG:4326", Affine(0.5, 0, -180, 0, 0.5, -90), 360, 720),
    "from Greenwich": north_up("EPSG:4326", 0.5, 0, 90, 360, 720),
    "nodes on the poles": north_up("EPSG:4326", 0.25, -180.125, 90.125, 721, 1440),
    "one meridian twice": north_up("EPSG:4326", 1, -0.5, 90.5, 181, 361),
}
