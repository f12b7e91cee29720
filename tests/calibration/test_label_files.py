"""Which label belongs to which scene."""

from pathlib import Path

import numpy as np
import pytest
from builders.calibrated import labels_like
from builders.scenes import noise, write_scene

from edgers.calibration.label_files import label_of
from edgers.errors import BadInputError


def raster(path: Path) -> Path:
    path.parent.mkdir(exist_ok=True)
    return labels_like(path, np.zeros((4, 4), np.uint8))


def test_the_same_name_wins_over_another_last_word(tmp_path: Path) -> None:
    same, other = raster(tmp_path / "labels/a_S2.tif"), raster(tmp_path / "labels/a_Label.tif")
    (tmp_path / "labels/readme.txt").write_text("no raster")
    scene = tmp_path / "a_S2.tif"
    assert label_of(scene, [tmp_path / "labels"]) == same
    assert label_of(scene, [other, same]) == same
    assert label_of(scene, [other]) == other


def test_the_last_word_may_differ_and_no_other(tmp_path: Path) -> None:
    label = raster(tmp_path / "Spain_7370579_LabelHand.tif")
    assert label_of(Path("Spain_7370579_S2Hand.tif"), [label]) == label
    assert label_of(Path("Spain_7370580_S2Hand.tif"), [label]) is None
    assert label_of(Path("plain.tif"), [raster(tmp_path / "other.tif")]) is None


def test_a_scene_is_no_label_of_its_own(tmp_path: Path) -> None:
    scene = write_scene(tmp_path / "a_S2.tif", noise(3, 4, 4))
    label = raster(tmp_path / "a_Label.tif")
    assert label_of(scene, [tmp_path]) == label
    raster(tmp_path / "a_S1.tif")
    with pytest.raises(BadInputError, match="several"):
        label_of(scene, [tmp_path])


def test_a_file_given_twice_is_one(tmp_path: Path) -> None:
    label = raster(tmp_path / "labels/a.tif")
    assert label_of(Path("a.tif"), [label, tmp_path / "labels"]) == label


def test_labels_that_are_not_there_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="not there"):
        label_of(Path("a.tif"), [tmp_path / "none"])
