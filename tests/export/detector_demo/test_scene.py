"""Rendered scenes: the same every time, and the truth lies where things were drawn."""

from functools import partial

import numpy as np
import pytest

from edgers.export.detector_demo.canvas import Canvas, Stance, coverage, rectangle
from edgers.export.detector_demo.planes import draw_plane
from edgers.export.detector_demo.scene import SceneSpec, make_scene
from edgers.export.detector_demo.ships import draw_ship
from edgers.export.detector_demo.stage import PLANE, SHIP, VEHICLE, Draw, Stage
from edgers.export.detector_demo.vehicles import draw_vehicle
from edgers.kernels.boxes import corners_from_boxes
from edgers.kernels.cpu.oriented_iou import oriented_iou


def spec(sort: str = "coast", seed: int = 3) -> SceneSpec:
    return SceneSpec(width_px=420, height_px=300, seed=seed, sort=sort)


def test_a_seed_gives_the_same_scene_and_another_gives_another() -> None:
    one, again, other = make_scene(spec()), make_scene(spec()), make_scene(spec(seed=4))
    assert np.array_equal(one.counts, again.counts)
    assert np.array_equal(one.boxes, again.boxes)
    assert not np.array_equal(one.counts, other.counts)
    with pytest.raises(ValueError, match="not one of harbour"):
        make_scene(spec("moon"))


def test_objects_lie_inside_and_never_on_each_other() -> None:
    seen = set()
    for sort in ("coast", "airfield"):
        scene = make_scene(SceneSpec(width_px=600, height_px=400, seed=15, sort=sort))
        seen |= set(scene.kinds.tolist())
        corners = corners_from_boxes(scene.boxes)
        assert corners.min() > 0
        assert (corners.max(axis=(0, 1)) < (600, 400)).all()
        overlaps = oriented_iou(scene.boxes, scene.boxes)
        np.fill_diagonal(overlaps, 0)
        assert overlaps.max() == 0
        assert scene.counts.shape == (4, 400, 600)
        assert scene.counts.min() >= 1
    assert seen == {SHIP, PLANE, VEHICLE}


@pytest.mark.parametrize(
    ("draw", "length", "width"),
    [
        (partial(draw_ship, moves=False), 12, 4), (partial(draw_ship, moves=False), 50, 10),
        (draw_plane, 11, 10.5), (draw_plane, 30, 28), (draw_vehicle, 4.5, 1.9),
        (draw_vehicle, 12, 2.5),
    ],
)  # fmt: skip
@pytest.mark.parametrize("angle", [0.0, 0.6, -2.2])
def test_a_box_holds_what_was_drawn_and_no_more(
    draw: Draw, length: float, width: float, angle: float
) -> None:
    image = np.full((4, 240, 260), -1, np.float32)
    stance = Stance(x=130.3, y=118.6, angle=angle, px_per_m=1 / 0.3)
    draw(Canvas(image, (0, 0)), stance, length, width, np.random.default_rng(5))
    # Without a sun shadows stay below; what is half covered counts.
    rows, columns = np.nonzero((image > -0.55).all(axis=0))
    x, y = columns + 0.5 - 130.3, rows + 0.5 - 118.6
    along = x * np.cos(angle) + y * np.sin(angle)
    across = -x * np.sin(angle) + y * np.cos(angle)
    half = np.array([length, width]) / 0.6
    reach = np.array([[along.min(), along.max()], [across.min(), across.max()]])
    # The middles of the outermost pixels lie half a pixel inside, tips taper.
    assert reach == pytest.approx(np.stack([-half, half], axis=1), abs=2.6)
    assert (abs(reach) <= half[:, None] + 0.75).all()


def test_coverage_is_the_area() -> None:
    stance = Stance(x=20.2, y=17.9, angle=0.4, px_per_m=2.0)
    seen = coverage(stance.px(rectangle(9, 5)), (40, 40))
    assert seen is not None
    assert seen[1].sum() == pytest.approx(9 * 5 * 4, rel=0.01)
    assert coverage(stance.px(rectangle(9, 5)) + 100, (40, 40)) is None


def test_nothing_is_put_where_it_could_not_be_seen_whole() -> None:
    shape = (100, 100)
    stage = Stage(
        canvas=Canvas(np.zeros((4, *shape), np.float32), (0, 0)),
        world=Stance(x=50, y=50, angle=0, px_per_m=2), random=np.random.default_rng(0),
        shore_m=0, water=np.broadcast_to(np.arange(100)[:, None] < 50, shape),
        hidden=np.broadcast_to(np.arange(100) < 20, shape), taken=np.zeros(shape, bool),
    )  # fmt: skip

    def put(x: float, y: float) -> bool:
        at = Stance(x=x, y=y, angle=0, px_per_m=2)
        return stage.put(SHIP, at, 10, 3, partial(draw_ship, moves=False), afloat=True)

    assert put(50, 30)
    assert not put(52, 33)  # on the first
    assert not put(95, 30)  # beyond the edge
    assert not put(25, 30)  # below a cloud
    assert not put(50, 50)  # half ashore
    assert put(50, 40)
    assert len(stage.things) == len(stage.kinds) == 2
