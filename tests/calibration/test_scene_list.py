"""Paths stand for scenes: one each, all in a folder, or all that fit a pattern."""

from pathlib import Path

import pytest
from affine import Affine
from builders.bundles import BAND_NAMES, contract_document
from builders.scenes import noise, write_scene

from edgers.calibration.scene_list import scenes_in
from edgers.contract import contract_from_document
from edgers.errors import BadInputError, SceneError

CONTRACT = contract_from_document(contract_document())


def chips(folder: Path, *names: str) -> list[Path]:
    folder.mkdir(exist_ok=True)
    return [
        write_scene(folder / f"{name}.tif", noise(3, 16, 16, seed=i), names=BAND_NAMES)
        for i, name in enumerate(names)
    ]


def found(*paths: Path) -> list[str]:
    return [path.name for path in scenes_in(paths, CONTRACT, {})]


def test_a_file_is_a_scene_whatever_it_holds(tmp_path: Path) -> None:
    assert found(tmp_path / "b.tif", tmp_path / "a.tif") == ["b.tif", "a.tif"]


def test_a_folder_of_bands_is_one_scene(tmp_path: Path) -> None:
    folder = tmp_path / "granule"
    folder.mkdir()
    for band in BAND_NAMES:
        write_scene(folder / f"x_{band}.tif", noise(1, 16, 16), names=(band,))
    assert found(folder) == ["granule"]


def test_a_folder_of_scenes_is_all_of_them(tmp_path: Path) -> None:
    chips(tmp_path / "chips", "c", "a", "b")
    (tmp_path / "chips" / "notes.txt").write_text("no raster")
    assert found(tmp_path / "chips") == ["a.tif", "b.tif", "c.tif"]


def test_chips_of_places_far_apart_are_not_taken_for_copies_of_one(tmp_path: Path) -> None:
    """Pixels in degrees are finer in the north: the finest alone is not the scene."""
    (tmp_path / "chips").mkdir()
    for latitude in (10, 50):
        transform = Affine(1e-4, 0, 10, 0, -1e-4, latitude)
        write_scene(
            tmp_path / "chips" / f"at{latitude}.tif", noise(3, 16, 16), names=BAND_NAMES,
            crs="EPSG:4326", transform=transform,
        )  # fmt: skip
    assert found(tmp_path / "chips") == ["at10.tif", "at50.tif"]


def test_a_folder_of_folders_is_a_scene_each(tmp_path: Path) -> None:
    for name in ("two", "one"):
        (tmp_path / "all").mkdir(exist_ok=True)
        chips(tmp_path / "all" / name, "x")
    assert found(tmp_path / "all") == ["one", "two"]


def test_a_pattern_is_what_fits_it(tmp_path: Path) -> None:
    chips(tmp_path / "chips", "a_S2", "b_S2", "a_label")
    assert found(tmp_path / "chips" / "*_S2.tif") == ["a_S2.tif", "b_S2.tif"]
    with pytest.raises(BadInputError, match="no scene fits"):
        found(tmp_path / "*.jp2")


def test_what_is_no_scene_in_a_folder_of_scenes_is_told(tmp_path: Path) -> None:
    chips(tmp_path / "chips", "a", "b")
    write_scene(tmp_path / "chips" / "label.tif", noise(1, 16, 16))
    with pytest.raises(SceneError, match=r"no scene for this model: label\.tif") as caught:
        found(tmp_path / "chips")
    assert "by a pattern" in str(caught.value)


def test_a_folder_without_any_scene_tells_its_own_trouble(tmp_path: Path) -> None:
    folder = tmp_path / "granule"
    folder.mkdir()
    for band in BAND_NAMES[:2]:
        write_scene(folder / f"x_{band}.tif", noise(1, 16, 16), names=(band,))
    with pytest.raises(SceneError, match="no band that fits band B04"):
        found(folder)
    (tmp_path / "empty").mkdir()
    with pytest.raises(SceneError, match="is not a scene"):
        found(tmp_path / "empty")
