"""The memory plan: what it is made of, how it grows, what a limit does, and that it holds."""

import itertools
import re
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import rasterio
from builders.bundles import BAND_NAMES, contract_document, make_bundle, tiny_net
from builders.graphs import GraphBuilder
from builders.memory import peak_growth, reported_and_own_peak
from builders.networks import attention_net, index_contract, index_net
from builders.row_nets import embedding_contract, weighted_net
from builders.runs import edgers
from builders.scenes import noise, write_scene
from builders.unfinished import leave_unfinished

from edgers.bundle import open_bundle
from edgers.errors import MemoryPlanError
from edgers.pipeline import memory
from edgers.pipeline.memory import MARGIN, MemoryPlan, Need, RunPlan, memory_plan, plan_run
from edgers.pipeline.model import Model, load_model
from edgers.pipeline.options import RunOptions
from edgers.pipeline.plan import open_scene, plan_scene
from edgers.pipeline.run import run_scene
from edgers.scene import readers
from edgers.scene.open import environment

LAYOUT: dict[str, Any] = {"tiled": True, "blockxsize": 256, "blockysize": 256}
NEED = Need(process_bytes=100_000_000, bytes_per_px=500.0)
"""What stands for a measurement."""


def bundled(folder: Path, net: Any = tiny_net, document: Any = None) -> Model:
    return load_model(open_bundle(make_bundle(folder, document or contract_document(), net)))


@pytest.fixture(scope="module")
def exact(tmp_path_factory: pytest.TempPathFactory) -> Model:
    return bundled(tmp_path_factory.mktemp("exact"))


@pytest.fixture(scope="module")
def endless(tmp_path_factory: pytest.TempPathFactory) -> Model:
    return bundled(tmp_path_factory.mktemp("endless"), attention_net)


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("scene") / "scene.tif"
    return write_scene(path, noise(3, 1500, 1700), names=BAND_NAMES, **LAYOUT)


@pytest.fixture
def steady(monkeypatch: pytest.MonkeyPatch) -> None:
    """Measure always the same."""
    monkeypatch.setattr(memory, "measured_need", lambda *_: NEED)


def planned(model: Model, path: Path, **options: Any) -> MemoryPlan:
    chosen = RunOptions(**{"workers": 2, **options})
    with environment(), open_scene(model, path, chosen) as opened:
        return memory_plan(model, opened, plan_scene(model, opened, chosen), chosen, NEED)


def fitted(model: Model, path: Path, **options: Any) -> RunPlan:
    """Choose what fits."""
    chosen = RunOptions(**{"workers": 2, **options})
    with environment(), open_scene(model, path, chosen) as opened:
        return plan_run(model, opened, chosen)


def least_allowed(model: Model, scene: Path, **options: Any) -> int:
    """Give the amount that a refusal names, in bytes."""
    with pytest.raises(MemoryPlanError) as caught:
        fitted(model, scene, max_memory_bytes=1, **options)
    found = re.fullmatch(r"Allow at least --max-memory (\d+)MB\.", caught.value.fix)
    assert found
    return int(found[1]) * 10**6


@pytest.mark.parametrize("blend", ["trim", "hann"])
def test_the_peak_is_the_sum_of_the_parts(exact: Model, scene: Path, blend: str) -> None:
    plan = planned(exact, scene, blend=blend, overlap_px=20, probabilities=True)
    parts = asdict(plan)
    assert all(value >= 0 for value in parts.values())
    during = plan.cache + plan.tiles + plan.seams
    assert plan.peak == plan.process + plan.engine + max(during, plan.finish)
    assert (plan.seams > 0) == (blend == "hann")
    assert plan.process > 100_000_000


