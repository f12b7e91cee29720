"""Ensembles, variances, thresholds and shares: what a map of values tells beside its values."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import pytest
import rasterio
from builders.graphs import GraphBuilder
from builders.networks import closed, plain_contract
from builders.runs import edgers, run_on
from builders.scenes import noise
from PIL import Image

from edgers.errors import ContractError


def value_contract(*shape: int, axes: tuple[str, ...] = (), **output: Any) -> dict[str, Any]:
    """A contract of values; by default those of three bands."""
    document = plain_contract()
    stated = document["mlm:output"][0]
    del stated["classification:classes"]
    stated["tasks"] = ["regression"]
    stated["result"] = {
        "shape": list(shape or (-1, 3, -1, -1)),
        "dim_order": list(axes or ("batch", "channel", "height", "width")),
        "data_type": "float32",
    }
    stated.update(output)
    return document


def reals(height: int = 50, width: int = 70) -> npt.NDArray[np.float32]:
    """Three bands of 0 to 1."""
    return (noise(3, height, width) / 4000).astype(np.float32)


def read(path: Path) -> npt.NDArray[Any]:
    with rasterio.open(path) as dataset:
        found: npt.NDArray[Any] = dataset.read()
    return found


def member_net() -> onnx.ModelProto:
    """Each band is what one of three members gives, (batch, member, channel, height, width)."""
    graph = GraphBuilder()
    return closed(graph, graph.node("Unsqueeze", ["x", graph.constant([2], "int64")]), rank=5)


def two_value_net() -> onnx.ModelProto:
    """Three members, each of a value and its log-variance: the band, and minus the band."""
    graph = GraphBuilder()
    value = graph.node("Unsqueeze", ["x", graph.constant([2], "int64")])
    return closed(graph, graph.node("Concat", [value, graph.node("Neg", [value])], axis=2), rank=5)


MEMBER_AXES = ("batch", "member", "channel", "height", "width")


@pytest.mark.parametrize("blend", ["trim", "hann"])
def test_an_ensemble_gives_its_mean_and_how_far_it_is_apart(tmp_path: Path, blend: str) -> None:
    given = reals()
    given[:, 10:20, 30:40] = -1
    document = value_contract(
        -1, 3, 1, -1, -1, axes=MEMBER_AXES, **{"edgers:values": [{"name": "height", "unit": "m"}]}
    )
    options = {"overlap_px": 4} if blend == "hann" else {}
    report = run_on(
        tmp_path, given, net=member_net, document=document, scene={"nodata": -1}, tile_px=24,
        blend=blend, **options,
    )  # fmt: skip
    with rasterio.open(report.products[0]) as dataset:
        assert dataset.descriptions == ("height", "height_std")
        assert dataset.units == ("m", "m")
    mean, spread = read(report.products[0])
    gone = given[0] < 0
    assert np.array_equal(np.isnan(mean), gone)
    assert np.allclose(mean[~gone], given.mean(axis=0)[~gone], atol=1e-6)
    assert np.allclose(spread[~gone], given.std(axis=0)[~gone], atol=1e-6)


def test_members_mean_variance_is_one_deviation(tmp_path: Path) -> None:
    given = reals()
    values = [{"name": "height"}, {"name": "doubt", "gives": "log-variance"}]
    document = value_contract(-1, 3, 2, -1, -1, axes=MEMBER_AXES, **{"edgers:values": values})
    report = run_on(tmp_path, given, net=two_value_net, document=document, tile_px=24)
    mean, spread, doubt = read(report.products[0])
    assert np.allclose(mean, given.mean(axis=0), atol=1e-6)
    assert np.allclose(spread, given.std(axis=0), atol=1e-6)
    assert np.allclose(doubt, np.sqrt(np.exp(-given).mean(axis=0)), atol=1e-6)
    assert [one.name for one in report.found.values] == ["height", "height_std", "doubt"]


def test_variances_are_shown_as_standard_deviations(tmp_path: Path) -> None:
    given = reals()
    given[1, 3, 4], given[2, 5, 6] = -0.5, 150.0
    values = [
        {"name": "height"}, {"name": "a", "gives": "variance"},
        {"name": "b", "gives": "log-variance"},
    ]  # fmt: skip
    report = run_on(tmp_path, given, document=value_contract(**{"edgers:values": values}))
    found = read(report.products[0])
    assert np.isnan(found[:, 3, 4]).all()
    assert report.not_finite_px == 1
    assert np.isfinite(found[2, 5, 6])
    known = np.isfinite(found[0])
    assert np.allclose(found[1][known], np.sqrt(given[1][known]), atol=1e-6)
    assert np.allclose(found[2][known], np.exp(given[2][known] / 2), rtol=1e-5)


def test_what_reaches_a_threshold_is_a_map_of_its_own(tmp_path: Path) -> None:
    given = reals()
    given[:, 10:20, 30:40] = -1
    values = [{"name": "a"}, {"name": "score", "threshold": 0.9}, {"name": "b"}]
    document = value_contract(tasks=["anomaly-detection"], **{"edgers:values": values})
    report = run_on(tmp_path, given, document=document, scene={"nodata": -1}, tile_px=24)
    names = [path.name for path in report.products]
    assert names == [
        "scene_tiny-net.tif", "scene_tiny-net_found.tif", "scene_tiny-net.png",
        "scene_tiny-net.json",
    ]  # fmt: skip
    gone = given[0] < 0
    wanted = np.where(gone, 255, given[1] >= np.float32(0.9))
    assert np.array_equal(read(report.products[1])[0], wanted)
    area = report.found.values[1].found
    assert area is not None
    assert area.pixels == (wanted == 1).sum()
    assert area.area_km2 == pytest.approx(area.pixels * 1e-4, rel=0.01)
    assert report.found.values[0].found is None
    colours = np.asarray(Image.open(report.products[2])).reshape(-1, 3)
    assert (colours == (214, 40, 57)).all(axis=1).sum() > area.pixels
    item = json.loads(report.products[-1].read_text())
    assert item["properties"]["edgers:values"][1]["found"]["pixels"] == area.pixels


def test_shares_that_do_not_sum_up_to_one_are_counted_and_told(tmp_path: Path) -> None:
    given = reals()
    given /= given.sum(axis=0)
    given[:, :2, :5] *= 1.2
    document = value_contract(**{"edgers:sum_to_one": 0.01})
    report = run_on(tmp_path, given, document=document, tile_px=24)
    sums = report.found.sums
    assert sums is not None
    assert sums.off_px == 10
    assert (sums.least, sums.most) == (pytest.approx(1), pytest.approx(1.2, rel=1e-5))
    told = edgers("run", tmp_path / "b.edgers", tmp_path / "scene.tif", "-o", tmp_path / "again")
    assert "10 px further than 0.01 from 1" in told.out


@pytest.mark.parametrize("task", ["change-detection", "target-detection", "anomaly-detection"])
def test_tasks_that_find_pixels_give_values(tmp_path: Path, task: str) -> None:
    report = run_on(tmp_path, reals(), document=value_contract(tasks=[task]))
    assert len(report.found.values) == 3


@pytest.mark.parametrize(
    ("document", "net", "message"),
    [
        (value_contract(-1, -1, 1, -1, -1, axes=MEMBER_AXES), member_net, "Its length is stated"),
        (
            value_contract(**{"edgers:values": [{"name": str(i), "gives": "std"} for i in "abc"]}),
            None, "one of: value, variance, log-variance",
        ),
        (value_contract(**{"edgers:sum_to_one": 0}), None, "above zero"),
    ],
)  # fmt: skip
def test_a_contract_that_cannot_be_is_refused(
    tmp_path: Path, document: dict[str, Any], net: Callable[[], onnx.ModelProto] | None,
    message: str,
) -> None:  # fmt: skip
    with pytest.raises(ContractError, match=message):
        run_on(tmp_path, reals(), document=document, **({"net": net} if net else {}))
