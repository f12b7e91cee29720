"""Rows of a strip become a class map: bands, samples, nodata, header, and what is refused."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import rasterio
from builders.bundles import BAND_NAMES, contract_document
from builders.graphs import GraphBuilder
from builders.networks import (
    INF_AT,
    NAN_AT,
    band_net,
    broken_net,
    index_contract,
    index_net,
    patch_net,
    plain_contract,
)
from builders.runs import largest_band, read_product
from builders.scenes import noise, write_scene
from builders.strip_runs import (
    at_rest,
    loaded,
    model_with,
    run_on,
    scene_rows,
)
from builders.strips import fed_pipe, header_text, raw_rows, read_rows, write_strip

from edgers.errors import BandError, ContractError, OutputError, TilingError
from edgers.pipeline.model import Model
from edgers.pipeline.options import RunOptions
from edgers.pipeline.pushbroom import StripOptions, run_strip
from edgers.pipeline.run import run_scene
from edgers.scene.pushbroom import StripSource


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Model]:
    """Two convolutions: halo 2."""
    with loaded(tmp_path_factory.mktemp("tiny")) as one:
        yield one


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Model]:
    """Scores are the bands."""
    with loaded(tmp_path_factory.mktemp("plain"), plain_contract(), band_net) as one:
        yield one


def test_the_product_is_a_class_map_for_gdal(model: Model, tmp_path: Path) -> None:
    place = "UTM, 1, 1, 600000, 4200000, 10, 10, 30, North, WGS-84"
    samples = noise(3, 40, 30)
    report = run_on(model, tmp_path, samples, header={"map_info": f"{{{place}}}"})
    with rasterio.open(report.products[0], driver="ENVI") as dataset:
        assert (dataset.nodata, dataset.dtypes) == (255, ("uint8",))
        assert dataset.crs.to_epsg() == 32630
        assert tuple(dataset.transform)[:6] == (10, 0, 600_000, 0, -10, 4_200_000)
        colours = dataset.colormap(1)
        assert [colours[value][:3] for value in range(3)] == [
            tuple(bytes.fromhex(entry.colour)) for entry in model.output.classes
        ]
    header = report.products[1].read_text()
    assert "class names = {land, water, cloud}" in header
    assert model.bundle.bundle_id in header


def test_place_is_left_out_where_product_pixels_are_others(tmp_path: Path) -> None:
    place = "UTM, 1, 1, 600000, 4200000, 10, 10, 30, North, WGS-84"
    with loaded(tmp_path, plain_contract(), patch_net) as coarse:
        report = run_on(coarse, tmp_path, noise(3, 40, 30), header={"map_info": f"{{{place}}}"})
    assert report.rows_out == 10
    assert "map info" not in report.products[1].read_text()


def test_values_without_a_class_are_named_in_the_header(tmp_path: Path) -> None:
    entries = [
        {"value": 2, "name": "dry, bare"}, {"value": 4, "name": "wet = {x}"},
        {"value": 300, "name": "c"},
    ]  # fmt: skip
    document = plain_contract({"classification:classes": entries})
    samples = noise(3, 20, 10)
    with loaded(tmp_path, document, band_net) as one:
        report = run_on(one, tmp_path, samples)
    rows = read_rows(report.products[0])
    assert rows.dtype == np.uint16
    assert np.array_equal(rows, np.array([2, 4, 300])[largest_band(samples)])
    header = report.products[1].read_text()
    names = header.partition("class names = {")[2].partition("}")[0].split(", ")
    assert len(names) == 301
    assert (names[0], names[2], names[4], names[300]) == ("unclassified", "dry bare", "wet x", "c")


@pytest.mark.parametrize("interleave", ["bil", "bip"])
@pytest.mark.parametrize("byte_order", [0, 1])
@pytest.mark.parametrize(
    "dtype", ["uint8", "int16", "uint16", "int32", "uint32", "int64", "float32", "float64"]
)
def test_every_layout_gives_the_same(
    plain: Model, tmp_path: Path, interleave: str, byte_order: int, dtype: str
) -> None:
    samples = noise(3, 30, 12, "uint8").astype(dtype)
    header = {"interleave": interleave, "byte_order": byte_order, "header_offset": 0}
    report = run_on(plain, tmp_path, samples, header=header, rows_px=7)
    assert np.array_equal(read_rows(report.products[0]), largest_band(samples))


def test_bands_are_found_by_name_and_wavelength_not_by_place(plain: Model, tmp_path: Path) -> None:
    samples = noise(5, 20, 10)
    named = run_on(
        plain, tmp_path, samples, header={"band_names": "{B04, x, B3, y, b-02}"}
    )  # fmt: skip
    assert np.array_equal(read_rows(named.products[0]), largest_band(samples[[4, 2, 0]]))
    waves = {"wavelength": "{665, 700, 560, 1600, 490}", "wavelength_units": "Nanometers"}
    waved = run_on(plain, tmp_path, samples, header={"band_names": None, **waves})
    assert np.array_equal(read_rows(waved.products[0]), largest_band(samples[[4, 2, 0]]))
    mapped = run_on(
        plain, tmp_path, samples, header={"band_names": None},
        renamed={"B02": "2", "B03": "3", "B04": "4"},
    )  # fmt: skip
    assert np.array_equal(read_rows(mapped.products[0]), largest_band(samples[1:4]))


@pytest.mark.parametrize("rule", ["all", "any"])
@pytest.mark.parametrize("dtype", ["uint16", "float32"])
def test_nodata_is_that_of_the_scene(tmp_path: Path, rule: str, dtype: str) -> None:
    document = contract_document(**{"edgers:nodata": {"pixel": rule, "fill": "mean"}})
    samples = noise(3, 60, 40, dtype)
    samples[0, 10:14] = 7
    samples[:, 30:50, 5:25] = 7
    if dtype == "float32":
        samples[1, 20, 3:9], samples[2, 21, 4] = np.nan, np.inf
    with loaded(tmp_path, document) as one:
        report = run_on(one, tmp_path, samples, header={"data_ignore_value": 7}, rows_px=16)
        wanted = scene_rows(one, tmp_path, samples, nodata=7)
    rows = read_rows(report.products[0])
    assert np.array_equal(rows, wanted)
    assert report.nodata_share == (rows == 255).mean() > 0
    assert report.skipped_tiles == 0


def test_tiles_without_data_are_not_inferred(plain: Model, tmp_path: Path) -> None:
    samples = noise(3, 60, 12)
    samples[:, 20:40] = 0
    report = run_on(plain, tmp_path, samples, header={"data_ignore_value": 0}, rows_px=10)
    assert (report.tiles, report.skipped_tiles) == (6, 2)
    assert report.nodata_share == 1 / 3
    assert sum(one.pixels for one in report.found.classes) == 40 * 12


def test_a_strip_of_nodata_alone_is_told_and_kept(plain: Model, tmp_path: Path) -> None:
    report = run_on(plain, tmp_path, noise(3, 20, 8) * 0, header={"data_ignore_value": 0})
    assert report.nodata_share == 1.0
    assert (read_rows(report.products[0]) == 255).all()


@pytest.mark.parametrize(("values", "factor"), [("physical", 1e-4), ("stored", 1)])
def test_a_scale_factor_is_applied_as_the_contract_says(
    tmp_path: Path, values: str, factor: float
) -> None:
    mean, stddev = 2000 * factor, 1000 * factor
    document = contract_document(
        value_scaling=[{"type": "z-score", "mean": mean, "stddev": stddev}],
        **{"edgers:values": values},
    )
    samples = noise(3, 40, 20)
    with loaded(tmp_path, document) as one:
        report = run_on(one, tmp_path, samples, header={"reflectance_scale_factor": 10_000})
        path = write_scene(tmp_path / "scene.tif", samples, names=BAND_NAMES)
        with rasterio.open(path, "r+") as dataset:
            dataset.scales = (1e-4,) * 3
        wanted = read_product(run_scene(one, path, tmp_path / "scene", RunOptions()))
    assert np.array_equal(read_rows(report.products[0]), wanted)


def test_what_the_network_could_not_tell_is_nodata_and_counted(tmp_path: Path) -> None:
    samples = noise(3, 30, 12, "float32") + 20
    samples[0, 3, :4], samples[1, 25, 5:10] = NAN_AT, INF_AT
    with loaded(tmp_path, plain_contract(), broken_net) as one:
        report = run_on(one, tmp_path, samples, rows_px=8)
    assert report.not_finite_px == 9
    rows = read_rows(report.products[0])
    assert (rows == 255).sum() == 9
    assert (rows[3, :4] == 255).all()


def test_a_graph_that_gives_classes_is_taken(tmp_path: Path) -> None:
    samples = noise(3, 30, 12)
    with loaded(tmp_path, index_contract(), index_net) as one:
        report = run_on(one, tmp_path, samples, rows_px=8)
    assert np.array_equal(read_rows(report.products[0]), largest_band(samples))


def global_net(sizes: tuple[int | str, int | str] = ("h", "w")) -> onnx.ModelProto:
    """Bands, less their mean over all that is seen: a graph without a bound."""
    graph = GraphBuilder()
    mean = graph.node("GlobalAveragePool", ["x"], channels=3)
    return graph.model(graph.node("Sub", ["x", mean], channels=3), sizes=sizes)


@pytest.mark.parametrize("height", [9, 16, 40, 47])
@pytest.mark.parametrize("side", [None, 16])
def test_a_graph_without_a_bound_sees_tiles_of_one_height(
    tmp_path: Path, height: int, side: int | None
) -> None:
    samples, shapes = noise(3, height, 16), []

    def noted(infer: Any, inputs: Mapping[str, Any]) -> Any:
        shapes.append(inputs["x"].shape[2:])
        return infer(inputs)

    document = plain_contract(**{"edgers:overlap_px": 3})
    sizes = (side, side) if side else ("h", "w")
    with loaded(tmp_path, document, lambda: global_net(sizes)) as one:
        assert not one.bundle.halo.is_exact
        report = run_on(model_with(one, noted), tmp_path, samples, tile_px=16)
    assert report.rows_out == height
    assert set(shapes) == {(side or min(height, 16), 16)}
    rows = read_rows(report.products[0])
    assert rows.shape == (height, 16)
    assert (rows < 3).all()


def test_bytes_of_a_row_that_is_not_whole_are_dropped_and_told(
    plain: Model, tmp_path: Path
) -> None:
    samples = noise(3, 20, 8)
    path = write_strip(tmp_path / "s.bil", samples)
    with path.open("ab") as file:
        file.write(b"x" * 47)
    report = run_strip(plain, at_rest(path), tmp_path / "out")
    assert (report.rows_in, report.rows_out, report.dropped_bytes) == (20, 20, 47)


def test_bytes_before_the_first_row_are_skipped(plain: Model, tmp_path: Path) -> None:
    samples = noise(3, 20, 8)
    data = b"\xff" * 1001 + b"".join(raw_rows(samples))
    header = tmp_path / "h.hdr"
    header.write_text(header_text(samples, header_offset=1001))
    with fed_pipe(tmp_path / "in", data, 300) as pipe:
        report = run_strip(
            plain, StripSource(source=str(pipe), header=header), tmp_path / "out", StripOptions()
        )
    assert np.array_equal(read_rows(report.products[0]), largest_band(samples))
    assert report.ended_by == "end of stream"


def test_an_output_folder_that_cannot_be_is_refused(model: Model, tmp_path: Path) -> None:
    path = write_strip(tmp_path / "s.bil", noise(3, 60, 16))
    (tmp_path / "file").write_text("mine")
    for out in (tmp_path / "file", tmp_path / "file" / "out"):
        with pytest.raises(OutputError, match="cannot be written to"):
            run_strip(model, at_rest(path), out)
    (tmp_path / "out" / "s_tiny-net.img").mkdir(parents=True)
    with pytest.raises(OutputError, match="cannot be written to"):
        run_strip(model, at_rest(path), tmp_path / "out")


def test_a_missing_band_is_refused_before_anything_is_opened(model: Model, tmp_path: Path) -> None:
    path = write_strip(tmp_path / "s.bil", noise(3, 20, 16), band_names="{B02, B03, B99}")
    with pytest.raises(BandError, match="B04"):
        run_strip(model, at_rest(path), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_tile_too_small_for_the_halo_is_refused(model: Model, tmp_path: Path) -> None:
    path = write_strip(tmp_path / "s.bil", noise(3, 20, 16))
    for options in (StripOptions(rows_px=4), StripOptions(tile_px=4)):
        with pytest.raises(TilingError, match="at least 5 px"):
            run_strip(model, at_rest(path), tmp_path / "out", options)
    assert not (tmp_path / "out").exists()


def test_a_model_of_several_inputs_is_refused(model: Model, tmp_path: Path) -> None:
    contract = model.bundle.contract
    second = replace(contract.inputs[0], name="dem")
    several = replace(contract, inputs=(*contract.inputs, second))
    wrong = replace(model, bundle=replace(model.bundle, contract=several))
    path = write_strip(tmp_path / "s.bil", noise(3, 20, 16))
    with pytest.raises(ContractError, match="x, dem"):
        run_strip(wrong, at_rest(path), tmp_path / "out")
    assert not (tmp_path / "out").exists()
