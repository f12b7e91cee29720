"""Time series: dates found, put in order, on one grid."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from affine import Affine
from builders.scenes import TRANSFORM, noise, write_scene
from builders.stacks import OPTICAL, image, series_document

from edgers.contract import contract_from_document
from edgers.errors import BandError, SceneError
from edgers.scene.open import environment
from edgers.scene.scene import Scene, StackWindow

SIDE = 30
NAMES = ("a_20200301", "b_20190501T101010", "c_2020-02-29")
TIMES = ("2019-05-01T10:10:10Z", "2020-02-29T00:00:00Z", "2020-03-01T00:00:00Z")


def opened(*paths: Path, dates: int = -1, **fields: Any) -> Scene:
    inputs = contract_from_document(series_document(dates, **fields)).inputs
    return Scene({"x": paths}, inputs, {})


def whole(scene: Scene) -> StackWindow:
    with environment():
        return scene.read(0, 0, scene.height_px, scene.width_px)


def write(folder: Path, *names: str, **fields: Any) -> list[Path]:
    return [image(folder, name, OPTICAL, SIDE, **fields) for name in names]


def test_files_in_a_folder_are_dates_in_order(tmp_path: Path) -> None:
    late, early, middle = write(tmp_path, *NAMES)
    with opened(tmp_path) as scene:
        window = whole(scene)
        assert scene.dates == {"x": TIMES}
        assert scene.time == (TIMES[-1], "last of a series")
        assert scene.files == [early, middle, late]
        assert scene.listing == {"x": [[early.name], [middle.name], [late.name]]}
        assert scene.name == tmp_path.name
    for samples, path in zip(window.inputs["x"].samples, (early, middle, late), strict=True):
        with rasterio.open(path) as dataset:
            assert np.array_equal(samples, dataset.read())
    assert np.array_equal(window.main.samples, window.inputs["x"].samples[-1])


def test_paths_are_put_in_order_whatever_theirs(tmp_path: Path) -> None:
    paths = write(tmp_path, *NAMES)
    with opened(*paths) as one, opened(*reversed(paths), dates=3) as other:
        assert one.files == other.files
        assert np.array_equal(whole(one).inputs["x"].samples, whole(other).inputs["x"].samples)


def test_bands_of_one_date_may_be_in_files_of_their_own(tmp_path: Path) -> None:
    for day in ("20200301", "20200402"):
        for band in OPTICAL:
            write_scene(tmp_path / f"T30_{day}_{band}.tif", noise(1, SIDE, SIDE))
    with opened(tmp_path) as scene:
        assert scene.dates["x"] == ("2020-03-01T00:00:00Z", "2020-04-02T00:00:00Z")
        assert [len(names) for names in scene.listing["x"]] == [3, 3]


def test_a_folder_a_date_may_bear_the_date(tmp_path: Path) -> None:
    for day in ("2020-04-02", "2020-03-01"):
        for band in OPTICAL:
            folder = tmp_path / day / "bands"
            folder.mkdir(parents=True, exist_ok=True)
            write_scene(folder / f"{band}.tif", noise(1, SIDE, SIDE))
    with opened(tmp_path) as scene:
        assert scene.dates["x"] == ("2020-03-01T00:00:00Z", "2020-04-02T00:00:00Z")
    with opened(tmp_path / "2020-04-02", tmp_path / "2020-03-01") as scene:
        assert scene.dates["x"] == ("2020-03-01T00:00:00Z", "2020-04-02T00:00:00Z")


def test_tags_come_before_names(tmp_path: Path) -> None:
    paths = write(tmp_path, *NAMES)
    with rasterio.open(paths[1], "r+") as dataset:
        dataset.update_tags(ACQUISITIONDATETIME="2021-01-01T00:00:00Z")
    with opened(tmp_path) as scene:
        assert scene.files[-1] == paths[1]


def test_dates_on_other_grids_are_warped_onto_that_of_the_first(tmp_path: Path) -> None:
    write(tmp_path, "a_20200101")
    shifted = TRANSFORM @ Affine.translation(4, 3)
    late = write(tmp_path, "b_20200201", transform=shifted)[0]
    with opened(tmp_path) as scene:
        window = whole(scene)
        assert scene.place.transform == TRANSFORM
    with rasterio.open(late) as dataset:
        wanted = dataset.read()[:, : SIDE - 3, : SIDE - 4]
    assert np.array_equal(window.inputs["x"].samples[1, :, 3:, 4:], wanted)
    assert window.inputs["x"].missing[1, :, :3].all()
    assert not window.inputs["x"].missing[0].any()


@pytest.mark.parametrize(("rule", "rows"), [("all", [7]), ("any", [5, 6, 7])])
def test_a_pixel_is_nodata_at_all_dates_or_at_any(
    tmp_path: Path, rule: str, rows: list[int]
) -> None:
    for name, row in (("a_20200101", 5), ("b_20200201", 6)):
        samples = noise(3, SIDE, SIDE)
        samples[:, [row, 7]] = 0
        image(tmp_path, name, OPTICAL, samples=samples, nodata=0)
    with opened(tmp_path, **{"edgers:nodata": {"pixel": rule}}) as scene:
        window = whole(scene)
    assert np.flatnonzero(window.nodata.any(axis=1)).tolist() == rows


def test_types_of_dates_are_joined(tmp_path: Path) -> None:
    image(tmp_path, "a_20200101", OPTICAL, samples=noise(3, SIDE, SIDE, "uint16"))
    image(tmp_path, "b_20200201", OPTICAL, samples=noise(3, SIDE, SIDE, "int16"))
    with opened(tmp_path) as scene:
        assert whole(scene).inputs["x"].samples.dtype == np.int32


def test_another_number_of_dates_is_refused(tmp_path: Path) -> None:
    write(tmp_path, *NAMES)
    with pytest.raises(SceneError, match="another number of dates") as caught:
        opened(tmp_path, dates=4)
    assert f"It has 3: {', '.join(TIMES)}" in str(caught.value)


def test_a_file_without_a_date_is_refused(tmp_path: Path) -> None:
    write(tmp_path, "a_20200101", "b_20209999", "c_20200101T250000")
    with pytest.raises(SceneError, match=r"b_20209999.tif does not say when it was taken"):
        opened(tmp_path)


def test_a_date_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    paths = write(tmp_path, "a_20200101", "b_2020-01-01")
    with pytest.raises(SceneError, match="has date 2020-01-01T00:00:00Z twice") as caught:
        opened(*paths)
    assert all(path.name in str(caught.value) for path in paths)
    with pytest.raises(BandError, match="has 2 bands that fit"):
        opened(tmp_path)


def test_a_path_of_two_dates_beside_others_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "two", "a_20200101", "b_20200201")
    (alone,) = write(tmp_path, "c_20200301")
    with pytest.raises(SceneError, match="holds more than one date"):
        opened(tmp_path / "two", alone)


def test_a_date_without_a_band_is_refused(tmp_path: Path) -> None:
    write(tmp_path, "a_20200101")
    image(tmp_path, "b_20200201", OPTICAL[:2], SIDE)
    with pytest.raises(BandError, match=r"b_20200201.tif has no band that fits band B04"):
        opened(tmp_path)
