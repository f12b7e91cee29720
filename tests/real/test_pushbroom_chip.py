"""Real scenes taken row by row: a Sentinel-2 chip, and EnMAP spectra found by wavelength."""

import json
from pathlib import Path

import numpy as np
import pytest
import rasterio
from builders.bundles import contract_document, make_bundle
from builders.ml4floods import MEAN_STDDEV, ml4floods_contract
from builders.strips import fed_pipe, header_text, raw_rows, read_rows

from edgers.bundle import open_bundle
from edgers.export.compile import compile_bundle
from edgers.pipeline.model import load_model
from edgers.pipeline.options import RunOptions
from edgers.pipeline.pushbroom import StripOptions, run_strip
from edgers.pipeline.run import run_scene
from edgers.scene.pushbroom import StripSource

CHIP = "flood/Spain_7370579_S2Hand.tif"
SPECTRA = "hsi/enmap_potsdam_tile_96_96.tif"


@pytest.mark.parametrize(
    ("interleave", "rows_px", "rule"), [("bil", 16, "one"), ("bip", 100, "several")]
)
def test_a_flood_chip_row_by_row_is_the_flood_map_of_the_chip(
    real_data: Path, tmp_path: Path, interleave: str, rows_px: int, rule: str
) -> None:
    """One class a pixel, or several: a band each."""
    document = ml4floods_contract("simplecnn")
    document["mlm:output"][0]["edgers:class_rule"] = rule
    (tmp_path / "c.json").write_text(json.dumps(document))
    bundle = tmp_path / "b.edgers"
    graph = real_data / "models/ml4floods_simplecnn.onnx"
    compile_bundle(graph, tmp_path / "c.json", bundle, engine="onnxruntime")
    with rasterio.open(real_data / CHIP) as chip:
        samples, nodata = chip.read(), chip.nodata
    names = f"{{{', '.join(MEAN_STDDEV)}}}"
    header = tmp_path / "chip.hdr"
    header.write_text(
        header_text(
            samples, band_names=names, interleave=interleave, data_ignore_value=nodata,
            map_info="{UTM, 1, 1, 600000, 4200000, 10, 10, 30, North, WGS-84}",
        )
    )  # fmt: skip
    with load_model(open_bundle(bundle)) as model:
        whole = run_scene(model, real_data / CHIP, tmp_path / "scene", RunOptions())
        with fed_pipe(tmp_path / "in", b"".join(raw_rows(samples, interleave)), 70_000) as pipe:
            report = run_strip(
                model,
                StripSource(source=str(pipe), header=header),
                tmp_path / "strip",
                StripOptions(rows_px=rows_px),
            )
    with rasterio.open(whole.products[0]) as product, rasterio.open(report.products[0]) as rows:
        assert rows.count == product.count == (1 if rule == "one" else 3)
        assert np.array_equal(rows.read(), product.read())
    assert report.rows_out == 512
    assert [one.pixels for one in report.found.classes] == [one.pixels for one in whole.classes]


def test_enmap_bands_are_found_by_wavelength(real_data: Path, tmp_path: Path) -> None:
    with rasterio.open(real_data / SPECTRA) as scene:
        samples, nodata = scene.read(), scene.nodata
        waves = [scene.tags(i)["wavelength"] for i in scene.indexes]
        unit = scene.tags(1).get("wavelength_units", "nanometers")
    document = contract_document(**{"edgers:values": "physical"})
    for band, wave in zip(document["mlm:input"][0]["bands"], (0.49, 0.56, 0.665), strict=True):
        band.update(name=f"wanted {wave}", center_wavelength=wave)
        del band["common_name"]
    document["mlm:input"][0]["value_scaling"] = [{"type": "z-score", "mean": 0.1, "stddev": 0.1}]
    header = tmp_path / "spectra.hdr"
    header.write_text(
        header_text(
            samples, band_names=None, data_ignore_value=nodata, reflectance_scale_factor=10_000,
            wavelength=f"{{{', '.join(waves)}}}", wavelength_units=unit,
        )
    )  # fmt: skip
    (tmp_path / "spectra.bil").write_bytes(b"".join(raw_rows(samples)))
    with load_model(open_bundle(make_bundle(tmp_path, document))) as model:
        whole = run_scene(model, real_data / SPECTRA, tmp_path / "scene", RunOptions())
        where = StripSource(source=str(tmp_path / "spectra.bil"), idle_s=0)
        report = run_strip(model, where, tmp_path / "strip", StripOptions(rows_px=9))
    with rasterio.open(whole.products[0]) as product:
        assert np.array_equal(read_rows(report.products[0]), product.read(1))
