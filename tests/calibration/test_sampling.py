"""Tiles of scenes: which are taken, and that the network sees them as in a run."""

from pathlib import Path

import numpy as np
import pytest
from builders.bundles import BAND_NAMES, contract_document
from builders.calibrated import flat_scene, labels_like, places, sampled
from builders.networks import fixed_net, plain_contract
from builders.scenes import noise, write_scene
from builders.stacks import (
    OPTICAL,
    SAR,
    fusion_document,
    fusion_net,
    image,
    series_document,
    series_net,
)

from edgers.calibration.calibrate import measure_ranges
from edgers.calibration.ranges import graph_sha256, ranges_bytes
from edgers.contract import contract_from_document
from edgers.errors import BadInputError, BandError, SceneError
from edgers.pipeline.input_watch import scene_hash
from edgers.pipeline.preprocess import ScenePreprocessor
from edgers.scene.open import environment
from edgers.scene.scene import Scene

LAND, SNOW = 1000, 9000


@pytest.fixture
def two(tmp_path: Path) -> list[Path]:
    """Two scenes of 100 tiles; in one of them one tile is of a rare spectrum."""
    random = np.random.default_rng(0)
    first = random.integers(900, 1100, 100).tolist()
    second = random.integers(900, 1100, 100).tolist()
    second[57] = SNOW
    return [flat_scene(tmp_path / "a.tif", first), flat_scene(tmp_path / "b.tif", second)]


@pytest.mark.parametrize("seed", range(6))
def test_a_rare_spectrum_is_always_sampled(two: list[Path], seed: int) -> None:
    found = sampled(two, count=8, seed=seed)
    assert len(found) == 8
    assert ("b.tif", 5 * 16, 7 * 16) in places(found)


def test_the_order_of_the_scenes_changes_nothing(two: list[Path]) -> None:
    one, other = (sampled(order, count=20) for order in (two, two[::-1]))
    assert places(one) == places(other)
    assert one.scenes == other.scenes
    assert places(one) != places(sampled(two, count=20, seed=1))
    for a, b, c in zip(one, other, one, strict=True):
        assert np.array_equal(a["x"], b["x"])
        assert np.array_equal(a["x"], c["x"])


def test_ranges_are_the_same_to_the_last_byte(two: list[Path]) -> None:
    from builders.bundles import tiny_net

    net = tiny_net()
    graph = net.SerializeToString()
    one, other = (
        ranges_bytes(measure_ranges(net, graph, sampled(order, count=20)))
        for order in (two, two[::-1])
    )
    assert one == other
    assert graph_sha256(graph).encode() in one


def test_scenes_are_named_with_the_hash_of_a_run(two: list[Path]) -> None:
    found = sampled(two, count=30)
    assert [(one.name, one.sha256) for one in found.scenes] == [
        (path.name, scene_hash([path])) for path in two
    ]
    assert sum(one.tiles for one in found.scenes) == len(found) == 30


def test_every_class_is_sampled(tmp_path: Path) -> None:
    scene = flat_scene(tmp_path / "s.tif", [LAND] * 100)
    values = np.zeros((160, 160), np.int16)
    values[:16] = -1
    values[100:104, 50:54], values[20, 90], values[150:, 150:] = 3, 7, 255
    labels = labels_like(tmp_path / "l.tif", values, nodata=255)
    for seed in range(4):
        found = sampled([scene], count=8, seed=seed, labels=lambda _: labels)
        assert set(found.classes) == {0, 3, 7}
        assert {("s.tif", 16, 80), ("s.tif", 96, 48)} <= set(places(found))


def test_labels_of_another_size_are_refused(tmp_path: Path) -> None:
    scene = flat_scene(tmp_path / "s.tif", [LAND] * 10)
    labels = labels_like(tmp_path / "l.tif", np.zeros((16, 80), np.uint8))
    with pytest.raises(BadInputError, match="grid of scene s"):
        sampled([scene], labels=lambda _: labels)


def test_labels_that_are_no_raster_or_no_classes_are_refused(tmp_path: Path) -> None:
    scene, labels = flat_scene(tmp_path / "s.tif", [LAND] * 10), tmp_path / "l.tif"
    labels.write_bytes(b"no raster")
    with pytest.raises(BadInputError, match=r"l\.tif cannot be read"):
        sampled([scene], labels=lambda _: labels)
    labels_like(labels, np.arange(16 * 160, dtype=np.int16).reshape(16, 160))
    with pytest.raises(BadInputError, match="hold no classes"):
        sampled([scene], labels=lambda _: labels)


