"""An earlier scene of the same ground is found, put onto the new grid, and named in products."""

import base64
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from affine import Affine
from builders.bundles import make_bundle
from builders.changes import change_document, difference_net
from builders.kept import all_samples, dated, tree
from builders.killable_state import run_one
from builders.scenes import TRANSFORM
from builders.stacks import OPTICAL

from edgers.bundle import open_bundle
from edgers.contract import ModelInput, contract_from_document
from edgers.errors import SceneError
from edgers.pipeline.model import load_model
from edgers.pipeline.options import RunOptions
from edgers.pipeline.run import run_scene
from edgers.scene.geometry import gsd_m
from edgers.scene.open import open_raster
from edgers.scene.place import Place, place_of
from edgers.state.cover import cover_share
from edgers.state.keep import keep_scene
from edgers.state.reference import find_references
from edgers.state.store import Store


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("change")
    return make_bundle(folder, change_document(OPTICAL, kept={"scenes": 3}), difference_net)


def before(**kept: Any) -> ModelInput:
    return contract_from_document(change_document(OPTICAL, kept=kept)).inputs[0]


def place(path: Path) -> Place:
    with open_raster(path) as file:
        return place_of(file)


def found(folder: Path, source: ModelInput, scene: Path, time: str) -> list[str]:
    with Store(folder) as store:
        entries = find_references(store, source, time, place(scene), None)
    return [one.facts.scene for one in entries]


def test_the_map_is_that_of_both_dates_given_and_names_the_earlier(
    bundle: Path, tmp_path: Path
) -> None:
    scenes = [dated(tmp_path, day) for day in ("20240101", "20240201", "20240301")]
    first, second, third = (
        run_one(bundle, scene, tmp_path / "out", tmp_path / "store") for scene in scenes
    )
    assert first.report is None
    assert second.report is not None
    assert third.report is not None
    with load_model(open_bundle(bundle)) as model:
        given = RunOptions(inputs={"before": [scenes[1]]})
        wanted = run_scene(model, scenes[2], tmp_path / "given", given)
    got = all_samples(third.report.products[0])
    assert np.array_equal(got, all_samples(wanted.products[0]))
    item = json.loads((tmp_path / "out" / "scene_20240301_tiny-net.json").read_text())
    (fact,) = item["properties"]["edgers:kept"]
    assert (fact["input"], fact["scene"]) == ("before", "scene_20240201")
    (link,) = item["links"]
    digest = base64.urlsafe_b64decode(link["href"].partition(";")[2] + "=")
    assert (link["rel"], digest.hex()) == ("derived_from", fact["sha256"])
    # Again, as after a kill: the same earlier scene, the same bytes.
    run_one(bundle, scenes[2], tmp_path / "again", tmp_path / "store")
    for name, data in tree(tmp_path / "again").items():
        assert data == (tmp_path / "out" / name).read_bytes()


def test_another_grid_is_put_onto_that_of_the_new_scene(bundle: Path, tmp_path: Path) -> None:
    step = Affine.translation(1, 1)
    old = dated(tmp_path, "20240101", side=50)
    new = dated(tmp_path, "20240201", side=30, transform=TRANSFORM @ step @ step)
    run_one(bundle, old, tmp_path / "out", tmp_path / "store")
    report = run_one(bundle, new, tmp_path / "out", tmp_path / "store").report
    assert report is not None
    stored = [all_samples(path).astype(float) for path in (old, new)]
    apart = np.abs(stored[1] - stored[0][:, 2:32, 2:32]).mean(axis=0)
    got = all_samples(report.products[0])[0]
    seen = got != 255
    assert seen.mean() > 0.9
    assert np.array_equal(got[seen], (apart >= 60)[seen])
    assert place(report.products[0]).transform == place(new).transform


def test_the_reference_is_earlier_near_clear_and_covers_the_scene(tmp_path: Path) -> None:
    source = before(scenes=9, least_clear=0.5, within_days=100, least_cover=0.7)
    cloudy = np.zeros((3, 40, 40), "uint16")
    cloudy[:, :4] = 9
    with Store(tmp_path / "store") as store:
        for day, fields in {
            "20230101": {}, "20240301": {}, "20240401": {"samples": cloudy}, "20240701": {},
            "20240402": {"transform": TRANSFORM @ Affine.translation(15, 0)},
        }.items():  # fmt: skip
            keep_scene(store, dated(tmp_path, day, **fields), source, {})
    scene = dated(tmp_path, "20240501")
    assert found(tmp_path / "store", source, scene, "2024-05-01T00:00:00Z") == ["scene_20240301"]
    assert found(tmp_path / "store", source, scene, "2024-07-01T00:00:00Z") == []
    assert found(tmp_path / "store", source, scene, "2023-02-01T00:00:00Z") == ["scene_20230101"]


def test_the_clearest_is_taken_where_the_contract_says_so(tmp_path: Path) -> None:
    source = before(scenes=3, choose="clearest")
    half = np.full((3, 40, 40), 9, "uint16")
    half[:, :20] = 0
    with Store(tmp_path / "store") as store:
        keep_scene(store, dated(tmp_path, "20240101"), source, {})
        keep_scene(store, dated(tmp_path, "20240201", samples=half), source, {})
    scene = dated(tmp_path, "20240501")
    assert found(tmp_path / "store", source, scene, "2024-05-01T00:00:00Z") == ["scene_20240101"]


@pytest.mark.parametrize(("shift", "share"), [(0, 1.0), (10, 0.75), (20, 0.5), (40, 0.0)])
def test_cover_is_the_share_of_the_ground_in_any_crs(
    shift: int, share: float, tmp_path: Path
) -> None:
    one = place(dated(tmp_path, "20240101"))
    other = place(dated(tmp_path, "20240102", transform=TRANSFORM @ Affine.translation(shift, 0)))
    assert cover_share(one, other) == pytest.approx(share, abs=0.02)


def test_cover_across_the_date_line() -> None:
    def degrees(west: float) -> Place:
        transform = Affine(0.1, 0, west, 0, -0.1, 10)
        crs = place_crs()
        return Place(height_px=20, width_px=20, crs=crs, transform=transform)

    assert cover_share(degrees(179), degrees(-181)) == pytest.approx(1)
    assert cover_share(degrees(179), degrees(-180)) == pytest.approx(0.5, abs=0.02)
    assert gsd_m(degrees(179)) is not None


def place_crs() -> Any:
    from rasterio.crs import CRS

    return CRS.from_epsg(4326)


def test_an_earlier_scene_is_never_the_new_one(bundle: Path, tmp_path: Path) -> None:
    scene = dated(tmp_path, "20240101")
    with load_model(open_bundle(bundle)) as model, pytest.raises(SceneError, match="--state STORE"):
        run_scene(model, scene, tmp_path / "out")


def test_the_bytes_of_a_kept_scene_under_another_date_are_refused(
    bundle: Path, tmp_path: Path
) -> None:
    first, second = dated(tmp_path, "20240101"), tmp_path / "scene_20240201.tif"
    second.write_bytes(first.read_bytes())
    run_one(bundle, first, tmp_path / "out", tmp_path / "store")
    before_it = tree(tmp_path / "store")
    with pytest.raises(SceneError, match="kept already, with another date"):
        run_one(bundle, second, tmp_path / "out", tmp_path / "store")
    assert tree(tmp_path / "store") == before_it
    assert not (tmp_path / "out").exists()