@pytest.mark.parametrize("blend", ["trim", "hann"])
@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("tile_px", (64, 128, 256, 512, 1024)),
        ("workers", (1, 2, 4, 8)),
        ("queue", (2, 6, 20, 100)),
        ("probabilities", (False, True)),
        ("cache_bytes", (2**22, 2**24, 2**28)),
    ],
)
def test_the_plan_grows_with_what_takes_memory(
    exact: Model, scene: Path, field: str, values: tuple[Any, ...], blend: str
) -> None:
    more = {"blend": blend, "overlap_px": 10}
    plans = [planned(exact, scene, **{**more, field: value}) for value in values]
    for less, greater in itertools.pairwise(plans):
        assert less.peak <= greater.peak
        assert asdict(less) != asdict(greater) or blend == "hann"
    part = {
        "tile_px": "engine", "workers": "engine", "queue": "tiles", "probabilities": "tiles",
        "cache_bytes": "cache",
    }[field]  # fmt: skip
    found = [getattr(plan, part) for plan in plans]
    assert found == sorted(found)


def test_an_answer_for_a_whole_tile_is_counted_once_a_tile(tmp_path: Path, scene: Path) -> None:
    weights = np.ones((768, 3))
    found = [
        bundled(folder, weighted_net(weights[:count]), embedding_contract(count))
        for count in (3, 768) if (folder := tmp_path / str(count)).mkdir() is None
    ]  # fmt: skip
    few, many = (planned(model, scene, tile_px=256).tiles for model in found)
    assert few <= many <= few * 1.01


def test_the_plan_grows_with_bands_and_their_type(tmp_path: Path, exact: Model) -> None:
    found = []
    for bands, kind in ((3, "uint8"), (3, "uint16"), (3, "float64"), (9, "float64")):
        names = (*BAND_NAMES, *(f"more{i}" for i in range(bands - 3)))
        path = write_scene(
            tmp_path / f"{bands}{kind}.tif", noise(bands, 600, 600, kind), names=names, **LAYOUT
        )  # fmt: skip
        found.append(planned(exact, path))
    for less, greater in itertools.pairwise(found):
        assert less.cache < greater.cache
        assert less.tiles <= greater.tiles


