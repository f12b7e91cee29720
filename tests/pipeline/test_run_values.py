"""Maps of values that a run gives: numbers, storage, nodata, mixing and resuming."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import rasterio
from builders.networks import band_net, plain_contract
from builders.runs import run_on
from builders.scenes import noise

from edgers.errors import ContractError
from edgers.products.value_map import nodata_of, stored


def value_contract(**output: Any) -> dict[str, Any]:
    """The contract of `band_net`, whose three scores are now three values."""
    document = plain_contract()
    stated = document["mlm:output"][0]
    del stated["classification:classes"]
    stated["tasks"] = ["regression"]
    stated["result"]["dim_order"] = ["batch", "channel", "height", "width"]
    stated.update(output)
    return document


def samples(height: int = 50, width: int = 70) -> npt.NDArray[Any]:
    return noise(3, height, width, "uint16")


def read(path: Path) -> npt.NDArray[Any]:
    with rasterio.open(path) as dataset:
        found: npt.NDArray[Any] = dataset.read()
    return found


@pytest.mark.parametrize("tile_px", [16, 33, 500])
def test_values_are_what_the_network_gives_whatever_the_tile(tmp_path: Path, tile_px: int) -> None:
    given = samples()
    report = run_on(tmp_path, given, document=value_contract(), tile_px=tile_px)
    with rasterio.open(report.products[0]) as dataset:
        assert dataset.dtypes == ("float32",) * 3
        assert np.isnan(dataset.nodata)
        assert dataset.descriptions == ("value 1", "value 2", "value 3")
    assert np.array_equal(read(report.products[0]), given.astype(np.float32))
    for band, one in zip(given, report.found.values, strict=True):
        assert (one.pixels, one.least, one.most) == (band.size, band.min(), band.max())
        assert one.mean == pytest.approx(band.mean(dtype=np.float64), rel=1e-12)


def test_overlapping_tiles_are_mixed(tmp_path: Path) -> None:
    given = samples()
    report = run_on(
        tmp_path, given, document=value_contract(), tile_px=24, overlap_px=4, blend="hann"
    )
    assert np.allclose(read(report.products[0]), given, rtol=1e-6)


def test_nodata_has_no_value_and_is_not_counted(tmp_path: Path) -> None:
    given = samples()
    given[:, 5:20, 30:60] = 0
    report = run_on(tmp_path, given, document=value_contract(), scene={"nodata": 0}, tile_px=16)
    found = read(report.products[0])
    assert np.isnan(found[:, 5:20, 30:60]).all()
    assert np.isfinite(found).sum() == 3 * sum(given.any(axis=0).reshape(-1))
    assert report.found.values[0].pixels == given.any(axis=0).sum()


def test_values_are_stored_as_whole_numbers_where_the_contract_says_so(tmp_path: Path) -> None:
    given = samples()
    given[:, :10] = 0
    storage = {"data_type": "int16", "scale": 4.0, "offset": 100.0}
    values = [{"name": name, "unit": "t/ha"} for name in ("a", "b", "c")]
    document = value_contract(**{"edgers:storage": storage, "edgers:values": values})
    report = run_on(tmp_path, given, document=document, scene={"nodata": 0}, tile_px=16)
    with rasterio.open(report.products[0]) as dataset:
        assert dataset.dtypes == ("int16",) * 3
        assert (dataset.scales, dataset.offsets) == ((4.0,) * 3, (100.0,) * 3)
        assert (dataset.descriptions, dataset.units) == (("a", "b", "c"), ("t/ha",) * 3)
        assert dataset.nodata == -32768
        found = dataset.read() * 4.0 + 100.0
        assert (dataset.read()[:, :10] == -32768).all()
    assert np.abs(found[:, 10:] - given[:, 10:]).max() <= 2


def test_values_beyond_what_can_be_stored_are_its_ends() -> None:
    from edgers.contract import Storage

    storage = Storage(data_type="int16", scale=1.0)
    given = np.array([[[-1e9, 1e9, np.nan, -32768]]], np.float32)
    assert stored(given, storage).tolist() == [[[-32767, 32767, -32768, -32767]]]
    unsigned = Storage(data_type="uint8", scale=1.0)
    assert nodata_of(unsigned) == 255
    assert stored(given, unsigned).tolist() == [[[0, 254, 255, 0]]]


def test_values_have_no_probabilities(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match="no probabilities"):
        run_on(tmp_path, samples(), document=value_contract(), probabilities=True)
    assert not list((tmp_path / "out").glob("*"))


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"edgers:values": [{"name": "a"}]}, "names 1 values and has 3"),
        ({"edgers:values": [{"name": "a"}, {"name": "a"}, {"name": "b"}]}, "once"),
        ({"edgers:storage": {"data_type": "int16", "scale": 0}}, "above zero"),
        ({"edgers:storage": {"data_type": "float64", "scale": 1}}, "one of"),
    ],
)
def test_a_contract_that_contradicts_itself_is_refused(
    tmp_path: Path, fields: dict[str, Any], message: str
) -> None:
    with pytest.raises(ContractError, match=message):
        run_on(tmp_path, samples(), document=value_contract(**fields), net=band_net)


def test_a_map_of_stored_values_keeps_scale_and_unit(tmp_path: Path) -> None:
    storage = {"data_type": "int16", "scale": 4.0, "offset": 100.0}
    values = [{"name": name, "unit": "t/ha"} for name in ("a", "b", "c")]
    document = value_contract(**{"edgers:storage": storage, "edgers:values": values})
    report = run_on(tmp_path, samples(), document=document, warp="EPSG:4326")
    with rasterio.open(report.products[1]) as dataset:
        assert dataset.crs.to_epsg() == 4326
        assert (dataset.scales, dataset.offsets) == ((4.0,) * 3, (100.0,) * 3)
        assert dataset.units == ("t/ha",) * 3
