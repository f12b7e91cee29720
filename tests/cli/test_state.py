"""`edgers run --state` and `edgers state`."""

import json
from pathlib import Path

import pytest
from builders.bundles import make_bundle
from builders.kept import dated, kept_bundle, tree
from builders.runs import edgers

DAYS = ("20240110", "20240215", "20240320")


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return kept_bundle(tmp_path_factory.mktemp("bundle"), 2)


def test_scenes_are_kept_run_listed_and_dropped(bundle: Path, tmp_path: Path) -> None:
    assert "series of 2 × 1 month" in edgers("inspect", bundle).out
    first, second, third = (dated(tmp_path, day) for day in DAYS)
    store, out = tmp_path / "store", tmp_path / "out"
    done = edgers("run", bundle, first, "--state", store, "-o", out)
    assert done.code == 4
    assert "no product  scene_20240110.tif needs more: x: 2023-12" in done.out
    assert not out.exists()
    done = edgers("run", bundle, second, "--state", store, "-o", out, "--json")
    assert done.code == 0, done.err
    (report,) = json.loads(done.out)
    (state,) = report["state"]
    assert (state["used"], state["is_new"]) == (["2024-01", "2024-02"], True)
    assert report["products"][0].endswith("scene_20240215_tiny-net.tif")
    done = edgers("state", "add", bundle, store, third, "--place", state["place"])
    assert done.code == 0, done.err
    assert "scene_20240320 of 2024-03-20T00:00:00Z · for x at" in done.out
    done = edgers("state", "list", store)
    assert [line.split()[0] for line in done.out.splitlines() if "clear" in line] == [
        "2024-01-10T00:00:00Z", "2024-02-15T00:00:00Z", "2024-03-20T00:00:00Z",
    ]  # fmt: skip
    (facts,) = json.loads(edgers("state", "list", store, "--json").out)
    assert (facts["height_px"], facts["input"], len(facts["scenes"])) == (40, "x", 3)
    done = edgers("state", "drop", store, "--date", "2024-02")
    assert (done.code, done.out.count("dropped")) == (0, 1)
    one = facts["scenes"][0]["size_bytes"]
    done = edgers("state", "drop", store, "--max-state", f"{int(1.5 * one)}")
    assert (done.code, "20240110" in done.out) == (0, True)
    assert len(tree(store)) == 1
    assert edgers("state", "drop", store, "--date", "1999").code == 2


def test_the_oldest_goes_when_the_store_is_full_and_never_the_new_one(
    bundle: Path, tmp_path: Path
) -> None:
    scenes = [dated(tmp_path, day) for day in DAYS]
    store = tmp_path / "store"
    edgers("state", "add", bundle, store, *scenes[:2])
    room = sum(map(len, tree(store).values()))
    done = edgers("state", "add", bundle, store, scenes[2], "--max-state", f"{room + 99}")
    assert done.code == 0, done.err
    assert "dropped" in done.out
    assert sorted(path.name[:8] for path in store.glob("*/*/*.tif")) == ["20240215", "20240320"]


def test_several_scenes_at_once_give_a_product_where_there_is_enough(
    bundle: Path, tmp_path: Path
) -> None:
    scenes = [dated(tmp_path, day) for day in DAYS]
    done = edgers("run", bundle, *scenes, "--state", tmp_path / "store", "-o", tmp_path / "out")
    assert done.code == 0, done.err
    assert done.out.count("no product") == 1
    assert len(list((tmp_path / "out").glob("*.tif"))) == 2


def test_what_makes_no_sense_is_refused_in_words(bundle: Path, tmp_path: Path) -> None:
    scene = dated(tmp_path, DAYS[0])
    plain = make_bundle(tmp_path)
    out = ("-o", tmp_path / "out")
    done = edgers("run", plain, scene, "--state", tmp_path / "store", *out)
    assert (done.code, "nothing to do for this model" in done.err) == (2, True)
    assert edgers("run", bundle, scene, "--place", "bay", *out).code == 2
    done = edgers("state", "list", tmp_path / "store")
    assert (done.code, "there is no store" in done.err) == (2, True)
    assert edgers("state", "drop", tmp_path).code == 2
    done = edgers("run", bundle, "--input", f"y={scene}", "--state", tmp_path / "store", *out)
    assert (done.code, "no new scene" in done.err) == (2, True)
    named = ("--input", f"x={scene}", "--input", f"x={dated(tmp_path, DAYS[1])}")
    done = edgers("run", bundle, *named, "--state", tmp_path / "store", *out)
    assert (done.code, "nothing to do" in done.err) == (2, True)


def test_a_refused_run_leaves_no_store_it_began(bundle: Path, tmp_path: Path) -> None:
    garbage, store = tmp_path / "20240110.tif", tmp_path / "store"
    garbage.write_bytes(b"no picture")
    command = ("run", bundle, garbage, "-o", tmp_path / "out", "--state", store)
    assert edgers(*command).code == 2
    assert not store.exists()
    store.mkdir()
    assert edgers(*command).code == 2
    assert store.exists()
