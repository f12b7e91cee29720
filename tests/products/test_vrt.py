"""What a draft means survives into the cloud-optimized GeoTIFF made of it."""

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import rasterio
import rasterio.shutil
from affine import Affine
from rasterio.control import GroundControlPoint
from rasterio.crs import CRS
from rasterio.enums import ColorInterp
from rasterio.errors import NotGeoreferencedWarning
from rasterio.rpc import RPC

from edgers.contract import ModelClass
from edgers.kernels.reference.votes import halve
from edgers.products.cog import write_cog
from edgers.products.draft import Draft, DraftShape
from edgers.products.vrt import Meaning, write_vrt
from edgers.scene.place import Place

UTM = Affine(10, 0, 600_000, 0, -10, 4_200_000)
NOWHERE: dict[str, Any] = {"crs": None, "transform": Affine.identity()}


def place(height: int = 30, width: int = 40, **fields: Any) -> Place:
    stated = {"crs": CRS.from_epsg(32630), "transform": UTM, **fields}
    return Place(height_px=height, width_px=width, **stated)


def made(
    folder: Path, samples: npt.NDArray[Any], meaning: Meaning, where: Place | None = None
) -> Path:
    """Make a COG of samples, (band, height, width)."""
    bands, height, width = samples.shape
    shape = DraftShape(
        bands=bands, height_px=height, width_px=width, data_type=samples.dtype.name
    )  # fmt: skip
    path, there = folder / "p.tif", where or place(height, width)
    with Draft(folder / "x.raw", shape) as draft:
        draft.write(samples, 0, 0)
        write_cog(path, draft, there, meaning, continuous=samples.dtype.kind == "f")
    return path


def opened(path: Path) -> rasterio.DatasetReader:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        return rasterio.open(path)


def meaning(bands: int = 1, nodata: float = 0, **fields: Any) -> Meaning:
    return Meaning(bands=[f"b{i}" for i in range(bands)], nodata=nodata, **fields)


@pytest.mark.parametrize("kind", ["uint8", "uint16", "int16", "float32"])
@pytest.mark.parametrize("shape", [(1, 1, 1), (3, 30, 40), (5, 300, 520), (300, 2, 3)])
def test_samples_are_those_of_the_draft(
    tmp_path: Path, kind: str, shape: tuple[int, int, int]
) -> None:
    samples = np.random.default_rng(0).integers(-90, 90, shape).astype(kind)
    with opened(made(tmp_path, samples, meaning(shape[0], 77))) as dataset:
        assert set(dataset.dtypes) == {kind}
        assert np.array_equal(dataset.read(), samples)
        assert set(dataset.nodatavals) == {77.0}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["p.tif", "x.raw"]