def test_what_is_mostly_nodata_is_left_out(tmp_path: Path) -> None:
    samples = noise(3, 64, 64)
    samples[:, :, 32:] = 0
    samples[:, :16, :10] = 0
    scene = write_scene(tmp_path / "s.tif", samples, names=BAND_NAMES, nodata=0)
    found = sampled([scene])
    assert (len(found), found.looked_at, found.empty) == (7, 16, 9)
    assert all(column < 32 for _, _, column in places(found))
    samples[:] = 0
    empty = write_scene(tmp_path / "e.tif", samples, names=BAND_NAMES, nodata=0)
    with pytest.raises(BadInputError, match="nothing to calibrate on"):
        sampled([empty])


def test_all_are_taken_where_there_are_fewer_than_asked_for(two: list[Path]) -> None:
    found = sampled(two, count=5000)
    assert len(found) == found.looked_at == 200
    assert found.asked == 5000


def test_a_graph_of_one_size_gets_tiles_of_it(tmp_path: Path) -> None:
    scene = write_scene(tmp_path / "s.tif", noise(3, 50, 200), names=BAND_NAMES)
    found = sampled([scene], net=fixed_net(), document=plain_contract(), tile_px=None)
    assert {tile["x"].shape for tile in found} == {(1, 3, 64, 64)}
    assert len(found) == 4


def test_tiles_are_scaled_by_their_scene_as_in_a_run(tmp_path: Path) -> None:
    steps = [{"type": "percentile", "low": 2, "high": 98}]
    document = contract_document(**{"edgers:value_scaling": steps})
    del document["mlm:input"][0]["value_scaling"]
    paths = [
        write_scene(tmp_path / f"{i}.tif", noise(3, 64, 64, seed=i) * (i + 1), names=BAND_NAMES)
        for i in range(2)
    ]
    found = sampled(paths, document=document)
    contract = contract_from_document(document)
    tiles = iter(found)
    for path in paths:
        with environment(), Scene({"x": (path,)}, contract.inputs, {}) as scene:
            prepare = ScenePreprocessor(contract.inputs, scene)
            for one in (t for t in found.taken if t.source.name == path.name):
                window = scene.read(one.window.row, one.window.column, 16, 16)
                wanted = prepare.tensors(window, (16, 16))["x"]
                assert np.array_equal(next(tiles)["x"], wanted)
    assert next(tiles, None) is None


def test_several_inputs_and_one_left_out(tmp_path: Path) -> None:
    document = fusion_document(dem={"edgers:optional": {"fill": 250}})
    files = {
        "optical": (image(tmp_path, "optical", OPTICAL),),
        "sar": (image(tmp_path, "sar", SAR),),
    }
    found = sampled([], net=fusion_net(), document=document, inputs=files, count=5)
    for tile in found:
        assert {name: value.shape[1] for name, value in tile.items()} == {
            "optical": 3, "sar": 2, "dem": 1,
        }  # fmt: skip
        assert (np.asarray(tile["dem"]) == 250).all()
    assert found.scenes[0].sha256 == scene_hash([files["optical"][0], files["sar"][0]])


def test_a_series(tmp_path: Path) -> None:
    for date in ("20240101", "20240201"):
        image(tmp_path / "series", f"s_{date}", OPTICAL)
    found = sampled([tmp_path / "series"], net=series_net(), document=series_document(), count=4)
    assert {tile["x"].shape for tile in found} == {(1, 2, 3, 16, 16)}


def test_no_scene_and_a_scene_twice_are_refused(two: list[Path]) -> None:
    with pytest.raises(BadInputError, match="no scene"):
        sampled([])
    with pytest.raises(BadInputError, match="given twice"):
        sampled([two[0], two[0]])


def test_a_missing_band_is_refused_and_can_be_mapped(tmp_path: Path) -> None:
    names = ("B02", "B03", "other")
    scene = write_scene(tmp_path / "s.tif", noise(3, 32, 32), names=names)
    with pytest.raises(BandError):
        sampled([scene])
    assert len(sampled([scene], renamed={"B04": "other"})) == 4


def test_a_scene_that_was_changed_is_refused(two: list[Path]) -> None:
    found = sampled(two, count=10)
    flat_scene(two[0], [SNOW] * 100)
    with pytest.raises(SceneError, match="changed"):
        list(found)
