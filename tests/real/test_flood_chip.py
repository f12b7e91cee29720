"""Really trained flood networks on a real Sentinel-2 chip: the whole path, against known scores."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import rasterio
from builders.ml4floods import MEAN_STDDEV, ml4floods_contract
from builders.scenes import write_scene

from edgers.bundle import open_bundle
from edgers.errors import BandError
from edgers.export.compile import compile_bundle
from edgers.pipeline.model import Model, load_model
from edgers.pipeline.options import RunOptions
from edgers.pipeline.run import run_scene

IOU = {"simplecnn": 0.5875, "linear": 0.5682}
"""Water IoU over labelled pixels of the whole chip in one call, from the data folder's README."""
CHIP = "flood/Spain_7370579_S2Hand.tif"


@pytest.fixture(scope="module")
def models(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Model]:
    folder = tmp_path_factory.mktemp("ml4floods")
    loaded = {}
    for name in IOU:
        contract = folder / f"{name}.json"
        contract.write_text(json.dumps(ml4floods_contract(name)))
        bundle = folder / f"{name}.edgers"
        # One is timed on each engine, as users do it; that takes ten seconds.
        engine = None if name == "simplecnn" else "onnxruntime"
        compile_bundle(real_data / f"models/ml4floods_{name}.onnx", contract, bundle, engine=engine)
        loaded[name] = load_model(open_bundle(bundle))
    return loaded


def class_map(model: Model, scene: Path, out: Path, **options: Any) -> npt.NDArray[np.uint8]:
    report = run_scene(model, scene, out, RunOptions(**options))
    with rasterio.open(report.products[0]) as product:
        classes: npt.NDArray[np.uint8] = product.read(1)
    return classes


def water_iou(classes: npt.NDArray[np.uint8], real_data: Path) -> float:
    with rasterio.open(real_data / "flood/Spain_7370579_LabelHand.tif") as labels:
        label = labels.read(1)
    labelled = label >= 0
    found, true = (classes == 1) & labelled, (label == 1) & labelled
    return float((found & true).sum() / (found | true).sum())


@pytest.mark.parametrize("name", IOU)
def test_water_iou_is_that_of_the_whole_chip_in_one_call(
    name: str, models: dict[str, Model], real_data: Path, tmp_path: Path
) -> None:
    classes = class_map(models[name], real_data / CHIP, tmp_path)
    assert water_iou(classes, real_data) == pytest.approx(IOU[name], abs=0.0005)


@pytest.mark.parametrize("name", IOU)
def test_every_tile_size_gives_the_untiled_class_map(
    name: str, models: dict[str, Model], real_data: Path, tmp_path: Path
) -> None:
    model = models[name]
    with rasterio.open(real_data / CHIP) as chip:
        samples = chip.read().astype(np.float32)
    mean, stddev = (
        np.array(column, np.float32).reshape(-1, 1, 1)
        for column in zip(*MEAN_STDDEV.values(), strict=True)
    )
    logits = model.engine.infer({"x": ((samples - mean) / stddev)[np.newaxis]})["logits"][0]
    untiled = logits.argmax(axis=0).astype(np.uint8)
    for tile_px in (64, 100, 256, 512):
        tiled = class_map(model, real_data / CHIP, tmp_path / str(tile_px), tile_px=tile_px)
        assert tiled.tobytes() == untiled.tobytes(), f"tile {tile_px}"


def shuffled_chip(path: Path, real_data: Path, keep: list[int]) -> Path:
    """Write the chip's bands in another order, descriptions kept."""
    with rasterio.open(real_data / CHIP) as chip:
        names = tuple(chip.descriptions[i] for i in keep)
        return write_scene(
            path, chip.read()[keep], names=names, crs=chip.crs,
            transform=chip.transform, nodata=chip.nodata,
        )  # fmt: skip


def test_shuffled_bands_give_the_same_class_map(
    models: dict[str, Model], real_data: Path, tmp_path: Path
) -> None:
    order = [int(i) for i in np.random.default_rng(3).permutation(13)]
    shuffled = shuffled_chip(tmp_path / "shuffled.tif", real_data, order)
    first = class_map(models["simplecnn"], real_data / CHIP, tmp_path / "a")
    second = class_map(models["simplecnn"], shuffled, tmp_path / "b")
    assert np.array_equal(first, second)


def test_a_missing_band_is_named_beside_what_the_scene_has(
    models: dict[str, Model], real_data: Path, tmp_path: Path
) -> None:
    keep = [i for i in range(13) if i != 11]
    scene = shuffled_chip(tmp_path / "chip.tif", real_data, keep)
    with pytest.raises(BandError) as caught:
        class_map(models["simplecnn"], scene, tmp_path / "out")
    assert "no band that fits band B11 (swir16)" in caught.value.what
    assert "B1, B2, B3, B4, B5, B6, B7, B8, B8A, B9, B10, B12" in caught.value.seen
    assert "--map B11=" in caught.value.fix
    assert not (tmp_path / "out").exists()
