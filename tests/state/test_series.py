"""A model of a series is given one scene at a time, and answers as if it had been given all."""

from pathlib import Path

import numpy as np
import pytest
from builders.bundles import make_bundle
from builders.graphs import GraphBuilder
from builders.kept import all_samples, dated, kept_bundle, kept_input, tree
from builders.killable_state import run_one
from builders.stacks import OPTICAL, SERIES_AXES, closed_stack, input_document, stack_document
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edgers.bundle import open_bundle
from edgers.errors import SceneError
from edgers.pipeline.model import load_model
from edgers.pipeline.options import RunOptions
from edgers.pipeline.run import run_scene
from edgers.state.keep import keep_scene
from edgers.state.store import Store

DAYS = ("20240110", "20240215", "20240320")


@pytest.fixture(scope="module")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("bundles")
    return {
        "latest": kept_bundle(folder / "a"),
        "median": kept_bundle(folder / "b", several="median", missing="neighbours", least=2),
    }


def test_the_answer_is_that_of_the_series_given_at_once(
    bundles: dict[str, Path], tmp_path: Path
) -> None:
    scenes = [dated(tmp_path, day) for day in DAYS]
    first, second, third = (
        run_one(bundles["latest"], scene, tmp_path / "out", tmp_path / "store") for scene in scenes
    )
    assert first.report is None
    assert second.report is None
    assert second.inputs[0].missing == ("2023-12",)
    assert third.report is not None
    with load_model(open_bundle(bundles["latest"])) as model:
        wanted = run_scene(model, None, tmp_path / "at once", RunOptions(inputs={"x": scenes}))
    got = all_samples(third.report.products[0])
    assert np.array_equal(got, all_samples(wanted.products[0]))
    assert third.report.products[0].name == "scene_20240320_tiny-net.tif"
    again = run_one(bundles["latest"], scenes[2], tmp_path / "again", tmp_path / "store")
    assert not again.inputs[0].is_new
    assert tree(tmp_path / "again") == tree(tmp_path / "out")


def test_medians_and_stand_ins_are_what_the_network_sees(
    bundles: dict[str, Path], tmp_path: Path
) -> None:
    # Two scenes in January, none in February, one in March.
    stored = [np.full((3, 20, 20), value, "uint16") for value in (100, 301, 1000)]
    stored[1][:, :4] = 0
    days = ("20240105", "20240125", "20240310")
    for day, samples in zip(days, stored, strict=True):
        done = run_one(
            bundles["median"], dated(tmp_path, day, samples=samples), tmp_path / "out",
            tmp_path / "store",
        )  # fmt: skip
    (state,) = done.inputs
    assert (state.used, state.filled) == (("2024-01", "2024-03"), ("2024-02",))
    (made,) = (tmp_path / "store").glob("*/*/made/*_20240125T000000Z_*")
    january = all_samples(made)
    # 200.5 goes to the even number.
    assert np.unique(january[:, :4]).tolist() == [100]
    assert np.unique(january[:, 4:]).tolist() == [200]
    (made,) = (tmp_path / "store").glob("*/*/made/*_20240201T000000Z_*")
    # Between the months' own medians: 200 or 200.5 and 1000, and not of the three scenes.
    assert np.unique(all_samples(made)[:, 4:]).tolist() == [600]
    assert np.unique(all_samples(made)[:, :4]).tolist() == [550]
    # A further scene of March: what was made for the series before goes.
    run_one(bundles["median"], dated(tmp_path, "20240311"), tmp_path / "out", tmp_path / "store")
    assert len(list((tmp_path / "store").glob("*/*/made/*.tif"))) == 3


def test_scenes_too_old_for_the_ring_are_told_and_change_nothing(
    bundles: dict[str, Path], tmp_path: Path
) -> None:
    for day in ("20240110", "20240215", "20240320", "20240401"):
        run_one(bundles["latest"], dated(tmp_path, day), tmp_path / "out", tmp_path / "store")
    before = tree(tmp_path / "store")
    done = run_one(
        bundles["latest"], dated(tmp_path, "20200101"), tmp_path / "late", tmp_path / "store"
    )
    assert done.report is None
    assert "older than all" in done.missing
    assert tree(tmp_path / "store") == before


def test_the_bytes_of_a_kept_scene_under_another_date_are_refused(
    bundles: dict[str, Path], tmp_path: Path
) -> None:
    first, second = dated(tmp_path, "20240110"), tmp_path / "scene_20240215.tif"
    second.write_bytes(first.read_bytes())
    run_one(bundles["latest"], first, tmp_path / "out", tmp_path / "store")
    with pytest.raises(SceneError, match="Its bytes are those of scene_20240110 of 2024-01-10"):
        run_one(bundles["latest"], second, tmp_path / "out", tmp_path / "store")


def test_without_a_store_a_series_of_one_scene_is_refused_with_what_to_do(
    bundles: dict[str, Path], tmp_path: Path
) -> None:
    scene = dated(tmp_path, "20240110")
    opened = open_bundle(bundles["latest"])
    with load_model(opened) as model, pytest.raises(SceneError, match="--state"):
        run_scene(model, scene, tmp_path / "out")


@settings(
    max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(order=st.permutations(range(6)))
def test_the_same_scenes_in_any_order_give_the_same_bytes(
    order: list[int], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("order")
    source = kept_input(2, several="clearest")
    days = ("20240103", "20240120", "20240215", "20240216", "20240320", "20240401")
    scenes = [dated(folder, day, side=20) for day in days]
    for scene in (scenes[i] for i in order):
        with Store(folder / "store") as store:
            keep_scene(store, scene, source, {})
    with Store(folder / "plain") as store:
        for scene in scenes:
            keep_scene(store, scene, source, {})
    assert tree(folder / "store") == tree(folder / "plain")
    assert len(tree(folder / "store")) == 3


def test_room_made_for_one_series_is_seen_by_the_other(tmp_path: Path) -> None:
    rule = {"edgers:kept": {"as": "series", "period": "month"}}
    document = stack_document(
        *(input_document(name, OPTICAL, SERIES_AXES, 2, **rule) for name in ("x", "z"))
    )
    graph = GraphBuilder()
    both = graph.node("Add", ["x", "z"])
    scores = graph.node("ReduceMean", [both], axes=[1], keepdims=0)
    shape = ["n", 2, 3, "h", "w"]
    tmp_path.joinpath("model").mkdir()
    net = closed_stack(graph, scores, {"x": shape, "z": shape})
    bundle = make_bundle(tmp_path / "model", document, lambda: net)
    store, scenes = tmp_path / "store", [dated(tmp_path, day) for day in DAYS]
    assert run_one(bundle, scenes[0], tmp_path / "out", store).report is None
    assert run_one(bundle, scenes[1], tmp_path / "out", store).report is not None
    kept = sum(path.stat().st_size for path in store.rglob("*.tif"))
    third = run_one(bundle, scenes[2], tmp_path / "out", store, most_bytes=int(kept * 0.8))
    assert third.report is None
    assert [one.missing for one in third.inputs] == [("2024-02",), ()]
