"""Places on the ground lead back to the pixels they were taken from."""

import numpy as np
import pytest
from affine import Affine
from builders.earth_places import PLACES, north_up
from builders.swaths import model_place, sensor_model
from rasterio.control import GroundControlPoint
from rasterio.crs import CRS

from edgers.scene.ground_pixels import pixels_at
from edgers.scene.place import Place

POINTS = tuple(
    GroundControlPoint(row, column, 10 + column / 900 + row * column / 1e7, 50 - row / 1300)
    for row in (0, 500, 1000)
    for column in (0, 400, 800)
)
MADE = {
    **PLACES,
    "points": Place(
        height_px=1000, width_px=800, crs=None, transform=Affine.identity(), gcps=POINTS,
        gcp_crs=CRS.from_epsg(4326),
    ),
    "sensor model": model_place(sensor_model()),
    "across the date line": north_up("EPSG:4326", 0.01, 178, 10, 300, 400),
}  # fmt: skip


@pytest.mark.parametrize("name", MADE)
def test_pixels_come_back(name: str) -> None:
    place = MADE[name]
    height, width = place.shape
    random = np.random.default_rng(1)
    columns, rows = random.uniform(0, 1, (2, 20)) * np.array([[width], [height]])
    lon, lat = place.lonlat(columns, rows)
    # As a file holds them: within ±180.
    back = pixels_at(place, (lon + 180) % 360 - 180, lat)
    is_known = np.isfinite(lon)
    assert is_known.any()
    found = np.stack(back)[:, is_known]
    assert np.abs(found - np.stack([columns, rows])[:, is_known]).max() < 0.01


def test_without_a_place_there_are_no_pixels() -> None:
    place = Place(height_px=9, width_px=9, crs=None, transform=Affine.identity())
    assert np.isnan(pixels_at(place, np.zeros(3), np.zeros(3))).all()
