"""What the numbers of a detector mean, in each form in which networks write them down."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from edgers.contract import ModelOutput
from edgers.contract.fields import Fields
from edgers.contract.model import ModelClass
from edgers.contract.read_boxes import check_box_tensors, read_boxes
from edgers.errors import ContractError
from edgers.kernels.boxes import boxes_from_corners
from edgers.tasks.boxes import BoxBlock, BoxDecoder
from edgers.tasks.kinds import is_mixable, kind_of

SHAPE = (64, 96)
CLASSES = tuple(ModelClass(value=i, name=f"c{i}", colour="FFFFFF") for i in range(3))


def output(
    axes: tuple[str, ...], boxes: dict[str, Any] | None = None, name: str = "y", kinds: int = 3
) -> ModelOutput:
    return ModelOutput(
        name=name, task="object-detection", shape=(-1,) * len(axes), dim_order=axes,
        data_type="float32", classes=CLASSES[:kinds],
        boxes=None if boxes is None else read_boxes(Fields(boxes, "mlm:output[0].edgers:boxes")),
    )  # fmt: skip


def decoded(one: ModelOutput, tensor: npt.ArrayLike, **others: npt.ArrayLike) -> BoxBlock:
    more = [output(("box",), name=name) for name in others]
    tensors = {"y": np.asarray(tensor, np.float32)}
    tensors |= {name: np.asarray(value) for name, value in others.items()}
    return BoxDecoder([one, *more]).decode(tensors, SHAPE)


def told(block: BoxBlock) -> list[tuple[list[float], float, int]]:
    """Give left, top, right and bottom, score and class of each object."""
    found = []
    for piece in block.pieces:
        low, high = piece["corners"].min(axis=0), piece["corners"].max(axis=0)
        found.append((
            [round(float(v), 4) for v in (*low, *high)], round(float(piece["score"]), 4),
            int(piece["kind"]),
        ))  # fmt: skip
    return found


def logit(share: float) -> float:
    return float(np.log(share / (1 - share)))


def test_scores_a_class_with_numbers_before_boxes() -> None:
    # As YOLOv8 gives them: (batch, 4 + classes, box).
    rows = [[20, 30, 10, 8, 0.1, 0.9, 0.2], [50, 30, 10, 8, 0.6, 0.1, 0.2], [5, 5, 2, 2, 0, 0, 0.1]]
    head = output(("batch", "channel", "box"), {"format": "cxcywh", "columns": ["box", "scores"]})
    assert told(decoded(head, np.array(rows).T[None])) == [
        ([15, 26, 25, 34], 0.9, 1), ([45, 26, 55, 34], 0.6, 0)
    ]  # fmt: skip


def test_an_angle_after_the_scores() -> None:
    # As YOLOv8-OBB gives them.
    head = output(
        ("batch", "channel", "box"), {"format": "cxcywh", "columns": ["box", "scores", "angle"]}
    )
    row = [30, 30, 20, 6, 0.1, 0.9, 0.2, 0.5]
    block = decoded(head, np.array([row]).T[None])
    assert boxes_from_corners(block.pieces["corners"])[0] == pytest.approx([30, 30, 20, 6, 0.5])


@pytest.mark.parametrize("angle", [-1.5, -0.4, 0.0, 0.7, 1.5])
@pytest.mark.parametrize("sense", ["clockwise", "counter-clockwise"])
def test_a_direction_on_a_map_of_cells(angle: float, sense: str) -> None:
    # The same twice as far round, and longer than 1 as a network may have it.
    fields = {
        "format": "cxcywh", "columns": ["box", "direction", "score"], "offsets": "exp",
        "levels": [{"stride": 32}], "turning": sense,
    }  # fmt: skip
    turn = angle if sense == "clockwise" else -angle
    cells = np.zeros((1, 7, 2, 3))
    cells[0, :, 1, 2] = [
        0.25,
        0.5,
        np.log(1.25),
        np.log(0.5),
        1.7 * np.cos(2 * turn),
        1.7 * np.sin(2 * turn),
        0.9,
    ]
    block = decoded(output(("batch", "channel", "height", "width"), fields, kinds=1), cells)
    found = boxes_from_corners(block.pieces["corners"])
    assert found == pytest.approx(np.array([[72, 48, 40, 16, angle]]), abs=1e-4)


@pytest.mark.parametrize(
    ("fields", "angle"),
    [
        ({}, 0.5),
        ({"turning": "counter-clockwise"}, -0.5),
        ({"angle_unit": "degrees"}, np.deg2rad(28.0)),
    ],
)
def test_units_and_senses_of_angles(fields: dict[str, Any], angle: float) -> None:
    head = output(
        ("box", "channel"), {"format": "cxcywha", "columns": ["box", "score"], **fields}, kinds=1
    )
    stated = 28.0 if "angle_unit" in fields else 0.5
    found = boxes_from_corners(decoded(head, [[30, 30, 20, 6, stated, 0.7]]).pieces["corners"])
    assert found[0] == pytest.approx([30, 30, 20, 6, angle], abs=1e-5)


def test_objectness_times_class_through_sigmoids() -> None:
    # As YOLOv5 gives them: (batch, box, 5 + classes).
    row = [20, 30, 10, 8, logit(0.8), logit(0.1), logit(0.9), logit(0.2)]
    head = output(
        ("batch", "box", "channel"),
        {"format": "cxcywh", "columns": ["box", "objectness", "scores"], "activation": "sigmoid"},
    )
    assert told(decoded(head, [[row]])) == [([15, 26, 25, 34], 0.72, 1)]


def test_suppressed_in_the_graph() -> None:
    rows = [[0, 10, 20, 40, 60, 2, 0.4], [0, 10, 20, 41, 61, 2, 0.9], [0, 1, 2, 3, 4, 0, 0.1]]
    head = output(
        ("box", "channel"),
        {"format": "xyxy", "columns": ["image", "box", "class", "score"], "suppression": "none"},
    )
    assert told(decoded(head, rows)) == [
        ([10, 20, 41, 61], 0.9, 2), ([10, 20, 40, 60], 0.4, 2)
    ]  # fmt: skip


def test_boxes_scores_and_classes_in_tensors_of_their_own() -> None:
    # As torchvision gives them; class 0 is the background.
    head = output(
        ("box", "channel"),
        {
            "format": "xyxy", "columns": ["box"], "suppression": "none", "first_class": 1,
            "tensors": {"score": "s", "class": "k"},
        },
    )  # fmt: skip
    boxes = [[1, 2, 5, 6], [10, 20, 30, 40]]
    block = decoded(head, boxes, s=np.float32([0.3, 0.8]), k=np.array([3, 1], np.int64))
    assert told(block) == [([10, 20, 30, 40], 0.8, 0), ([1, 2, 5, 6], 0.3, 2)]
    assert told(decoded(head, boxes, s=np.float32([0.3, 0.8]), k=np.array([0, 4]))) == []
    with pytest.raises(ContractError, match="3 rows for 2 boxes"):
        decoded(head, boxes, s=np.float32([0.3, 0.8, 0.1]), k=np.array([3, 1]))


def test_shares_of_the_window_and_least_corners() -> None:
    head = output(
        ("box", "channel"),
        {"format": "xywh", "columns": ["box", "score"], "coordinates": "normalised"}, kinds=1,
    )  # fmt: skip
    assert told(decoded(head, [[0.25, 0.5, 0.5, 0.25, 0.9]])) == [([24, 32, 72, 48], 0.9, 0)]


def test_four_corners_become_the_smallest_rectangle_around_them() -> None:
    head = output(("box", "channel"), {"format": "polygon", "columns": ["box", "score"]}, kinds=1)
    block = decoded(head, [[10, 10, 30, 10, 29, 20, 11, 20, 0.9]])
    assert told(block) == [([10, 10, 30, 20], 0.9, 0)]


def test_softmax_with_a_background_first() -> None:
    head = output(
        ("box", "channel"),
        {
            "format": "xyxy", "columns": ["box", "scores"], "activation": "softmax",
            "first_class": 1,
        },
    )  # fmt: skip
    scores = np.log([[0.1, 0.2, 0.6, 0.1], [0.9, 0.05, 0.03, 0.02]])
    block = decoded(head, np.column_stack([[[1, 2, 5, 6], [10, 20, 30, 40]], scores]))
    assert told(block) == [([1, 2, 5, 6], 0.6, 1)]


@pytest.mark.parametrize(("rule", "count"), [("class", 2), ("all", 1), ("none", 3)])
def test_what_is_suppressed(rule: str, count: int) -> None:
    rows = [[10, 10, 30, 30, 0, 0.9], [10, 10, 31, 30, 0, 0.8], [10, 10, 30, 31, 1, 0.7]]
    fields = {"format": "xyxy", "columns": ["box", "class", "score"], "suppression": rule}
    assert len(decoded(output(("box", "channel"), fields), rows).pieces) == count
    fields["most"] = 1
    assert told(decoded(output(("box", "channel"), fields), rows))[0][1] == pytest.approx(0.9)


LEVELS: list[dict[str, Any]] = [{"stride": 16}, {"stride": 32}]
CELLS = (4 * 6, 2 * 3)


def test_distances_from_cells_of_two_levels() -> None:
    head = output(
        ("batch", "box", "channel"),
        {"format": "cxcywh", "columns": ["box", "score"], "offsets": "ltrb", "levels": LEVELS},
        kinds=1,
    )
    rows = np.zeros((1, sum(CELLS), 5))
    # Column 2 of row 1 of the first level; column 1 of row 1 of the second.
    rows[0, 1 * 6 + 2] = [0.5, 0.25, 1.0, 0.75, 0.9]
    rows[0, CELLS[0] + 1 * 3 + 1] = [0.5, 0.5, 0.5, 0.5, 0.8]
    x, y = 2.5 * 16, 1.5 * 16
    assert told(decoded(head, rows)) == [
        ([x - 8, y - 4, x + 16, y + 12], 0.9, 0), ([32, 32, 64, 64], 0.8, 0)
    ]  # fmt: skip
    with pytest.raises(ContractError, match="29 boxes"):
        decoded(head, rows[:, 1:])


def test_places_in_cells_and_logarithms_of_sizes() -> None:
    fields = {"format": "cxcywh", "columns": ["box", "score"], "offsets": "exp", "levels": LEVELS}
    rows = np.zeros((1, sum(CELLS), 5))
    rows[0, 6 + 2] = [0.5, 0.25, np.log(2), np.log(0.5), 0.9]
    block = decoded(output(("batch", "box", "channel"), fields, kinds=1), rows)
    assert told(block) == [([2.5 * 16 - 16, 20 - 4, 2.5 * 16 + 16, 20 + 4], 0.9, 0)]


def test_anchors_on_maps_of_two_levels() -> None:
    levels = [
        {"stride": 16, "anchors": [[10, 20], [30, 15]], "output": "y"},
        {"stride": 32, "anchors": [[50, 40]], "output": "z"},
    ]
    head = {
        "format": "cxcywh", "columns": ["box", "objectness", "scores"], "offsets": "sigmoid",
        "activation": "sigmoid", "levels": levels,
    }  # fmt: skip
    axes = ("batch", "channel", "height", "width")
    outputs = [output(axes, head, kinds=2), output(axes, name="z")]
    maps = {"y": np.full((1, 2 * 7, 4, 6), -9.0), "z": np.full((1, 7, 2, 3), -9.0)}
    # The second anchor of a cell: numbers 7 to 13.
    maps["y"][0, 7:, 1, 2] = [0, 0, 0, 0, 9, -9, 9]
    maps["z"][0, :, 0, 1] = [logit(0.25), logit(0.5), logit(0.75), 0, 9, 9, -9]
    found = told(BoxDecoder(outputs).decode(maps, SHAPE))
    assert [(box, kind) for box, _, kind in found] == [
        ([2.5 * 16 - 15, 24 - 7.5, 2.5 * 16 + 15, 24 + 7.5], 1),
        ([32 - 56.25, 16 - 20, 32 + 56.25, 16 + 20], 0),
    ]


def test_boxes_that_are_none_are_left_out() -> None:
    head = output(("box", "channel"), {"format": "xyxy", "columns": ["box", "score"]}, kinds=1)
    rows = [
        [10, 10, 5, 20, 0.9], [10, 10, 10, 20, 0.9], [np.nan, 1, 2, 3, 0.9], [1, 1, 9, 9, np.nan],
        [0, 0, np.inf, 9, 0.9], [1, 2, 3, 4, 0.5],
    ]  # fmt: skip
    block = decoded(head, rows)
    assert told(block) == [([1, 2, 3, 4], 0.5, 0)]
    assert not block.lost
    assert decoded(head, [[np.nan] * 5]).lost
    assert not decoded(head, np.empty((0, 5))).lost


def test_a_detector_is_known_by_its_boxes() -> None:
    head = output(("box", "channel"), {"format": "xyxy", "columns": ["box", "score"]})
    assert kind_of(head) == "objects"
    assert not is_mixable(head)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"format": "yolo"}, "xyxy"),
        ({"formt": 1}, "not known"),
        ({"columns": ["scores"]}, "'box' must be there"),
        ({"columns": ["box", "box", "score"]}, "twice"),
        ({"columns": ["box"]}, "Scores come either"),
        ({"columns": ["box", "class"]}, "goes with a 'score'"),
        ({"columns": ["box", "score", "scores"]}, "Scores come either"),
        ({"columns": ["box", "angle", "score"]}, "goes with 'cxcywh'"),
        ({"format": "cxcywha", "columns": ["box", "angle", "score"]}, "in the box"),
        ({"columns": ["box", "direction", "score"]}, "goes with 'cxcywh'"),
        ({"format": "cxcywh", "columns": ["box", "angle", "direction", "score"]}, "Either"),
        ({"offsets": "ltrb"}, "'cxcywh' once it is decoded"),
        ({"format": "cxcywh", "offsets": "exp"}, "grids of cells"),
        ({"format": "cxcywh", "levels": [{"stride": 8}]}, "Levels go with"),
        ({"format": "cxcywh", "offsets": "sigmoid", "levels": [{"stride": 8}]}, "needs them"),
        ({"score_threshold": 1.5}, "between 0 and 1"),
        ({"most": 0}, "at least 1"),
    ],
)
def test_what_a_contract_may_not_say(fields: dict[str, Any], words: str) -> None:
    with pytest.raises(ContractError, match=words):
        output(("box", "channel"), {"format": "xyxy", "columns": ["box", "score"], **fields})


def test_outputs_that_cannot_be_decoded_are_refused() -> None:
    fields = {"format": "xyxy", "columns": ["box", "score"]}
    with pytest.raises(ContractError, match="along 'channel'"):
        BoxDecoder([output(("box", "class"), fields)])
    with pytest.raises(ContractError, match="names no classes"):
        BoxDecoder([output(("box", "channel"), fields, kinds=0)])
    with pytest.raises(ContractError, match="6 numbers a box"):
        decoded(output(("box", "channel"), fields), np.zeros((1, 6)))
    with pytest.raises(ContractError, match="names the tensor 'z'"):
        check_box_tensors(
            [output(("box", "channel"), {**fields, "columns": ["box"], "tensors": {"score": "z"}})]
        )