@pytest.mark.parametrize("kind", ["uint8", "float32"])
@pytest.mark.parametrize(
    ("shape", "coarsest"),
    [((256, 256), 1), ((257, 9), 2), ((513, 512), 4), ((1025, 1023), 8), ((3, 600), 4)],
)
def test_odd_sides_are_halved_down_to_one_block(
    tmp_path: Path, kind: str, shape: tuple[int, int], coarsest: int
) -> None:
    samples = np.random.default_rng(0).integers(0, 3, (1, *shape)).astype(kind)
    path = made(tmp_path, samples, meaning(1, 77))
    with opened(path) as dataset:
        factors = [1, *dataset.overviews(1)]
    assert factors == [2**i for i in range(len(factors))]
    # GDAL rounds down where it averages, so that it may need a level less.
    assert factors[-1] in ((coarsest,) if kind == "uint8" else (coarsest, coarsest // 2))
    if len(factors) > 1:
        with rasterio.open(path, overview_level=len(factors) - 2) as dataset:
            assert max(dataset.shape) <= 256
    assert sorted(path.name for path in tmp_path.iterdir()) == ["p.tif", "x.raw"]


def test_overviews_of_classes_are_voted_on_level_by_level(tmp_path: Path) -> None:
    samples = np.random.default_rng(0).integers(0, 4, (1, 1030, 2055)).astype("uint8")
    path, wanted = made(tmp_path, samples, meaning(1, 3)), samples[0]
    for level in range(4):
        wanted = halve(wanted, 3)
        with rasterio.open(path, overview_level=level) as dataset:
            assert np.array_equal(dataset.read(1), wanted)


@pytest.mark.parametrize("nodata", [0, 255, 65_535, -9999.0, 0.1, float("nan"), -3.4e38])
def test_nodata_survives(tmp_path: Path, nodata: float) -> None:
    kind = "float32" if isinstance(nodata, float) else "uint16"
    with opened(made(tmp_path, np.ones((1, 3, 4), kind), meaning(1, nodata))) as dataset:
        wanted = float(np.float32(nodata)) if kind == "float32" else nodata
        assert dataset.nodata == pytest.approx(wanted, rel=1e-6, nan_ok=True)


@pytest.mark.parametrize(
    ("crs", "transform"),
    [
        ("EPSG:4326", Affine(1 / 3, 0, 10 / 3, 0, -1e-4, 60)),
        ("EPSG:32630", Affine(7.1, 2.3, 600_000.123456789, 2.3, -7.1, 4_200_000)),
        ("EPSG:32630", Affine(10, 0, 600_000, 0, 10, 4_200_000)),
        ("+proj=laea +lat_0=10 +lon_0=-81 +ellps=GRS80 +units=m", UTM),
    ],
    ids=["degrees", "rotated", "south up", "without a code"],
)
def test_crs_and_transform_survive(tmp_path: Path, crs: str, transform: Affine) -> None:
    where = place(crs=CRS.from_string(crs), transform=transform)
    with opened(made(tmp_path, np.ones((1, 30, 40), "uint8"), meaning(), where)) as dataset:
        assert dataset.crs == CRS.from_string(crs)
        assert dataset.transform.almost_equals(transform, precision=1e-12)


def test_a_place_that_is_nowhere_stays_nowhere(tmp_path: Path) -> None:
    where = place(**NOWHERE)
    with opened(made(tmp_path, np.ones((1, 30, 40), "uint8"), meaning(), where)) as dataset:
        assert dataset.crs is None
        assert dataset.transform.is_identity


@pytest.mark.parametrize("crs", ["EPSG:4326", "EPSG:32630"])
def test_ground_control_points_survive_with_their_crs(tmp_path: Path, crs: str) -> None:
    points = tuple(
        GroundControlPoint(row + 0.25, col, 10 + col / 300, 50 - row / 700, 12.5, id=f"p{row}{col}")
        for row in (0, 15, 30)
        for col in (0, 40)
    )
    where = place(**NOWHERE, gcps=points, gcp_crs=CRS.from_string(crs))
    with opened(made(tmp_path, np.ones((1, 30, 40), "uint8"), meaning(), where)) as dataset:
        found, found_crs = dataset.gcps
        assert dataset.crs is None
    assert found_crs == CRS.from_string(crs)
    places = [(p.row, p.col, p.x, p.y, p.z) for p in points]
    assert [(p.row, p.col, p.x, p.y, p.z) for p in found] == places


def test_rational_polynomials_survive(tmp_path: Path) -> None:
    numbers = [float(i) / 7 for i in range(20)]
    rpcs = RPC(
        height_off=100.5, height_scale=500, lat_off=45.123456789, lat_scale=0.1,
        line_den_coeff=[1.0, *numbers[1:]], line_num_coeff=numbers, line_off=15.5, line_scale=16,
        long_off=-120.25, long_scale=0.2, samp_den_coeff=[1.0, *numbers[1:]],
        samp_num_coeff=numbers[::-1], samp_off=20, samp_scale=21, err_bias=0.5, err_rand=0.25,
    )  # fmt: skip
    where = place(**NOWHERE, rpcs=rpcs)
    with opened(made(tmp_path, np.ones((1, 30, 40), "uint8"), meaning(), where)) as dataset:
        found = dataset.rpcs
    for name, value in rpcs.to_dict().items():
        assert getattr(found, name) == pytest.approx(value, rel=1e-9), name


CLASSES = (
    ModelClass(value=0, name="land & <sea>", colour="b5a886"),
    ModelClass(value=3, name="Küste “x” 'y' = z", colour="000000"),
    ModelClass(value=200, name="雪", colour="ffffff"),
)


@pytest.mark.parametrize("kind", ["uint8", "uint16"])
def test_colours_and_names_of_classes_survive(tmp_path: Path, kind: str) -> None:
    stated = meaning(1, np.iinfo(kind).max, classes=CLASSES)
    with opened(made(tmp_path, np.ones((1, 30, 40), kind), stated)) as dataset:
        assert dataset.colorinterp == (ColorInterp.palette,)
        colours, tags = dataset.colormap(1), dataset.tags(1)
    for one in CLASSES:
        assert colours[one.value] == (*bytes.fromhex(one.colour), 255)
        assert tags[f"CLASS_{one.value}"] == one.name


NAMES = ["plain", "with space", "ä ö ü", "a<b>&c", '"quoted"', "it's", "雪", "a=b:c;d", "%d %s", ""]


def test_names_of_bands_survive(tmp_path: Path) -> None:
    samples = np.ones((len(NAMES), 3, 4), "float32")
    stated = Meaning(bands=NAMES, nodata=float("nan"))
    with opened(made(tmp_path, samples, stated)) as dataset:
        assert [name or "" for name in dataset.descriptions] == NAMES
        assert ColorInterp.alpha not in dataset.colorinterp
        assert ColorInterp.red not in dataset.colorinterp


def told(folder: Path, tags: Mapping[str, str]) -> dict[str, str]:
    with opened(made(folder, np.ones((1, 3, 4), "uint8"), meaning(tags=tags))) as dataset:
        return {key: value for key, value in dataset.tags().items() if key in tags}


TAGS = {
    "EDGERS_PLAIN": "value",
    "EDGERS_XML": "<a href=\"x\">&amp; 'b' ]]></a>",
    "EDGERS_EQUALS": "a=b=c",
    "EDGERS_WORDS": "Ä “ß” 雪 🛰 é",
    "EDGERS_LINES": "one\ntwo",
    "EDGERS_TAB": "one\ttwo",
    "EDGERS_PERCENT": "%s %d %n 100 %",
    "EDGERS_PATH": "C:\\a\\b",
    "EDGERS_LONG": "x" * 20_000,
    "EDGERS_INNER_SPACES": "a   b",
}


@pytest.mark.parametrize("key", TAGS)
def test_tags_survive(tmp_path: Path, key: str) -> None:
    assert told(tmp_path, {key: TAGS[key]}) == {key: TAGS[key]}


@pytest.mark.parametrize("odd", ["\x00", "\x01", "\x0b", "\x1f", "\ud800", "\ufffe", "\uffff"])
def test_what_xml_cannot_write_becomes_a_question_mark(tmp_path: Path, odd: str) -> None:
    assert told(tmp_path, {"EDGERS_ODD": f"a{odd}b"}) == {"EDGERS_ODD": "a?b"}


def test_a_draft_is_found_in_a_folder_of_any_name(tmp_path: Path) -> None:
    folder = tmp_path / "a b & <c> ü %d 雪 '\" #?"
    folder.mkdir()
    samples = np.arange(12, dtype="uint8").reshape(1, 3, 4)
    with opened(made(folder, samples, meaning(1, 99))) as dataset:
        assert np.array_equal(dataset.read(), samples)


def test_the_description_is_read_as_the_draft_is(tmp_path: Path) -> None:
    shape = DraftShape(bands=2, height_px=3, width_px=4, data_type="int16")
    samples = np.arange(-12, 12, dtype="int16").reshape(2, 3, 4)
    with Draft(tmp_path / "x.raw", shape) as draft:
        draft.write(samples, 0, 0)
        write_vrt(tmp_path / "x.vrt", draft, place(3, 4), meaning(2))
        with opened(tmp_path / "x.vrt") as dataset:
            assert np.array_equal(dataset.read(), samples)


@pytest.mark.parametrize(("kind", "bands"), [("uint8", 1), ("float32", 4)])
def test_the_bytes_hang_on_no_thread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, bands: int
) -> None:
    random = np.random.default_rng(0)
    samples = (random.random((bands, 1100, 1300)) * 5).astype(kind)
    samples[:, 200:700, 300:900] = 1
    plain, found = rasterio.shutil.copy, []
    for threads in ("ALL_CPUS", "1", "2", "7", "ALL_CPUS"):
        folder = tmp_path / str(len(found))
        folder.mkdir()
        monkeypatch.setattr(
            rasterio.shutil, "copy",
            lambda *a, threads=threads, **k: plain(*a, **{**k, "num_threads": threads}),
        )  # fmt: skip
        found.append(made(folder, samples, meaning(bands, float("nan") if bands > 1 else 255)))
    first = found[0].read_bytes()
    assert all(path.read_bytes() == first for path in found[1:])


def test_a_half_written_file_from_before_does_no_harm(tmp_path: Path) -> None:
    samples = np.random.default_rng(0).integers(0, 9, (1, 700, 700)).astype("uint8")
    wanted = made(tmp_path, samples, meaning()).read_bytes()
    for name in ("p.tif", "p.tif.ovr", "p.tif.ovr.tmp", "p.tif.msk.ovr.tmp", "p.vrt"):
        (tmp_path / name).write_bytes(wanted[: len(wanted) // 2])
    assert made(tmp_path, samples, meaning()).read_bytes() == wanted
