"""Pixels of instances, in each form in which networks give them, as a plain loop finds them."""

import itertools
import math
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from edgers.contract import ModelOutput
from edgers.contract.fields import Fields
from edgers.contract.model import ModelClass
from edgers.contract.read_boxes import read_boxes
from edgers.contract.read_masks import check_mask_tensors, read_masks
from edgers.errors import ContractError
from edgers.tasks.instances import InstanceBlock, InstanceDecoder
from edgers.tasks.kinds import is_mixable, kind_of
from edgers.tasks.pixel_runs import pixels_in

CLASSES = tuple(ModelClass(value=i, name=f"c{i}", colour="FFFFFF") for i in range(2))
Form = Literal["prototypes", "boxes", "window"]
PROTOTYPES = 3
MARGIN = 1e-5
"""Pixels this near to the threshold may fall on either side: single precision is at work."""


def outputs(
    form: Form, axes: tuple[str, ...], shape: tuple[int, ...] | None = None,
    boxes: dict[str, Any] | None = None, **masks: Any,
) -> list[ModelOutput]:  # fmt: skip
    """Give the outputs of a network whose boxes are `xyxy`, a score, a class, perhaps numbers."""
    more = ["coefficients"] if form == "prototypes" else []
    told = {
        "format": "xyxy", "columns": ["box", "score", "class", *more], "suppression": "none",
        **(boxes or {}),
    }  # fmt: skip
    counted = {"coefficients": PROTOTYPES} if more else {}
    head = {"form": form, "output": "m", **counted, **masks}
    main = ModelOutput(
        name="y", task="instance-segmentation", shape=(-1, -1), dim_order=("box", "channel"),
        data_type="float32", classes=CLASSES, boxes=read_boxes(Fields(told, "edgers:boxes")),
        masks=read_masks(Fields(head, "edgers:masks")),
    )  # fmt: skip
    pictures = ModelOutput(
        name="m", task="", shape=shape or (-1,) * len(axes), dim_order=axes, data_type="float32"
    )
    check_mask_tensors([main, pictures])
    return [main, pictures]


def flags(block: InstanceBlock, window: tuple[int, int]) -> npt.NDArray[np.bool_]:
    """Paint what was found, (instance, height, width)."""
    found = np.zeros((len(block.instances), *window), bool)
    for one, instance in zip(found, block.instances, strict=True):
        for row, begin, end in instance.runs.tolist():
            assert begin < end
            assert not one[row, begin:end].any()
            one[row, begin:end] = True
    return found


def value_at(picture: npt.NDArray[Any], y: float, x: float, *, goes_on: bool) -> float:
    """Mix the four pixels about a place; beyond the picture they go on, or are 0."""
    total = 0.0
    for row, column in itertools.product((math.floor(y), math.floor(y) + 1),
                                         (math.floor(x), math.floor(x) + 1)):  # fmt: skip
        share = (1 - abs(y - row)) * (1 - abs(x - column))
        height, width = picture.shape
        if goes_on:
            row, column = min(max(row, 0), height - 1), min(max(column, 0), width - 1)
        elif not (0 <= row < height and 0 <= column < width):
            continue
        total += share * float(picture[row, column])
    return total


@st.composite
def cases(draw: st.DrawFn) -> dict[str, Any]:
    form: Form = draw(st.sampled_from(["prototypes", "boxes", "window"]))
    window = draw(st.tuples(st.integers(3, 14), st.integers(3, 14)))
    size = draw(st.sampled_from([window, (4, 4), (5, 2), (1, 1)]))
    count = draw(st.integers(1, 3))
    place = st.floats(-4, 18, width=32) | st.integers(-2, 15).map(float)
    side = st.floats(0.25, 12, width=32) | st.integers(1, 12).map(float)
    boxes = [draw(st.tuples(place, place, side, side)) for _ in range(count)]
    return {
        "form": form, "window": window, "size": size,
        "boxes": [[x, y, x + w, y + h] for x, y, w, h in boxes],
        "kinds": [draw(st.integers(0, 1)) for _ in range(count)],
        "seed": draw(st.integers(0, 99)),
        "by_class": form != "prototypes" and draw(st.booleans()),
        "activation": draw(st.sampled_from(["sigmoid", "none"])),
        "threshold": draw(st.sampled_from([0.5, 0.25, 0.9])),
    }  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(cases())
