"""Graphs of every shape: coarse, valid, fixed, channels last, of other types, on any scene."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import rasterio
from affine import Affine
from builders.bundles import contract_document, tiny_net
from builders.graphs import GraphBuilder
from builders.networks import (
    band_net,
    cast_net,
    channels_last_contract,
    channels_last_net,
    fixed_net,
    patch_net,
    plain_contract,
    unet,
    valid_net,
)
from builders.runs import Net, largest_band, read_product, run_on
from builders.scenes import TRANSFORM, noise
from onnx import TensorProto

from edgers.engines import ENGINES
from edgers.errors import TilingError
from edgers.pipeline.report import SceneReport


def transform_of(report: SceneReport) -> Affine:
    with rasterio.open(report.products[0]) as dataset:
        transform: Affine = dataset.transform
    return transform


def untiled(net: Net, samples: Any) -> Any:
    """Give the class map of one run over the whole scene, scaled as `contract_document` says."""
    engine = ENGINES["onnxruntime"](net().SerializeToString())
    scaled = (samples[np.newaxis].astype(np.float32) - 2000) / 1000
    return engine.infer({"x": scaled})["y"][0].argmax(axis=0)


@pytest.mark.parametrize("shape", [(96, 128), (98, 131), (4, 4), (7, 200)])
def test_patches_give_a_coarser_map_in_their_place(tmp_path: Path, shape: tuple[int, int]) -> None:
    samples = noise(3, *shape)
    report = run_on(tmp_path, samples, net=patch_net, tile_px=48, probabilities=True)
    found = read_product(report)
    height, width = shape[0] // 4, shape[1] // 4
    cut = samples[:, : 4 * height, : 4 * width].astype(np.float32)
    means = cut.reshape(3, height, 4, width, 4).mean(axis=(2, 4))
    assert found.shape == (height, width)
    assert np.array_equal(found, largest_band(means))
    assert transform_of(report) == TRANSFORM @ Affine.scale(4)
    assert read_product(report, 1).shape == (3, height, width)


@pytest.mark.parametrize("shape", [(3, 48), (2, 2), (1, 1)])
def test_a_scene_smaller_than_a_patch_is_one_patch(tmp_path: Path, shape: tuple[int, int]) -> None:
    report = run_on(tmp_path, noise(3, *shape), net=patch_net)
    assert read_product(report).shape == (1, max(1, shape[1] // 4))
    assert transform_of(report) == TRANSFORM @ Affine.scale(4)


def overlapping_patches() -> onnx.ModelProto:
    graph = GraphBuilder()
    return graph.model(graph.pool("x", "AveragePool", kernel=4, stride=2))


def test_patches_that_overlap_lie_with_their_centres_in_place(tmp_path: Path) -> None:
    samples = noise(3, 64, 80)
    report = run_on(tmp_path, samples, net=overlapping_patches, tile_px=32)
    wide = samples.astype(np.float32)
    halves = wide.reshape(3, 32, 2, 40, 2).mean(axis=(2, 4))
    means = sum(halves[:, i : 31 + i, j : 39 + j] for i in (0, 1) for j in (0, 1))
    assert np.array_equal(read_product(report), largest_band(means))
    assert transform_of(report) == TRANSFORM @ Affine.translation(1, 1) @ Affine.scale(2)


def test_nodata_in_a_coarser_map_is_that_of_the_patch_centre(tmp_path: Path) -> None:
    samples = noise(3, 64, 64)
    samples[:, :32] = 0
    report = run_on(tmp_path, samples, net=patch_net, scene={"nodata": 0})
    found = read_product(report)
    assert (found[:8] == 255).all()
    assert (found[8:] != 255).all()


@pytest.mark.parametrize("shape", [(60, 70), (5, 5), (200, 6)])
def test_a_network_without_padding_gives_the_inner_map_in_its_place(
    tmp_path: Path, shape: tuple[int, int]
) -> None:
    samples = noise(3, *shape)
    report = run_on(tmp_path, samples, net=valid_net, tile_px=32)
    found = read_product(report)
    assert np.array_equal(found, largest_band(samples[:, 2:-2, 2:-2]))
    assert transform_of(report) == TRANSFORM @ Affine.translation(2, 2)


def test_a_scene_that_such_a_network_cannot_see_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TilingError):
        run_on(tmp_path, noise(3, 4, 60), net=valid_net)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("shape", [(20, 30), (1, 50), (50, 1), (1, 1), (2, 3)])
def test_a_scene_smaller_than_a_tile_is_run(tmp_path: Path, shape: tuple[int, int]) -> None:
    samples = noise(3, *shape)
    report = run_on(tmp_path, samples, net=tiny_net, document=contract_document())
    assert np.array_equal(read_product(report), untiled(tiny_net, samples))
    assert (report.height_px, report.width_px, report.tiles) == (*shape, 1)


@pytest.mark.parametrize("shape", [(100, 150), (64, 64), (65, 200), (40, 50), (1, 1), (30, 100)])
def test_a_graph_of_fixed_size_runs_any_scene(tmp_path: Path, shape: tuple[int, int]) -> None:
    samples = noise(3, *shape)
    report = run_on(tmp_path, samples, net=fixed_net)
    assert np.array_equal(read_product(report), largest_band(samples))
    assert transform_of(report) == TRANSFORM


def fixed_tiny_net() -> onnx.ModelProto:
    model = tiny_net()
    dims = model.graph.input[0].type.tensor_type.shape.dim
    dims[2].dim_value = dims[3].dim_value = 64
    return model


def test_a_graph_of_fixed_size_with_a_halo_gives_the_map_of_one_run(tmp_path: Path) -> None:
    samples = noise(3, 100, 150)
    report = run_on(tmp_path, samples, net=fixed_tiny_net, document=contract_document())
    assert report.tiles > 1
    assert np.array_equal(read_product(report), untiled(tiny_net, samples))


@pytest.mark.parametrize(
    ("shape", "extend"),
    [
        ((101, 77), "reflect"),
        ((64, 64), "reflect"),
        ((3, 3), "reflect"),
        ((1, 30), "reflect"),
        ((63, 65), "edge"),
        ((63, 65), "zero"),
    ],
)
def test_a_u_net_gives_a_full_map_of_an_odd_scene(
    tmp_path: Path, shape: tuple[int, int], extend: str
) -> None:
    document = contract_document(**{"edgers:extend": extend})
    samples = noise(3, *shape)
    report = run_on(tmp_path, samples, net=unet, document=document)
    assert read_product(report).shape == shape
    assert transform_of(report) == TRANSFORM
    more = [(0, 0), *((0, -side % 4) for side in shape)]
    mode = {"reflect": "reflect", "edge": "edge", "zero": "constant"}[extend]
    values = {"constant_values": 2000} if extend == "zero" else {}
    whole = untiled(unet, np.pad(samples, more, mode=mode, **values))
    assert np.array_equal(read_product(report), whole[: shape[0], : shape[1]])


@pytest.mark.parametrize("tile_px", [48, 64, 100])
def test_a_u_net_gives_the_same_map_in_any_tiles(tmp_path: Path, tile_px: int) -> None:
    samples = noise(3, 101, 77)
    report = run_on(tmp_path, samples, net=unet, document=contract_document(), tile_px=tile_px)
    padded = np.pad(samples, [(0, 0), (0, 3), (0, 3)], mode="reflect")
    assert report.tiles > 1
    assert np.array_equal(read_product(report), untiled(unet, padded)[:101, :77])


def test_channels_last_give_the_same_map(tmp_path: Path) -> None:
    samples = noise(3, 50, 70)
    report = run_on(
        tmp_path, samples, net=channels_last_net, document=channels_last_contract(), tile_px=32,
        probabilities=True,
    )  # fmt: skip
    assert np.array_equal(read_product(report), largest_band(samples))
    assert np.array_equal(read_product(report, 1).argmax(axis=0), largest_band(samples))


@pytest.mark.parametrize(
    ("kind", "data_type"),
    [
        (TensorProto.UINT8, "uint8"),
        (TensorProto.UINT16, "uint16"),
        (TensorProto.FLOAT16, "float16"),
        (TensorProto.INT32, "int32"),
        (TensorProto.DOUBLE, "float64"),
    ],
)
def test_a_graph_may_take_another_type(tmp_path: Path, kind: int, data_type: str) -> None:
    samples = noise(3, 40, 50) % 251
    document = plain_contract()
    document["mlm:input"][0]["input"]["data_type"] = data_type
    report = run_on(tmp_path, samples, net=lambda: cast_net(kind), document=document)
    assert np.array_equal(read_product(report), largest_band(samples))


def coarse_and_padded() -> onnx.ModelProto:
    """Half as many pixels by a strided convolution that looks one pixel to each side."""
    graph = GraphBuilder(seed=2)
    return graph.model(graph.conv("x", 3, kernel=3, stride=2))


def test_a_strided_convolution_gives_its_map_in_any_tiles(tmp_path: Path) -> None:
    samples = noise(3, 80, 96)
    report = run_on(
        tmp_path, samples, net=coarse_and_padded, document=contract_document(), tile_px=32
    )
    assert np.array_equal(read_product(report), untiled(coarse_and_padded, samples))
    assert transform_of(report) == TRANSFORM @ Affine.scale(2)


@pytest.mark.parametrize("net", [band_net, patch_net])
@pytest.mark.parametrize(
    "transform",
    [Affine(10, 0, 6e5, 0, 10, 4.1e6), Affine(8, 6, 6e5, 6, -8, 4.2e6)],
    ids=["south up", "rotated"],
)
def test_unusual_grids_are_kept(tmp_path: Path, net: Net, transform: Affine) -> None:
    report = run_on(tmp_path, noise(3, 64, 64), net=net, scene={"transform": transform})
    stride = Fraction(64, read_product(report).shape[0])
    assert transform_of(report).almost_equals(transform @ Affine.scale(float(stride)))
