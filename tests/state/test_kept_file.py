"""What is kept of a scene is what a run would have read of it."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import rasterio
from affine import Affine
from builders.kept import SIDE, dated, kept_input, tree
from builders.scenes import TRANSFORM, noise
from builders.stacks import OPTICAL
from hypothesis import given, settings
from hypothesis import strategies as st

from edgers.contract import ModelInput
from edgers.errors import BandError, OutputError, SceneError
from edgers.scene.open import environment
from edgers.scene.raster import Raster
from edgers.state import kept_file
from edgers.state.keep import Arrival, keep_scene
from edgers.state.median import median
from edgers.state.store import Store


def keep(folder: Path, scene: Path, source: ModelInput, **fields: Any) -> Arrival:
    with Store(folder / "store") as store:
        return keep_scene(store, scene, source, fields.pop("renamed", {}), **fields)


def seen(path: Path, source: ModelInput, **renamed: str) -> tuple[npt.NDArray[Any], Any, Any]:
    with environment(), Raster(path, source, renamed) as raster:
        window = raster.read(0, 0, raster.height_px, raster.width_px)
    return np.where(window.missing, 0, window.samples), window.missing, window.nodata


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"nodata": None},
        {"samples": noise(3, 30, 33, "float32") - 2000, "nodata": -1999},
        {"samples": noise(3, 30, 33, "uint8", seed=1), "nodata": 7},
        {"samples": noise(3, 300, 530, "int16"), "nodata": 5},
        {"samples": noise(5, 30, 33), "names": ("B08", *OPTICAL[::-1], "B01")},
    ],
)
def test_a_run_reads_the_same_from_what_is_kept_as_from_the_scene(
    fields: dict[str, Any], tmp_path: Path
) -> None:
    source = kept_input()
    scene = dated(tmp_path, "20240110", **fields)
    (entry,) = keep(tmp_path, scene, source).entries
    for wanted, got in zip(seen(scene, source), seen(entry.path, source), strict=True):
        assert np.array_equal(wanted, got)
        assert wanted.dtype == got.dtype
    with rasterio.open(entry.path) as file:
        assert file.descriptions == tuple(OPTICAL)
        assert file.transform == TRANSFORM
    missing = seen(scene, source)[2]
    assert entry.clear == pytest.approx(1 - missing.mean(), abs=1e-6)


def test_gaps_that_only_a_mask_tells_are_kept_without_losing_a_sample(tmp_path: Path) -> None:
    scene = dated(tmp_path, "20240110", samples=noise(3, 30, 33) % 251, nodata=None)
    mask = np.full((30, 33), 255, "uint8")
    mask[4:9, 3:20] = 0
    with rasterio.open(scene, "r+") as file:
        file.write_mask(mask)
    source = kept_input()
    (entry,) = keep(tmp_path, scene, source).entries
    for wanted, got in zip(seen(scene, source), seen(entry.path, source), strict=True):
        assert np.array_equal(wanted, got)
    assert not seen(entry.path, source)[2].all()
    assert seen(entry.path, source)[2].sum() == 5 * 17


def test_the_bytes_hang_on_the_scene_alone(tmp_path: Path) -> None:
    scene, source = dated(tmp_path, "20240110"), kept_input()
    for room in ("one", "other"):
        keep(tmp_path / room, scene, source)
    assert tree(tmp_path / "one") == tree(tmp_path / "other")


def test_windows_cover_a_wide_grid_once_and_stay_small(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept_file, "WINDOW_BYTES", 256 * 256 * 3 * 2)
    source, samples = kept_input(), noise(3, 270, 800)
    scene = dated(tmp_path, "20240110", samples=samples)
    (entry,) = keep(tmp_path, scene, source).entries
    assert np.array_equal(seen(entry.path, source)[0], samples)


def test_clouds_are_kept_as_nodata(tmp_path: Path) -> None:
    samples = noise(4, SIDE, SIDE)
    samples[3] = np.arange(SIDE) % 12
    scene = dated(tmp_path, "20240110", samples=samples, names=(*OPTICAL, "SCL"))
    source = kept_input(clouds={"band": "SCL", "values": [8, 9]})
    (entry,) = keep(tmp_path, scene, source).entries
    assert np.array_equal(seen(entry.path, source)[2], np.isin(samples[3], (8, 9)))
    assert entry.clear == pytest.approx(1 - np.isin(samples[3], (8, 9)).mean(), abs=1e-6)
    with pytest.raises(BandError, match="SCL"):
        keep(tmp_path / "b", dated(tmp_path, "20240111"), source)


def test_another_grid_of_the_same_place_is_put_onto_the_first(tmp_path: Path) -> None:
    source = kept_input()
    first = keep(tmp_path, dated(tmp_path, "20240110"), source)
    moved = dated(tmp_path, "20240210", transform=TRANSFORM @ Affine.translation(2, -1))
    second = keep(tmp_path, moved, source)
    assert second.ring.folder == first.ring.folder
    (_, entry) = second.entries
    got, gone, _ = seen(entry.path, source)
    whole, missing, _ = seen(moved, source)
    assert np.array_equal(got[:, : SIDE - 1, 2:], whole[:, 1:, : SIDE - 2])
    assert gone[:, :, :2].all()
    assert np.array_equal(gone[:, : SIDE - 1, 2:], missing[:, 1:, : SIDE - 2])
    far = dated(tmp_path, "20240310", transform=TRANSFORM @ Affine.translation(SIDE, 0))
    assert keep(tmp_path, far, source).ring.folder != first.ring.folder


def test_what_cannot_be_kept_is_refused_and_nothing_is_left(tmp_path: Path) -> None:
    source = kept_input()
    undated = dated(tmp_path, "nodate", seed=1)
    with pytest.raises(SceneError, match="does not say when"):
        keep(tmp_path, undated, source)
    nowhere = dated(tmp_path, "20240110", crs=None)
    with pytest.raises(SceneError, match="no place on Earth"):
        keep(tmp_path, nowhere, source)
    assert tree(tmp_path / "store") == {}
    assert keep(tmp_path, nowhere, source, place="bay").ring.place == "bay"
    elsewhere = dated(tmp_path, "20240111", transform=TRANSFORM @ Affine.translation(999, 0))
    keep(tmp_path, dated(tmp_path, "20240112"), source, place="lake")
    with pytest.raises(SceneError, match="does not show the place 'lake'"):
        keep(tmp_path, elsewhere, source, place="lake")
    empty = dated(tmp_path, "20240113", samples=np.zeros((3, SIDE, SIDE), "uint16"))
    before = tree(tmp_path / "store")
    with pytest.raises(SceneError, match="has no data"):
        keep(tmp_path, empty, source)
    assert tree(tmp_path / "store") == before
    with pytest.raises(OutputError, match="does not fit"):
        keep(tmp_path / "b", dated(tmp_path, "20240111"), source, most_bytes=100)
    assert tree(tmp_path / "b" / "store") == {}


@settings(max_examples=100, deadline=None)
@given(
    st.integers(1, 9).flatmap(
        lambda n: st.lists(
            st.lists(st.one_of(st.just(float("nan")), st.floats(-9, 9)), min_size=4, max_size=4),
            min_size=n, max_size=n,
        )
    )
)  # fmt: skip
def test_a_median_leaves_out_what_is_missing(layers: list[list[float]]) -> None:
    found = median([np.array(one) for one in layers])
    for got, column in zip(found, np.array(layers).T, strict=True):
        there = column[~np.isnan(column)]
        assert np.isnan(got) if not there.size else got == pytest.approx(np.median(there))