def test_as_a_plain_loop_finds_them(case: dict[str, Any]) -> None:
    random, count = np.random.default_rng(case["seed"]), len(case["boxes"])
    form, window = case["form"], case["window"]
    is_logit, threshold = case["activation"] == "sigmoid", case["threshold"]
    if form == "prototypes":
        axes: tuple[str, ...] = ("batch", "channel", "height", "width")
        tensor = random.normal(0, 1, (1, PROTOTYPES, *case["size"])).astype(np.float32)
    else:
        axes = ("box", "class" if case["by_class"] else "channel", "height", "width")
        classes = len(CLASSES) if case["by_class"] else 1
        tensor = random.uniform(0, 1, (count, classes, *case["size"])).astype(np.float32)
        tensor = (tensor - 0.5) * 6 if is_logit else tensor
    numbers = random.normal(0, 1, (count, PROTOTYPES)).astype(np.float32)
    rows = [
        [*box, 0.9, kind, *(own if form == "prototypes" else [])]
        for box, kind, own in zip(case["boxes"], case["kinds"], numbers, strict=True)
    ]
    stated = outputs(form, axes, activation=case["activation"], threshold=threshold)
    tensors = {"y": np.array(rows, np.float32), "m": tensor}
    found = flags(InstanceDecoder(stated).decode(tensors, window), window)

    wanted, unsure = np.zeros((2, count, *window), bool)
    for i, (row, kind) in enumerate(zip(np.array(rows, np.float32), case["kinds"], strict=True)):
        left, top, right, bottom = (float(one) for one in row[:4])
        if form == "prototypes":
            picture = sum(float(a) * b.astype(float) for a, b in zip(numbers[i], tensor[0],
                                                                     strict=True))  # fmt: skip
        else:
            picture = tensor[i, kind if case["by_class"] else 0].astype(float)
        if form == "boxes" and is_logit:
            picture = 1 / (1 + np.exp(-picture))
        for y, x in itertools.product(range(window[0]), range(window[1])):
            if not (left <= x + 0.5 < right and top <= y + 0.5 < bottom):
                continue
            spans = (
                [(top, bottom), (left, right)]
                if form == "boxes" else [(0, window[0]), (0, window[1])]
            )  # fmt: skip
            places = [
                (at + 0.5 - low) / (high - low) * side - 0.5
                for at, (low, high), side in zip((y, x), spans, picture.shape, strict=True)
            ]
            value = value_at(picture, places[0], places[1], goes_on=form != "boxes")
            if form != "boxes" and is_logit:
                value = 1 / (1 + math.exp(-value))
            wanted[i, y, x] = value >= threshold
            unsure[i, y, x] = abs(value - threshold) < MARGIN
    assume(not unsure.any())
    assert np.array_equal(found, wanted[wanted.any(axis=(1, 2))])


def test_a_mask_ends_with_its_box() -> None:
    stated = outputs("window", ("box", "height", "width"), activation="none")
    tensors = {
        "y": np.array([[2, 1, 5, 4, 0.9, 1]], np.float32), "m": np.ones((1, 8, 8), np.float32)
    }  # fmt: skip
    (one,) = InstanceDecoder(stated).decode(tensors, (8, 8)).instances
    assert one.runs.tolist() == [[1, 2, 5], [2, 2, 5], [3, 2, 5]]
    assert (one.score, one.kind) == (pytest.approx(0.9), 1)


def test_boxes_that_go_take_their_masks_with_them() -> None:
    stated = outputs("window", ("box", "height", "width"), activation="none",
                     boxes={"suppression": "class"})  # fmt: skip
    rows = [[0, 0, 4, 4, 0.1, 0], [0, 0, 8, 8, 0.5, 0], [0, 0, 8, 8, 0.8, 0], [4, 4, 8, 8, 0.6, 1]]
    masks = np.zeros((4, 8, 8), np.float32)
    for i in range(4):
        masks[i, i + 4, : i + 5] = 1
    tensors = {"y": np.array(rows, np.float32), "m": masks}
    found = InstanceDecoder(stated).decode(tensors, (8, 8)).instances
    assert [one.runs.tolist() for one in found] == [[[6, 0, 7]], [[7, 4, 8]]]
    assert [one.kind for one in found] == [0, 1]


def test_a_mask_without_a_pixel_is_none_and_numbers_that_are_not_finite_are_no_pixels() -> None:
    stated = outputs("window", ("box", "height", "width"), activation="none")
    masks = np.zeros((2, 4, 4), np.float32)
    masks[1] = np.nan
    masks[1, 1, 2] = 1
    rows = np.array([[0, 0, 4, 4, 0.9, 0]] * 2, np.float32)
    found = InstanceDecoder(stated).decode({"y": rows, "m": masks}, (4, 4))
    assert [one.runs.tolist() for one in found.instances] == [[[1, 2, 3]]]
    assert not found.lost
    assert InstanceDecoder(stated).decode({"y": rows * np.nan, "m": masks}, (4, 4)).lost


def test_a_background_has_a_mask_of_its_own() -> None:
    stated = outputs("window", ("box", "class", "height", "width"), boxes={"first_class": 1},
                     activation="none")  # fmt: skip
    masks = np.zeros((1, 3, 4, 4), np.float32)
    masks[0, 0], masks[0, 2, 0, 0] = 1, 1
    rows = np.array([[0, 0, 4, 4, 0.9, 2]], np.float32)
    (one,) = InstanceDecoder(stated).decode({"y": rows, "m": masks}, (4, 4)).instances
    assert (one.kind, pixels_in(one.runs)) == (1, 1)


@pytest.mark.parametrize(
    ("form", "masks", "said"),
    [
        ("prototypes", np.ones((1, 4, 2, 2)), "has 4 prototypes"),
        ("window", np.ones((3, 1, 4, 4)), "3 masks for 2 boxes"),
        ("window", np.ones((2, 5, 4, 4)), "masks for 5 classes"),
        ("boxes", np.ones((2, 1, 0, 4)), "without pixels"),
    ],
)
def test_pictures_that_do_not_fit_are_told(
    form: Form, masks: npt.NDArray[np.float64], said: str
) -> None:
    axes = ("batch" if form == "prototypes" else "box", "channel", "height", "width")
    rows = np.ones((2, 9 if form == "prototypes" else 6), np.float32)
    rows[:, :4] = [0, 0, 4, 4]
    with pytest.raises(ContractError, match=said):
        InstanceDecoder(outputs(form, axes)).decode({"y": rows, "m": masks}, (4, 4))


def test_what_instances_are() -> None:
    (main, _) = outputs("window", ("box", "height", "width"))
    assert kind_of(main) == "instances"
    assert not is_mixable(main)
