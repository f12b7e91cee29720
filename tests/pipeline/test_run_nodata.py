"""What has no data, in the scene or from the network, has none in the products."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import pytest
from builders.bundles import contract_document, tiny_net
from builders.graphs import GraphBuilder
from builders.networks import INF_AT, NAN_AT, broken_net, plain_contract
from builders.runs import largest_band, read_product, run_on
from builders.scenes import noise

from edgers.errors import EdgersError, SceneError

HOLES = np.zeros((64, 192), bool)
HOLES[:, :70] = True
HOLES[40:50, 100:150] = True


def scene_with(holes: npt.NDArray[np.bool_], dtype: str = "uint16") -> npt.NDArray[Any]:
    samples = noise(3, *holes.shape, dtype)
    samples[:, holes] = 0
    return samples


NO_DATA_IS_ZERO = {"nodata": 0}


def test_nodata_pixels_are_nodata_in_every_product(tmp_path: Path) -> None:
    samples = scene_with(HOLES)
    report = run_on(tmp_path, samples, scene=NO_DATA_IS_ZERO, tile_px=64, probabilities=True)
    classes, probabilities = read_product(report), read_product(report, 1)
    assert np.array_equal(classes, np.where(HOLES, 255, largest_band(samples)))
    assert np.array_equal(np.isnan(probabilities), np.stack([HOLES] * 3))
    assert report.nodata_share == np.count_nonzero(HOLES) / HOLES.size
    assert report.not_finite_px == 0
    assert sum(area.pixels for area in report.classes) == np.count_nonzero(~HOLES)
    assert sum(area.share for area in report.classes) == pytest.approx(1)


def test_tiles_without_data_are_skipped(tmp_path: Path) -> None:
    report = run_on(tmp_path, scene_with(HOLES), scene=NO_DATA_IS_ZERO, tile_px=64)
    assert (report.tiles, report.skipped_tiles) == (3, 1)


def test_a_tile_whose_halo_alone_has_data_is_skipped_and_stays_nodata(tmp_path: Path) -> None:
    holes = np.zeros((30, 90), bool)
    holes[:, :31] = True
    report = run_on(
        tmp_path, scene_with(holes), net=tiny_net, document=contract_document(),
        scene=NO_DATA_IS_ZERO, tile_px=34,
    )  # fmt: skip
    assert report.skipped_tiles == 1
    assert np.array_equal(read_product(report) == 255, holes)


def test_a_scene_without_data_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    with pytest.raises(SceneError, match=r"scene scene\.tif has no data\."):
        run_on(tmp_path, np.zeros((3, 40, 50), np.uint16), scene=NO_DATA_IS_ZERO)
    assert not (tmp_path / "out").exists()


def one_band_gone() -> npt.NDArray[Any]:
    samples = noise(3, 20, 30)
    samples[0, :, :9] = 0
    return samples


def test_a_missing_band_is_filled_where_the_others_count(tmp_path: Path) -> None:
    document = plain_contract(**{"edgers:nodata": {"pixel": "all", "fill": 9999}})
    report = run_on(tmp_path, one_band_gone(), document=document, scene=NO_DATA_IS_ZERO)
    wanted = largest_band(one_band_gone())
    wanted[:, :9] = 0
    assert np.array_equal(read_product(report), wanted)


def test_a_missing_band_makes_the_pixel_nodata_where_the_contract_says_so(tmp_path: Path) -> None:
    document = plain_contract(**{"edgers:nodata": {"pixel": "any"}})
    found = read_product(
        run_on(tmp_path, one_band_gone(), document=document, scene=NO_DATA_IS_ZERO)
    )
    assert (found[:, :9] == 255).all()
    assert (found[:, 9:] != 255).all()


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_in_a_band_is_nodata(tmp_path: Path, value: float) -> None:
    samples = noise(3, 64, 192, "float32")
    samples[2, HOLES] = value
    report = run_on(tmp_path, samples, probabilities=True)
    assert np.array_equal(read_product(report) == 255, HOLES)
    assert report.not_finite_px == 0


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_lowest_number_as_nodata_is_no_trouble(tmp_path: Path, dtype: str) -> None:
    lowest = float(np.finfo(dtype).min)
    samples = noise(3, 64, 192, dtype)
    samples[:, HOLES] = lowest
    document = plain_contract(value_scaling=[{"type": "z-score", "mean": 0.1, "stddev": 0.01}])
    report = run_on(tmp_path, samples, document=document, scene={"nodata": lowest})
    assert np.array_equal(read_product(report) == 255, HOLES)


def test_a_class_map_of_two_bytes_has_its_own_nodata(tmp_path: Path) -> None:
    document = plain_contract()
    document["mlm:output"][0]["classification:classes"][2]["value"] = 1000
    report = run_on(tmp_path, scene_with(HOLES), document=document, scene=NO_DATA_IS_ZERO)
    found = read_product(report)
    assert found.dtype == np.uint16
    assert np.array_equal(found == 65_535, HOLES)


@pytest.mark.parametrize("value", [NAN_AT, INF_AT])
@pytest.mark.parametrize("probabilities", [False, True])
def test_what_the_network_cannot_tell_is_nodata_and_counted(
    tmp_path: Path, value: float, probabilities: bool
) -> None:
    samples = noise(3, 40, 50) + 10
    spots = np.zeros((40, 50), bool)
    spots[3:6, 7:30] = True
    samples[1, spots] = int(value)
    report = run_on(tmp_path, samples, net=broken_net, tile_px=32, probabilities=probabilities)
    assert report.not_finite_px == np.count_nonzero(spots)
    assert report.nodata_share == np.count_nonzero(spots) / spots.size
    assert np.array_equal(read_product(report), np.where(spots, 255, largest_band(samples)))
    if probabilities:
        assert np.array_equal(np.isnan(read_product(report, 1)).any(axis=0), spots)


def test_pixels_without_data_are_not_blamed_on_the_network(tmp_path: Path) -> None:
    samples = noise(3, 20, 30) + 10
    samples[:, :5] = int(NAN_AT)
    document = plain_contract(**{"edgers:nodata": {"fill": NAN_AT}})
    report = run_on(tmp_path, samples, net=broken_net, document=document, scene={"nodata": NAN_AT})
    assert report.not_finite_px == 0
    assert report.nodata_share == 0.25


def test_a_network_that_can_tell_nothing_is_blamed_for_it(tmp_path: Path) -> None:
    samples = np.full((3, 20, 30), int(NAN_AT), np.uint16)
    with pytest.raises(EdgersError, match=r"(?i)network.*(NaN|infinity)"):
        run_on(tmp_path, samples, net=broken_net)
    assert not (tmp_path / "out").exists()


def log_net() -> onnx.ModelProto:
    graph = GraphBuilder()
    return graph.model(graph.node("Log", ["x"]))


def test_a_network_with_a_logarithm_is_compiled_and_run(tmp_path: Path) -> None:
    samples = noise(3, 20, 30)
    found = read_product(run_on(tmp_path, samples, net=log_net))
    assert np.array_equal(found, largest_band(samples))
