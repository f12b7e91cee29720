"""Scaling by percentiles of the scene at hand."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from builders.bundles import BAND_NAMES
from builders.networks import band_net, plain_contract
from builders.runs import read_product, run_on
from builders.scenes import noise, write_scene
from builders.stacks import OPTICAL, image, series_document
from builders.strip_runs import at_rest, loaded
from builders.strips import write_strip

from edgers.contract import contract_from_document
from edgers.contract.scaling import PERCENTILE
from edgers.errors import ContractError
from edgers.pipeline import scene_scaling
from edgers.pipeline.preprocess import ScenePreprocessor
from edgers.pipeline.pushbroom import run_strip
from edgers.pipeline.scene_scaling import looking_bytes
from edgers.pipeline.warmup import warm_up_input
from edgers.scene.open import environment
from edgers.scene.scene import Scene

Array = npt.NDArray[Any]
STEP = {"type": PERCENTILE, "low": 2, "high": 98}


def document(*steps: dict[str, Any], **fields: Any) -> dict[str, Any]:
    stated = plain_contract()
    stated["mlm:input"][0]["edgers:value_scaling"] = list(steps) or [STEP]
    stated["mlm:input"][0] |= fields
    return stated


def tensor_of(folder: Path, samples: Array, stated: dict[str, Any], **scene: Any) -> Array:
    """Give the tensor of a whole scene, (band, height, width)."""
    path = write_scene(folder / "s.tif", samples, names=BAND_NAMES, **scene)
    inputs = contract_from_document(stated).inputs
    with environment(), Scene({inputs[0].name: [path]}, inputs, {}) as opened:
        height, width = samples.shape[1:]
        window = opened.read(0, 0, height, width)
        (tensor,) = ScenePreprocessor(inputs, opened).tensors(window, (height, width)).values()
    found: Array = tensor[0]
    return found


def by_percentiles(samples: Array, valid: Array | None = None) -> Array:
    wanted = np.empty(samples.shape, np.float32)
    for i, band in enumerate(samples):
        seen = band if valid is None else band[valid[i]]
        low, high = np.percentile(seen, [2, 98]).astype(np.float32)
        wanted[i] = (band.astype(np.float32) - low) / (high - low)
    return wanted


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int16", "float32", "int32", "float64"])
def test_each_band_is_stretched_between_its_own_percentiles(tmp_path: Path, dtype: str) -> None:
    samples = (noise(3, 60, 70) % 200 + np.array([1, 20, 40]).reshape(3, 1, 1)).astype(dtype)
    found = tensor_of(tmp_path, samples, document())
    np.testing.assert_allclose(found, by_percentiles(samples), rtol=1e-6, atol=1e-6)


def test_a_scene_of_many_windows_is_seen_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    samples = np.sort(noise(3, 90, 50).reshape(3, -1)).reshape(3, 90, 50).astype(np.float32)
    whole = tensor_of(tmp_path, samples, document())
    monkeypatch.setattr(scene_scaling, "WINDOW_PX", 17)
    assert np.array_equal(tensor_of(tmp_path, samples, document()), whole)
    np.testing.assert_allclose(whole, by_percentiles(samples), rtol=1e-6, atol=1e-6)


def test_holes_and_numbers_that_are_none_do_not_count(tmp_path: Path) -> None:
    samples = noise(3, 40, 40).astype(np.float32)
    samples[:, :15] = -9999
    samples[1, 20:25] = np.nan
    samples[2, 30, 30] = np.inf
    valid = (samples != -9999) & np.isfinite(samples)
    found = tensor_of(tmp_path, samples, document(), nodata=-9999)
    np.testing.assert_allclose(
        found[valid], by_percentiles(samples, valid)[valid], rtol=1e-6, atol=1e-6
    )


def test_steps_and_tags_before_it_are_applied_to_the_numbers_too(tmp_path: Path) -> None:
    samples = noise(3, 40, 40).astype(np.int16) + 5
    stated = document({"type": "decibel", "floor": 0.5}, STEP, {"type": "clip-max", "maximum": 0.5})
    found = tensor_of(tmp_path, samples, stated)
    ends = np.percentile(samples.reshape(3, -1), [2, 98], axis=1)
    low, high = (10 * np.log10(np.maximum(one, 0.5)).reshape(3, 1, 1) for one in ends)
    power = 10 * np.log10(np.maximum(samples.astype(np.float64), 0.5))
    np.testing.assert_allclose(
        found, np.minimum((power - low) / (high - low), 0.5), rtol=1e-5, atol=1e-5
    )


def test_a_step_that_turns_the_order_round_does_not_turn_the_picture(tmp_path: Path) -> None:
    samples = noise(3, 40, 40)
    found = tensor_of(tmp_path, samples, document({"type": "scale", "value": -2}, STEP))
    np.testing.assert_allclose(found, 1 - by_percentiles(samples), rtol=1e-5, atol=1e-5)


def test_a_band_of_one_value_or_of_none_becomes_zero(tmp_path: Path) -> None:
    samples = noise(3, 20, 20)
    samples[0], samples[1] = 700, 0
    found = tensor_of(tmp_path, samples, document(), nodata=0)
    assert not found[0].any()
    assert not found[1].any()
    assert found[2].any()


def test_each_date_of_a_series_is_stretched_by_itself(tmp_path: Path) -> None:
    paths = [
        image(tmp_path, f"2026-0{month}-01", OPTICAL, samples=noise(3, 16, 16, seed=month) + month)
        for month in (1, 2)
    ]
    stated = series_document()
    stated["mlm:input"][0]["edgers:value_scaling"] = [STEP]
    inputs = contract_from_document(stated).inputs
    with environment(), Scene({inputs[0].name: paths}, inputs, {}) as opened:
        window = opened.read(0, 0, 16, 16)
        (tensor,) = ScenePreprocessor(inputs, opened).tensors(window, (16, 16)).values()
        stored = window.inputs[inputs[0].name].samples
        assert looking_bytes(inputs, opened) > 6 * 5 * scene_scaling.HISTOGRAM_BYTES
    wanted = by_percentiles(stored.reshape(-1, 16, 16))
    np.testing.assert_allclose(tensor.reshape(wanted.shape), wanted, rtol=1e-6, atol=1e-6)


def test_a_run_is_the_same_whatever_the_tiles(tmp_path: Path) -> None:
    samples = noise(3, 300, 200)
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    one = run_on(tmp_path / "one", samples, net=band_net, document=document(), tile_px=64)
    two = run_on(tmp_path / "two", samples, net=band_net, document=document(), tile_px=200)
    assert np.array_equal(read_product(one), read_product(two))
    assert np.array_equal(read_product(one), by_percentiles(samples).argmax(axis=0))


def test_rows_that_still_arrive_have_no_percentiles(tmp_path: Path) -> None:
    path = write_strip(tmp_path / "s.bil", noise(3, 40, 30))
    with (
        loaded(tmp_path, document()) as model,
        pytest.raises(ContractError, match="takes percentiles of the whole scene"),
    ):
        run_strip(model, at_rest(path), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_what_stands_in_for_a_file_has_no_percentiles() -> None:
    with pytest.raises(ContractError, match="percentiles of its own"):
        contract_from_document(document(**{"edgers:optional": {"fill": 0}}))


def test_its_kernels_are_made_ready_without_a_scene() -> None:
    (one,) = contract_from_document(document()).inputs
    warm_up_input(one, ("uint16",))
