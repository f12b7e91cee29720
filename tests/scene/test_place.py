"""Where pixels lie: by affine, by ground control points, by rational polynomials, or nowhere."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import rasterio
from affine import Affine
from builders.scenes import noise, write_scene
from builders.swaths import Swath, metres_between, model_place, pixels_by_model, sensor_model
from rasterio.control import GroundControlPoint
from rasterio.crs import CRS
from rasterio.warp import transform as warp_points

from edgers.errors import SceneError
from edgers.scene.geometry import check_crs
from edgers.scene.place import Place, pixels_between, place_of

Floats = npt.NDArray[np.float64]

LONLAT = CRS.from_epsg(4326)

SWATHS = {
    "plain": Swath(),
    "date line": Swath(lon=179.98),
    "other side of the date line": Swath(lon=-179.9, lat=-17.0),
    "north pole": Swath(lat=89.95),
    "south pole": Swath(lat=-90.0),
}
POLAR = CRS.from_dict(proj="stere", lat_0=90, datum="WGS84")


def some_pixels(place: Place, count: int = 500, beyond_px: float = 0) -> tuple[Floats, Floats]:
    random = np.random.default_rng(0)
    height, width = place.shape
    return (
        random.uniform(-beyond_px, width + beyond_px, count),
        random.uniform(-beyond_px, height + beyond_px, count),
    )


def off_px(place: Place, swath: Swath, columns: Floats, rows: Floats) -> Floats:
    """Give how far pixels are from their true place, in pixels."""
    return (
        metres_between(*place.lonlat(columns, rows), *swath.lonlat(columns, rows)) / swath.pixel_m
    )


@pytest.mark.parametrize("name", SWATHS)
def test_a_swath_goes_through_its_points_wherever_they_are(name: str) -> None:
    swath = SWATHS[name]
    place = swath.place()
    assert place.kind == "gcps"
    columns = np.array([point.col for point in place.gcps])
    rows = np.array([point.row for point in place.gcps])
    assert off_px(place, swath, columns, rows).max() < 1e-3


@pytest.mark.parametrize("name", SWATHS)
def test_between_its_points_a_swath_is_where_it_is(name: str) -> None:
    swath = SWATHS[name]
    assert off_px(swath.place(), swath, *some_pixels(swath.place())).max() < 0.1


@pytest.mark.parametrize("crs", ["EPSG:32635", "EPSG:3857", "EPSG:4326", "EPSG:4258"])
def test_points_may_be_in_any_crs(crs: str) -> None:
    swath = Swath()
    place = swath.place(CRS.from_string(crs))
    assert off_px(place, swath, *some_pixels(place)).max() < 0.1


def test_points_across_a_pole_may_be_on_a_map() -> None:
    swath = SWATHS["north pole"]
    assert off_px(swath.place(POLAR), swath, *some_pixels(swath.place())).max() < 0.1


def test_longitudes_may_run_beyond_180() -> None:
    swath = SWATHS["date line"]
    place = swath.place()
    points = tuple(
        GroundControlPoint(p.row, p.col, p.x % 360, p.y, p.z, id=p.id) for p in place.gcps
    )
    assert off_px(replace(place, gcps=points), swath, *some_pixels(place)).max() < 0.1


def test_three_points_make_an_affine() -> None:
    corners = [(0, 0, 10.0, 50.0), (0, 100, 10.1, 50.0), (100, 0, 10.0, 49.9)]
    points = tuple(GroundControlPoint(*corner) for corner in corners)
    place = replace(Swath().place(), gcps=points, height_px=100, width_px=100)
    assert place.kind == "gcps"
    lon, lat = place.lonlat(np.array([50.0, 100, 0]), np.array([50.0, 100, 0]))
    assert lon == pytest.approx([10.05, 10.1, 10.0], abs=3e-4)
    assert lat == pytest.approx([49.95, 49.9, 50.0], abs=3e-4)


ON_ONE_LINE = [(0, 0, 10, 50), (10, 10, 11, 49), (20, 20, 12, 48), (30, 30, 13, 47)]
AT_ONE_PIXEL = [(5, 5, 10, 50), (5, 5, 11, 49), (5, 5, 12, 50)]
AT_ONE_PLACE = [(0, 0, 10, 50), (0, 9, 10, 50), (9, 0, 10, 50)]


@pytest.mark.parametrize("corners", [ON_ONE_LINE, AT_ONE_PIXEL, AT_ONE_PLACE, ON_ONE_LINE[:2], []])
def test_points_that_span_no_ground_place_nothing(corners: list[tuple[float, ...]]) -> None:
    points = tuple(GroundControlPoint(*corner) for corner in corners)
    place = replace(Swath().place(), gcps=points)
    assert place.kind == "none"
    assert np.isnan(place.lonlat(np.zeros(2), np.zeros(2))).all()


def test_a_point_said_twice_or_without_a_place_does_no_harm() -> None:
    swath = Swath()
    place = swath.place()
    first = place.gcps[0]
    strays = (
        GroundControlPoint(first.row, first.col, first.x + 1, first.y),
        GroundControlPoint(3, 3, np.nan, 5.0),
        GroundControlPoint(np.inf, 3, 5.0, 5.0),
        GroundControlPoint(7, 3, 5.0, 400.0),
    )
    assert off_px(replace(place, gcps=place.gcps + strays), swath, *some_pixels(place)).max() < 0.1


def test_tens_of_thousands_of_points_are_thinned_evenly() -> None:
    swath = Swath(points=(200, 200))
    place = swath.place()
    assert place.plane is not None
    assert 900 <= len(place.plane.points) <= 31**2
    assert off_px(place, swath, *some_pixels(place)).max() < 0.1


@pytest.mark.parametrize("lon", [10.0, 179.99, -179.99])
def test_rational_polynomials_are_taken_at_the_height_they_are_centred_on(lon: float) -> None:
    model = sensor_model(lon)
    place = model_place(model)
    assert place.kind == "rpcs"
    columns, rows = some_pixels(place)
    found_columns, found_rows = pixels_by_model(model, *place.lonlat(columns, rows), 500.0)
    np.testing.assert_allclose(found_columns, columns, atol=1e-4)
    np.testing.assert_allclose(found_rows, rows, atol=1e-4)


def test_an_affine_goes_before_points_and_points_before_polynomials() -> None:
    swath = Swath().place()
    both = replace(swath, rpcs=sensor_model())
    assert both.kind == "gcps"
    mapped = replace(both, crs=CRS.from_epsg(32630), transform=Affine(10, 0, 6e5, 0, -10, 4e6))
    assert mapped.kind == "map"
    assert replace(both, crs=LONLAT).kind == "gcps"  # a CRS alone leads nowhere
    assert replace(both, gcp_crs=None).kind == "rpcs"
    assert replace(both, gcps=both.gcps[:2]).kind == "rpcs"
    assert replace(swath, gcps=()).kind == "none"


STRIDES = [(0, 0, 1, 1), (0, 0, 4, 4), (3, 5, 4, 4), (-7, 1.5, 0.5, 0.5)]


@pytest.mark.parametrize("stride", STRIDES)
@pytest.mark.parametrize(
    "place",
    [
        Swath().place(),
        model_place(sensor_model()),
        Place(
            height_px=50, width_px=60, crs=CRS.from_epsg(32630),
            transform=Affine(8, 6, 600_000, 6, -8, 4_200_000),
        ),
    ],
    ids=["points", "polynomials", "map"],
)  # fmt: skip
def test_a_coarser_or_shifted_grid_lies_in_the_same_place(
    place: Place, stride: tuple[float, float, float, float]
) -> None:
    coarse = place.subgrid(*stride, height_px=30, width_px=20)
    assert (coarse.shape, coarse.kind) == ((30, 20), place.kind)
    columns, rows = some_pixels(coarse)
    lon, lat = place.lonlat(stride[0] + columns * stride[2], stride[1] + rows * stride[3])
    assert metres_between(*coarse.lonlat(columns, rows), lon, lat).max() < 1e-3
    between = pixels_between(coarse, place)
    assert between is not None
    assert tuple(between @ (2, 3)) == pytest.approx(
        (stride[0] + 2 * stride[2], stride[1] + 3 * stride[3])
    )


def test_pixels_made_oblong_move_by_a_fraction_of_one() -> None:
    place = Swath().place()
    oblong = place.subgrid(3, 5, 2, 4, height_px=150, width_px=200)
    columns, rows = some_pixels(oblong)
    lon, lat = place.lonlat(3 + columns * 2, 5 + rows * 4)
    assert metres_between(*oblong.lonlat(columns, rows), lon, lat).max() < 0.1 * Swath().pixel_m
    model, wide = model_place(sensor_model()), (3, 5, 2, 4)
    lon, lat = model.lonlat(3 + columns * 2, 5 + rows * 4)
    found = model.subgrid(*wide, height_px=150, width_px=200).lonlat(columns, rows)
    assert metres_between(*found, lon, lat).max() < 1e-3


def test_grids_of_different_scenes_have_nothing_in_common() -> None:
    assert pixels_between(Swath().place(), Swath(lon=20).place()) is None
    assert pixels_between(Swath().place(), replace(Swath().place(), gcps=())) is None


def test_a_file_keeps_points_and_polynomials(tmp_path: Path) -> None:
    for place in (Swath().place(), model_place(sensor_model())):
        path = write_scene(tmp_path / "a.tif", noise(1, *place.shape), crs=None)
        with pytest.warns(rasterio.errors.NotGeoreferencedWarning):
            dataset = rasterio.open(path, "r+")
        with dataset:
            if place.rpcs is not None:
                dataset.rpcs = place.rpcs
            else:
                dataset.gcps = list(place.gcps), place.gcp_crs
        with rasterio.open(path) as dataset:
            found = place_of(dataset)
        columns, rows = some_pixels(place)
        assert found.kind == place.kind
        assert (
            metres_between(*found.lonlat(columns, rows), *place.lonlat(columns, rows)).max() < 1e-6
        )
        path.unlink()


@pytest.mark.parametrize("crs", ['LOCAL_CS["a",UNIT["m",1]]', "+proj=geos +h=35785831 +lon_0=180"])
def test_points_in_a_crs_that_leads_nowhere_are_refused(crs: str) -> None:
    place = replace(Swath().place(), gcp_crs=CRS.from_string(crs))
    points = tuple(GroundControlPoint(p.row, p.col, p.x * 1e7, p.y * 1e7) for p in place.gcps)
    with pytest.raises(SceneError, match="has a CRS that cannot be placed on Earth"):
        check_crs(replace(place, gcps=points), "a.tif")


@pytest.mark.parametrize("name", ["line_scale", "lat_scale", "samp_off"])
def test_polynomials_that_lead_nowhere_are_refused(name: str) -> None:
    model = sensor_model()
    setattr(model, name, float("nan"))
    with pytest.raises(SceneError, match="has a sensor model that cannot be placed on Earth"):
        check_crs(model_place(model), "a.tif")


def test_polynomials_that_are_none_are_refused(tmp_path: Path) -> None:
    path = write_scene(tmp_path / "a.tif", noise(1, 8, 8), crs=None)
    fields = sensor_model().to_gdal() | {"LINE_NUM_COEFF": "1 2 three"}
    items = "".join(f'<MDI key="{key}">{value}</MDI>' for key, value in fields.items())
    (tmp_path / "a.tif.aux.xml").write_text(
        f'<PAMDataset><Metadata domain="RPC">{items}</Metadata></PAMDataset>'
    )
    with rasterio.open(path) as dataset, pytest.raises(SceneError, match="cannot be read"):
        place_of(dataset)


def test_degrees_beyond_a_pole_are_put_on_it_or_are_nowhere() -> None:
    place = Place(height_px=3, width_px=4, crs=LONLAT, transform=Affine(1, 0, 0, 0, -1, 90.5))
    _, lat = place.lonlat(np.zeros(2), np.array([0.0, 1]))
    assert lat.tolist() == [90, 89.5]
    metres = replace(place, transform=Affine(10, 0, 600_000, 0, -10, 4_200_000))
    with pytest.raises(SceneError, match="None of its points is on Earth"):
        check_crs(metres, "a.tif")


def test_these_swaths_are_where_these_tests_think_they_are() -> None:
    lon, lat = SWATHS["date line"].lonlat(np.array([0.0, 500]), np.array([350.0, 350]))
    assert lon[0] > 179.5
    assert lon[1] < -179.5
    _, lat = SWATHS["north pole"].lonlat(*some_pixels(SWATHS["north pole"].place(), 5000))
    assert lat.max() > 89.99
    straight = np.array(warp_points(LONLAT, CRS.from_epsg(32635), *Swath().lonlat(
        np.array([250.0, 250, 250]), np.array([0.0, 350, 700])
    )))  # fmt: skip
    assert np.abs(straight[:, 0] + straight[:, 2] - 2 * straight[:, 1]).max() > 20 * 100
