"""What label values mean, and label rasters that fit or do not."""

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from affine import Affine
from builders.scenes import TRANSFORM, write_scene

from edgers.calibration.label_raster import LabelRaster
from edgers.calibration.labels import LabelScheme, scheme_by_classes, scheme_from_words
from edgers.calibration.metrics.segmentation import NOTHING
from edgers.contract import ModelClass, ModelOutput
from edgers.errors import BadInputError, SceneError
from edgers.scene.open import open_raster
from edgers.scene.place import Place, place_of

OUTPUT = ModelOutput(
    name="y", task="semantic-segmentation", shape=(-1, 3, -1, -1),
    dim_order=("batch", "class", "height", "width"), data_type="float32",
    classes=tuple(
        ModelClass(value=value, name=name, colour="000000")
        for value, name in ((0, "land"), (1, "water"), (7, "cloud"))
    ),
)  # fmt: skip
PLAIN = scheme_by_classes(OUTPUT)


def test_without_words_labels_are_class_values() -> None:
    assert PLAIN.names == ("land", "water", "cloud")
    assert PLAIN.positions == {0: 0, 1: 1, 7: 2}
    classes = np.array([[0, 7, 255, 1]], np.uint8)
    assert PLAIN.group_of_classes(classes).tolist() == [[0, 2, NOTHING, 1]]


def test_classes_that_the_product_does_not_show_are_no_truth() -> None:
    scheme = scheme_by_classes(replace(OUTPUT, ignore=(7,)))
    assert scheme.names == ("land", "water")
    assert scheme.positions == {0: 0, 1: 1, 7: NOTHING}


def test_classes_that_labels_do_not_tell_apart_are_one_group() -> None:
    scheme = scheme_from_words(("0=cloud+land", "1=water", "-1=ignore"), OUTPUT)
    assert scheme.names == ("land+cloud", "water")
    assert scheme.positions == {0: 0, 1: 1, -1: NOTHING}
    classes = np.array([[0, 7, 255, 1]], np.uint8)
    assert scheme.group_of_classes(classes).tolist() == [[0, 0, NOTHING, 1]]


def test_what_is_not_named_is_as_in_the_class_map() -> None:
    scheme = scheme_from_words(("-1=ignore", "10=water"), OUTPUT)
    # 1 meant water, which is 10 now: it means nothing any more.
    assert scheme.positions == {0: 0, 7: 2, 10: 1, -1: NOTHING}


def test_a_class_without_labels_is_a_group_of_its_own() -> None:
    scheme = scheme_from_words(("0=land", "1=water", "7=ignore"), OUTPUT)
    assert scheme.names == ("land", "water", "cloud")
    assert scheme.positions[7] == NOTHING


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["water"], "cannot be read"),
        (["1="], "cannot be read"),
        (["x=water"], "cannot be read"),
        (["1=sea"], "no class 'sea'"),
        (["1=water+sea"], "no class 'sea'"),
        (["0=land+cloud", "2=cloud"], "two groups"),
        (["0=land", "0=water"], "named twice"),
    ],
)
def test_words_that_do_not_fit_are_refused(words: list[str], told: str) -> None:
    with pytest.raises(BadInputError, match=told):
        scheme_from_words(words, OUTPUT)


def raster(folder: Path, values: Any, **how: Any) -> Path:
    return write_scene(folder / "label.tif", np.asarray(values)[np.newaxis], **how)


def place_like(path: Path) -> Place:
    with open_raster(path) as dataset:
        return place_of(dataset)


def read(path: Path, scheme: LabelScheme = PLAIN, place: Place | None = None) -> list[Any]:
    with LabelRaster(path, scheme, place or place_like(path)) as label:
        label.check()
        found: list[Any] = label.read(0, 0, *label.shape).tolist()
        return found


def test_nodata_and_what_is_ignored_are_no_truth(tmp_path: Path) -> None:
    path = raster(tmp_path, np.array([[0, 1], [7, 255]], np.uint8), nodata=255)
    assert read(path) == [[0, 1], [2, NOTHING]]
    path = raster(tmp_path, np.array([[0, 1], [-1, 7]], np.int16))
    assert read(path, scheme_from_words(["-1=ignore"], OUTPUT)) == [[0, 1], [NOTHING, 2]]
    path = raster(tmp_path, np.array([[0, 1], [np.nan, 7]], np.float32))
    assert read(path) == [[0, 1], [NOTHING, 2]]


def test_nodata_that_is_a_class_value_is_no_truth_unless_it_is_named(tmp_path: Path) -> None:
    path = raster(tmp_path, np.array([[0, 1]], np.uint8), nodata=0)
    assert read(path) == [[NOTHING, 1]]
    assert read(path, scheme_from_words(["0=land"], OUTPUT)) == [[0, 1]]


@pytest.mark.parametrize("value", [3, 0.5, -9999])
def test_a_value_that_means_nothing_is_refused_and_can_be_named(
    tmp_path: Path, value: float
) -> None:
    path = raster(tmp_path, np.array([[0, value]], np.float32))
    with pytest.raises(SceneError, match=rf"--label {value:g}=CLASS.*--label {value:g}=ignore"):
        read(path)


def test_labels_without_any_truth_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SceneError, match="no truth"):
        read(raster(tmp_path, np.full((2, 2), 255, np.uint8), nodata=255))


def test_labels_of_several_bands_are_refused(tmp_path: Path) -> None:
    path = write_scene(tmp_path / "label.tif", np.zeros((3, 4, 4), np.uint8))
    with pytest.raises(SceneError, match="3 bands"):
        read(path)


@pytest.mark.parametrize(
    ("how", "told"),
    [
        ({"transform": TRANSFORM @ Affine.translation(1, 0)}, "begins at 600010"),
        ({"transform": TRANSFORM @ Affine.scale(2)}, "pixels of 20"),
        ({"crs": "EPSG:32631"}, "CRS is EPSG:32631"),
        ({"crs": None}, "CRS is none"),
    ],
)
def test_labels_on_another_grid_are_refused(tmp_path: Path, how: dict[str, Any], told: str) -> None:
    scene = write_scene(tmp_path / "scene.tif", np.zeros((1, 4, 6), np.uint8))
    with pytest.raises(SceneError, match=told):
        read(raster(tmp_path, np.zeros((4, 6), np.uint8), **how), place=place_like(scene))


def test_labels_of_another_size_are_refused(tmp_path: Path) -> None:
    scene = write_scene(tmp_path / "scene.tif", np.zeros((1, 4, 6), np.uint8))
    with pytest.raises(SceneError, match="has 5 × 4 px, the product 6 × 4"):
        read(raster(tmp_path, np.zeros((4, 5), np.uint8)), place=place_like(scene))


def test_damaged_labels_are_told(tmp_path: Path) -> None:
    path = raster(tmp_path, np.zeros((64, 64), np.uint8), compress="deflate")
    place = place_like(path)
    whole = path.read_bytes()
    cut = shutil.copy(path, tmp_path / "cut.tif")
    data = bytearray(whole)
    # The stream of samples lies at the end of so small a file.
    start = whole.index(b"\x78", 300) if b"\x78" in whole[300:] else len(whole) - 8
    data[start : start + 8] = b"\xff" * 8
    Path(cut).write_bytes(bytes(data))
    with pytest.raises(SceneError, match="damaged"):
        read(Path(cut), place=place)