def test_the_plan_grows_with_files_read_side_by_side(
    tmp_path: Path, exact: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in BAND_NAMES:
        write_scene(
            tmp_path / f"{name}.tif", noise(1, 600, 600, "uint16"), names=(name,), **LAYOUT
        )  # fmt: skip
    found = []
    for count in (1, 2, 3):
        monkeypatch.setattr(readers, "processors", lambda count=count: count)
        found.append(planned(exact, tmp_path))
    for less, greater in itertools.pairwise(found):
        assert greater.process - less.process == memory.HEAP_BYTES
        # A block is decoded to 32 bits.
        assert greater.tiles - less.tiles == 4 * 256**2


def test_the_plan_grows_with_overlap_where_tiles_are_mixed(endless: Model, scene: Path) -> None:
    found = [planned(endless, scene, tile_px=256, overlap_px=px).seams for px in (4, 16, 48, 100)]
    assert found == sorted(found)
    assert found[0] < found[-1]


def test_the_plan_does_not_grow_with_the_length_of_the_scene(
    exact: Model, endless: Model, tmp_path: Path
) -> None:
    for model in (exact, endless):
        found = []
        for height in (2048, 8192):
            path = write_scene(
                tmp_path / f"{height}.tif", np.zeros((3, height, 1024), "uint8"), names=BAND_NAMES,
                **LAYOUT, compress="deflate",
            )  # fmt: skip
            found.append(planned(model, path, probabilities=True))
        assert found[1].peak <= 1.02 * found[0].peak


def test_without_a_limit_nothing_is_changed(exact: Model, scene: Path) -> None:
    options = RunOptions(workers=2)
    with environment(), open_scene(exact, scene, options) as opened:
        found = plan_run(exact, opened, options)
        assert found.options is options
        assert found.grid == plan_scene(exact, opened, options)


def test_room_enough_changes_neither_tiles_nor_workers(exact: Model, scene: Path) -> None:
    found = fitted(exact, scene, max_memory_bytes=2**40)
    assert found.options.workers == 2
    assert found.grid == fitted(exact, scene).grid


@pytest.mark.usefixtures("steady")
def test_each_limit_is_kept_down_to_the_least(exact: Model, scene: Path) -> None:
    least = least_allowed(exact, scene)
    sides = []
    for limit in range(least, 3 * least, least // 20):
        found = fitted(exact, scene, max_memory_bytes=limit)
        assert MARGIN * found.memory.peak <= limit
        with environment(), open_scene(exact, scene, found.options) as opened:
            again = memory_plan(exact, opened, found.grid, found.options, NEED)
        assert again == found.memory
        assert 1 <= found.options.workers <= 2
        sides.append(found.grid.tile_px)
    assert min(sides) < max(sides)
    with pytest.raises(MemoryPlanError):
        fitted(exact, scene, max_memory_bytes=least - 10**6)


@pytest.mark.usefixtures("steady")
@pytest.mark.parametrize("fixed", ["unbounded", "asked", "mixed"])
def test_tiles_shrink_only_where_that_changes_no_answer(
    exact: Model, endless: Model, scene: Path, fixed: str
) -> None:
    model = endless if fixed == "unbounded" else exact
    options: dict[str, Any] = {
        "unbounded": {}, "asked": {"tile_px": 200}, "mixed": {"blend": "hann", "overlap_px": 9},
    }[fixed]  # fmt: skip
    grid = fitted(model, scene, **options).grid
    least = least_allowed(model, scene, **options)
    found = fitted(model, scene, max_memory_bytes=least, **options)
    assert (found.grid.rows, found.grid.columns) == (grid.rows, grid.columns)
    assert found.options.workers == 1


@pytest.mark.usefixtures("steady")
def test_smaller_tiles_keep_the_overlap_asked_for(exact: Model, tmp_path: Path) -> None:
    options: dict[str, Any] = {"overlap_px": 30}
    scene = write_scene(tmp_path / "s.tif", noise(3, 400, 500), names=BAND_NAMES, **LAYOUT)
    least = least_allowed(exact, scene, **options)
    found = fitted(exact, scene, max_memory_bytes=least, **options).grid
    assert 60 < found.tile_px < fitted(exact, scene, **options).grid.tile_px
    first, second = found.rows.tiles[:2]
    assert first.window_stop - second.core_start >= 30


def test_a_refusal_says_what_the_least_is_made_of(exact: Model, scene: Path) -> None:
    with pytest.raises(MemoryPlanError, match="does not fit in 1 MB") as caught:
        fitted(exact, scene, max_memory_bytes=10**6)
    assert "With tiles of" in caught.value.seen
    assert "are the runtime and the model" in caught.value.rule


@pytest.mark.parametrize("more", [(), ("--probabilities", "--blend", "hann", "--overlap", 16)])
def test_the_least_that_is_named_is_enough_for_plan_and_run(
    tmp_path: Path, scene: Path, more: tuple[object, ...]
) -> None:
    bundle = make_bundle(tmp_path)
    refused = edgers("inspect", bundle, scene, "--max-memory", "1MB", *more)
    assert refused.code == 2
    found = re.search(r"--max-memory (\d+MB)", refused.err)
    assert found
    # What the process holds may move by a little from one moment to the next.
    enough = f"{int(found[1][:-2]) + 15}MB"
    assert edgers("inspect", bundle, scene, "--max-memory", enough, *more).code == 0
    done = edgers("run", bundle, scene, "-o", tmp_path / "out", "--max-memory", enough, *more)
    assert done.code == 0


def test_a_refused_run_writes_nothing(tmp_path: Path, scene: Path) -> None:
    bundle = make_bundle(tmp_path)
    done = edgers("run", bundle, scene, "-o", tmp_path / "out", "--max-memory", "1MB")
    assert done.code == 2
    assert "does not fit in 1 MB" in done.err
    assert not (tmp_path / "out").exists()


def test_smaller_tiles_give_the_same_products(tmp_path: Path, scene: Path) -> None:
    bundle = make_bundle(tmp_path)
    for name, more in (("plain", ()), ("small", ("--tile", 64))):
        done = edgers("run", bundle, scene, "-o", tmp_path / name, "--quiet", *more)
        assert done.code == 0
    found = []
    for name in ("plain", "small"):
        with rasterio.open(tmp_path / name / "scene_tiny-net.tif") as dataset:
            found.append(dataset.read(1))
    assert np.array_equal(*found)


def fixed_net() -> onnx.ModelProto:
    """Take only 64 × 64 px."""
    graph = GraphBuilder(seed=4)
    return graph.model(graph.conv("x", 3), sizes=(64, 64))


@pytest.mark.parametrize(
    ("net", "document"), [(fixed_net, None), (index_net, index_contract())], ids=["fixed", "index"]
)
def test_any_model_is_planned_and_kept_to_a_limit(
    tmp_path: Path, scene: Path, net: Any, document: Any
) -> None:
    with bundled(tmp_path, net, document) as model:
        plan = planned(model, scene)
        assert plan.seams == 0
        least = least_allowed(model, scene)
        found = fitted(model, scene, max_memory_bytes=least + 2 * 10**7)
        assert found.grid.tile_px == 64 or net is index_net


needs_proc = pytest.mark.skipif(
    not Path("/proc/self/status").exists(), reason="the system does not tell a program's own peak"
)


@needs_proc
def test_the_peak_reported_is_of_this_process_alone(tmp_path: Path) -> None:
    make_bundle(tmp_path)
    write_scene(tmp_path / "scene.tif", noise(3, 300, 400), names=BAND_NAMES)
    reported, own = reported_and_own_peak(tmp_path, "scene.tif")
    assert reported == pytest.approx(own, rel=0.05)


@needs_proc
@pytest.mark.parametrize(
    "options",
    [
        {"blend": "trim", "probabilities": True},
        {"blend": "hann", "overlap_px": 16, "probabilities": True},
        {"blend": "trim"},
    ],
    ids=["trim", "hann", "classes alone"],
)
def test_a_run_takes_no_more_for_a_longer_scene(tmp_path: Path, options: dict[str, Any]) -> None:
    make_bundle(tmp_path)
    samples = np.tile(noise(3, 512, 512), (1, 4, 4))
    layout = {**LAYOUT, "compress": "deflate"}
    write_scene(tmp_path / "short.tif", samples, names=BAND_NAMES, **layout)
    write_scene(tmp_path / "long.tif", np.tile(samples, (1, 4, 1)), names=BAND_NAMES, **layout)
    growth = peak_growth(tmp_path, ("short.tif", "long.tif"), {"workers": 2, **options})
    # Held whole, the longer scene would take 75 MB more, and its probabilities 150 MB.
    assert growth < 40 * 2**20


def test_the_same_tiles_are_taken_again_though_more_memory_is_free_now(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is measured differs from try to try; a run that was stopped must go on all the same."""
    bundle = make_bundle(tmp_path)
    path = write_scene(tmp_path / "scene.tif", noise(3, 700, 700), names=BAND_NAMES)
    needs = iter([100_000.0, 10.0])
    monkeypatch.setattr(
        memory, "measured_need",
        lambda *_: memory.Need(process_bytes=10**8, bytes_per_px=next(needs)),
    )  # fmt: skip
    limit = 900 * 10**6
    with load_model(open_bundle(bundle)) as model:
        leave_unfinished(model, path, tmp_path / "out", 2, max_memory_bytes=limit)
        options = RunOptions(max_memory_bytes=limit)
        assert run_scene(model, path, tmp_path / "out", options).reused_tiles == 2
