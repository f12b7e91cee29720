"""Outputs that are an input's image again: cubes without noise, and gaps that are filled."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import pytest
import rasterio
from builders.bundles import BAND_NAMES, make_bundle
from builders.graphs import GraphBuilder
from builders.networks import band_net
from builders.runs import run_on
from builders.scenes import noise, write_scene
from builders.stacks import closed_stack, image, input_document, stack_document

from edgers.bundle import open_bundle
from edgers.errors import ContractError
from edgers.pipeline.model import load_model
from edgers.pipeline.options import RunOptions
from edgers.pipeline.report import SceneReport
from edgers.pipeline.run import run_scene

STEPS = [
    {"type": "scale", "value": [10, 100, 1000]},
    {"type": "z-score", "mean": 0.5, "stddev": [2, 4, 8]},
    {"type": "min-max", "minimum": -1, "maximum": 3},
    {"type": "offset", "value": 0.25},
]


def restoring(*inputs: dict[str, Any], **restores: Any) -> dict[str, Any]:
    """A contract whose output is the image of input `x`."""
    document = stack_document(*inputs)
    stated = document["mlm:output"][0]
    del stated["classification:classes"]
    stated["tasks"] = ["generative"]
    stated["result"]["dim_order"] = ["batch", "channel", "height", "width"]
    stated["edgers:restores"] = {"input": "x", **restores}
    return document


def read(report: SceneReport) -> npt.NDArray[Any]:
    with rasterio.open(report.products[0]) as dataset:
        found: npt.NDArray[Any] = dataset.read()
    return found


def shifted_net() -> onnx.ModelProto:
    """What comes in, with 1 added: it is seen where the network is believed."""
    graph = GraphBuilder()
    return graph.model(graph.node("Add", ["x", graph.constant(1.0)]))


def stack_net(*names: str) -> onnx.ModelProto:
    """The image `x`, with 1 added, and the sum of other inputs times nothing."""
    graph = GraphBuilder()
    found = graph.node("Add", ["x", graph.constant(1.0)], channels=3)
    for name in names:
        nothing = graph.node("Mul", [name, graph.constant(0.0)])
        found = graph.add(found, nothing)
    shapes: dict[str, list[int | str]] = {"x": ["n", 3, "h", "w"]}
    return closed_stack(graph, found, shapes | {name: ["n", 1, "h", "w"] for name in names})


@pytest.mark.parametrize("tile_px", [16, 500])
def test_values_come_back_through_the_scaling(tmp_path: Path, tile_px: int) -> None:
    given = noise(3, 40, 50)
    document = restoring(input_document("x", BAND_NAMES, **{"edgers:value_scaling": STEPS}))
    report = run_on(tmp_path, given, net=band_net, document=document, tile_px=tile_px)
    assert np.allclose(read(report), given, rtol=1e-4, atol=0.05)
    with rasterio.open(report.products[0]) as dataset:
        assert dataset.descriptions == BAND_NAMES


@pytest.mark.parametrize("kind", ["stored", "physical"])
def test_values_are_physical_whatever_the_network_takes(tmp_path: Path, kind: str) -> None:
    given = noise(3, 20, 30, "int16")
    path = write_scene(tmp_path / "scene.tif", given, names=BAND_NAMES)
    with rasterio.open(path, "r+") as dataset:
        dataset.scales, dataset.offsets = (1e-4, 2e-4, 3e-4), (0.0, 1.0, 0.0)
        dataset.units = ("reflectance",) * 3
        for i in range(3):
            dataset.update_tags(i + 1, wavelength=str(450 + 50 * i), wavelength_units="nm", fwhm=7)
    document = restoring(input_document("x", BAND_NAMES, **{"edgers:values": kind}))
    bundle = make_bundle(tmp_path, document, band_net)
    with load_model(open_bundle(bundle)) as model:
        report = run_scene(model, path, tmp_path / "out", RunOptions(tile_px=16))
    scales, offsets = np.array([1e-4, 2e-4, 3e-4]), np.array([0.0, 1, 0])
    physical = given * scales.reshape(3, 1, 1) + offsets.reshape(3, 1, 1)
    assert np.allclose(read(report), physical, rtol=1e-5)
    with rasterio.open(report.products[0]) as dataset:
        assert set(dataset.scales) == {1.0}
        assert dataset.units == ("reflectance",) * 3
        assert [dataset.tags(i)["wavelength"] for i in (1, 2, 3)] == ["450", "500", "550"]
        assert (dataset.tags(1)["fwhm"], dataset.tags(1)["wavelength_units"]) == ("7", "nanometers")


@pytest.mark.parametrize("blend", ["trim", "hann"])
def test_the_network_is_believed_only_where_the_scene_has_no_data(
    tmp_path: Path, blend: str
) -> None:
    given = noise(3, 60, 70)
    given[:, 10:30, 20:50] = 0
    given[1, 40, 5:9] = 0
    document = restoring(input_document("x", BAND_NAMES), where="nodata")
    options = {"overlap_px": 4} if blend == "hann" else {}
    report = run_on(
        tmp_path, given, net=shifted_net, document=document, scene={"nodata": 0}, tile_px=16,
        blend=blend, **options,
    )  # fmt: skip
    found, gap = read(report), given == 0
    assert np.array_equal(found[~gap], given[~gap])
    # The network sees 0 there, and adds 1.
    assert np.allclose(found[gap], 1, atol=1e-5)
    assert report.nodata_share == 0
    assert gap.sum() == 3 * 600 + 4


def test_a_gap_is_not_filled_where_the_other_input_shows_nothing_either(tmp_path: Path) -> None:
    optical = noise(3, 40, 40).astype(np.float32)
    radar = noise(1, 40, 40).astype(np.float32)
    optical[:, :20] = np.nan
    radar[:, :, :15] = np.nan
    document = restoring(
        input_document("x", BAND_NAMES), input_document("sar", ("VV",)), where="nodata"
    )
    bundle = make_bundle(tmp_path, document, lambda: stack_net("sar"))
    paths = {
        "x": [image(tmp_path, "x", BAND_NAMES, samples=optical)],
        "sar": [image(tmp_path, "sar", ("VV",), samples=radar)],
    }
    with load_model(open_bundle(bundle)) as model:
        options = RunOptions(inputs=paths, tile_px=16)
        report = run_scene(model, None, tmp_path / "out", options)
    found = read(report)
    assert np.array_equal(found[:, 20:], optical[:, 20:])
    assert np.isnan(found[:, :20, :15]).all()
    assert np.allclose(found[:, :20, 15:], 1)
    assert report.nodata_share == 20 * 15 / 1600


def test_a_mask_says_where_the_network_is_believed(tmp_path: Path) -> None:
    given = noise(3, 40, 40).astype(np.float32)
    given[:, :5] = np.nan
    mask = np.zeros((1, 40, 40), np.float32)
    mask[:, 3:20, 10:30] = 1
    counts = {"edgers:nodata": {"counts": False}}
    document = restoring(
        input_document("x", BAND_NAMES), input_document("cloud", ("mask",), **counts),
        where="cloud",
    )  # fmt: skip
    bundle = make_bundle(tmp_path, document, lambda: stack_net("cloud"))
    paths = {
        "x": [image(tmp_path, "x", BAND_NAMES, samples=given)],
        "cloud": [image(tmp_path, "cloud", ("mask",), samples=mask)],
    }
    with load_model(open_bundle(bundle)) as model:
        options = RunOptions(inputs=paths, tile_px=16)
        report = run_scene(model, None, tmp_path / "out", options)
    masked = mask[0] == 1
    wanted = np.where(masked, np.nan_to_num(given) + 1, given)
    assert np.array_equal(read(report), wanted, equal_nan=True)
    assert report.nodata_share == np.isnan(wanted[0]).mean()
    item = json.loads(report.products[-1].read_text())
    assert item["properties"]["edgers:values"][0]["pixels"] == np.isfinite(wanted[0]).sum()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"edgers:restores": {"input": "z"}}, "names 'z'"),
        ({"edgers:restores": {"input": "x", "where": "cloud"}}, "names 'cloud'"),
        ({"edgers:values": [{"name": str(i)} for i in range(3)]}, "both 'edgers:restores' and"),
        (
            {
                "result": {
                    "shape": [-1, 2, -1, -1],
                    "dim_order": ["batch", "channel", "height", "width"],
                    "data_type": "float32",
                }
            },
            "restores 3 bands and has 2",
        ),
    ],
)
def test_a_contract_that_cannot_be_is_refused(
    tmp_path: Path, change: dict[str, Any], message: str
) -> None:
    document = restoring(input_document("x", BAND_NAMES))
    document["mlm:output"][0].update(change)
    with pytest.raises(ContractError) as caught:
        make_bundle(tmp_path, document, band_net)
    assert message in f"{caught.value.what} {caught.value.seen}"


def test_a_scaling_that_cannot_be_undone_is_refused(tmp_path: Path) -> None:
    steps = [{"type": "decibel", "floor": 1e-4}]
    document = restoring(input_document("x", BAND_NAMES, **{"edgers:value_scaling": steps}))
    with pytest.raises(ContractError, match="cannot be undone"):
        make_bundle(tmp_path, document, band_net)
