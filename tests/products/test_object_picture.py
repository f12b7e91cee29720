"""Pictures of objects: outlines where the objects are, in the colours of their classes."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from edgers.contract import ModelClass
from edgers.products.feature import Feature
from edgers.products.object_picture import write_object_picture
from edgers.products.quicklook import EMPTY, FONT_PX, LINE_PX, MARGIN_PX

CLASSES = [
    ModelClass(value=3, name="ship", colour="ff0000"),
    ModelClass(value=8, name="plane", colour="0000ff"),
]
RED, BLUE = (255, 0, 0), (0, 0, 255)
TOP = MARGIN_PX // 2 + LINE_PX


def box(left: float, top: float, right: float, bottom: float) -> np.ndarray:
    return np.array([(left, top), (right, top), (right, bottom), (left, bottom)], float)


def drawn(
    path: Path, features: Sequence[Feature], *, side: int = 400, step: float = 2.0,
    filled: bool = False,
) -> np.ndarray:  # fmt: skip
    """Give the panel with the outlines, (height, width, 3)."""
    samples = np.random.default_rng(0).uniform(80, 120, (1, side, side)).astype(np.float32)
    gone = np.zeros((side, side), bool)
    gone[:, -20:] = True
    write_object_picture(
        path, samples, gone, features, CLASSES, step=step, title="scene", nodata_share=0.05,
        filled=filled,
    )  # fmt: skip
    sheet = np.asarray(Image.open(path))
    shown = max(side, side * max(1, 320 // side))
    left = MARGIN_PX * 2 + shown
    return sheet[TOP : TOP + shown, left : left + shown]


def has(panel: np.ndarray, colour: tuple[int, int, int]) -> np.ndarray:
    found: np.ndarray = (panel == colour).all(axis=-1)
    return found


def test_a_name_without_a_value_has_its_colour(tmp_path: Path) -> None:
    named = {"class": None, "class_name": "ship"}
    panel = drawn(tmp_path / "p.png", [Feature(geometry=box(9, 9, 90, 90), properties=named)])
    assert has(panel, RED).any()


def test_outlines_lie_where_the_objects_are(tmp_path: Path) -> None:
    ship = Feature(geometry=box(100, 200, 300, 260), properties={"class": 3})
    panel = drawn(tmp_path / "p.png", [ship])
    rows, columns = np.nonzero(has(panel, RED))
    assert abs(columns.min() - 50) <= 2
    assert abs(columns.max() - 150) <= 2
    assert abs(rows.min() - 100) <= 2
    assert abs(rows.max() - 130) <= 2
    assert not has(panel[105:125, 55:145], RED).any()
    assert not has(panel, BLUE).any()


def test_each_class_has_its_colour(tmp_path: Path) -> None:
    features = [Feature(geometry=box(20, 20, 80, 80), properties={"class": value})
                for value in (3, 8)]  # fmt: skip
    assert has(drawn(tmp_path / "a.png", features[:1]), RED).any()
    assert has(drawn(tmp_path / "b.png", features[1:]), BLUE).any()
    # The later lies above the earlier.
    assert not has(drawn(tmp_path / "c.png", features), RED).any()


def test_the_smallest_object_is_seen(tmp_path: Path) -> None:
    ship = Feature(geometry=box(400, 400, 400.5, 400.5), properties={"class": 3})
    rows, columns = np.nonzero(has(drawn(tmp_path / "p.png", [ship]), RED))
    assert rows.size >= 12
    assert abs(rows.mean() - 200) < 2
    assert abs(columns.mean() - 200) < 2


def test_small_scenes_are_enlarged_and_lines_are_not(tmp_path: Path) -> None:
    ship = Feature(geometry=box(10, 10, 30, 30), properties={"class": 3})
    panel = drawn(tmp_path / "p.png", [ship], side=40, step=1)
    assert panel.shape[:2] == (320, 320)
    rows, columns = np.nonzero(has(panel, RED))
    assert abs(rows.min() - 80) <= 2
    assert abs(columns.max() - 240) <= 2
    assert not has(panel[86:234, 86:234], RED).any()


def test_pixels_without_data_are_grey_and_the_legend_counts(tmp_path: Path) -> None:
    ship = Feature(geometry=box(100, 200, 300, 260), properties={"class": 3})
    one, many = (tmp_path / name for name in ("one.png", "many.png"))
    panel = drawn(one, [ship])
    drawn(many, [ship] * 7)
    assert has(panel[:, -18:], EMPTY).all()
    first, second = (np.asarray(Image.open(path)) for path in (one, many))
    top = TOP + 400 + MARGIN_PX
    line = slice(top, top + FONT_PX + 4)
    assert (first[:top] == second[:top]).all()
    assert (first[line] != second[line]).any()
    assert (first[line.stop + 4 :] == second[line.stop + 4 :]).all()


@pytest.mark.parametrize(
    "feature",
    [
        Feature(geometry=None, properties={"class": 3}),
        Feature(geometry=box(1, 2, np.nan, 4), properties={"class": 3}),
        Feature(geometry=box(-1e9, -1e9, 1e9, 1e9), properties={"class": None}),
        Feature(geometry=box(1, 1, 100, 100), properties={}),
        Feature(geometry=box(1, 1, 100, 100), properties={"class": 77}),
    ],
)
def test_odd_features_break_no_picture(tmp_path: Path, feature: Feature) -> None:
    panel = drawn(tmp_path / "p.png", [feature])
    assert not has(panel, RED).any()


def test_of_many_classes_the_legend_lists_those_that_were_seen(tmp_path: Path) -> None:
    many = [ModelClass(value=i, name=f"class {i}", colour=f"{i:02x}00ff") for i in range(200)]
    features = [Feature(geometry=box(10, 10, 50, 50), properties={"class": i}) for i in (5, 150)]
    samples = np.zeros((1, 400, 400), np.float32)
    write_object_picture(
        tmp_path / "p.png", samples, np.zeros((400, 400), bool), features, many,
        step=1, title="scene", nodata_share=0,
    )  # fmt: skip
    sheet = np.asarray(Image.open(tmp_path / "p.png"))
    # Two classes, the rest of them, and nodata.
    assert sheet.shape[0] == 400 + 3 * MARGIN_PX + 5 * LINE_PX
    assert has(sheet[TOP + 400 :], (150, 0, 255)).any()


def test_filled_objects_are_tinted_all_over_but_not_in_their_holes(tmp_path: Path) -> None:
    lake = Feature(
        geometry=box(100, 100, 400, 400), holes=[box(200, 200, 300, 300)],
        others=[[box(500, 100, 560, 160)]], properties={"class": 8},
    )  # fmt: skip
    bare, panel = (
        drawn(tmp_path / f"{name}.png", [lake] if name else [], filled=True).astype(int)
        for name in ("", "lake")
    )
    for tinted in (np.s_[55:95, 55:195], np.s_[55:75, 255:275]):
        # The scene shows through.
        assert (panel[tinted][..., 2] > 140).all()
        assert (panel[tinted][..., :2] < 120).all()
        assert np.ptp(panel[tinted][..., 0]) > 20
    for free in (np.s_[105:145, 105:145], np.s_[55:190, 205:245], np.s_[205:, :]):
        assert np.array_equal(panel[free], bare[free])
