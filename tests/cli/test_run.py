"""`edgers run`: what it prints, what it refuses, and what it leaves behind."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from builders.bundles import BAND_NAMES, make_bundle
from builders.networks import broken_net, plain_contract, valid_net
from builders.runs import Outcome, edgers, largest_band
from builders.scenes import noise, write_scene


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A network that gives the largest band, and NaN where a sample is 7."""
    return make_bundle(tmp_path_factory.mktemp("bundle"), plain_contract(), broken_net)


SAMPLES = noise(3, 40, 50) + 10


def scene(folder: Path, name: str = "scene.tif", **fields: Any) -> Path:
    folder.mkdir(exist_ok=True)
    return write_scene(folder / name, SAMPLES, names=BAND_NAMES, **fields)


def run(bundle: Path, folder: Path, *arguments: object) -> Outcome:
    return edgers("run", bundle, *arguments, "-o", folder / "out")


def test_a_run_says_what_it_did(bundle: Path, tmp_path: Path) -> None:
    done = run(bundle, tmp_path, scene(tmp_path))
    assert (done.code, done.err) == (0, "")
    lines = {line[:12].strip(): line[12:] for line in done.out.splitlines()}
    # Where kernels had to be compiled in this process, that is said too.
    lines.pop("kernels", None)
    assert list(lines) == ["model", "scene", "classes", "nodata", "speed", "products"]
    assert lines["model"].startswith("tiny net · fp32 on onnxruntime ")
    assert lines["scene"] == "scene.tif · 50 × 40 px · 1 tiles"
    assert "km²" in lines["classes"]
    assert lines["nodata"] == "0.0% of the scene"
    first, *others = lines["products"].split(" · ")
    assert Path(first) == tmp_path / "out" / "scene_tiny-net.tif"
    assert others == [".png", ".json"]
    with rasterio.open(first) as dataset:
        assert np.array_equal(dataset.read(1), largest_band(SAMPLES))


def test_what_the_network_could_not_tell_is_warned_of(bundle: Path, tmp_path: Path) -> None:
    samples = SAMPLES.copy()
    samples[0, :3, 0] = 7
    path = write_scene(tmp_path / "s.tif", samples, names=BAND_NAMES)
    done = run(bundle, tmp_path, path)
    assert done.code == 0
    assert "the network gave NaN or infinity on 3 px; they are nodata" in done.out


def test_quiet_prints_nothing(bundle: Path, tmp_path: Path) -> None:
    done = run(bundle, tmp_path, scene(tmp_path), "--quiet")
    assert done == Outcome(0, "", "")
    assert len(list((tmp_path / "out").iterdir())) == 3


def test_quiet_still_tells_errors(bundle: Path, tmp_path: Path) -> None:
    done = run(bundle, tmp_path, tmp_path / "none.tif", "--quiet")
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("error  ")


def test_json_is_one_report_a_scene_and_nothing_else(bundle: Path, tmp_path: Path) -> None:
    scenes = [scene(tmp_path, "a.tif"), scene(tmp_path, "b.tif")]
    done = run(bundle, tmp_path, *scenes, "--json", "--probabilities")
    assert (done.code, done.err) == (0, "")
    reports = json.loads(done.out)
    assert [report["scene"] for report in reports] == ["a.tif", "b.tif"]
    for report in reports:
        assert (report["height_px"], report["width_px"], report["tiles"]) == (40, 50, 1)
        assert sum(entry["pixels"] for entry in report["classes"]) == 2000
        assert len(report["products"]) == 4
        assert all(Path(path).is_file() for path in report["products"])


def test_json_without_a_crs_says_null(bundle: Path, tmp_path: Path) -> None:
    done = run(bundle, tmp_path, scene(tmp_path, crs=None), "--json")
    (report,) = json.loads(done.out)
    assert [entry["area_km2"] for entry in report["classes"]] == [None] * 3


def test_probabilities_come_when_asked_for(bundle: Path, tmp_path: Path) -> None:
    done = run(bundle, tmp_path, scene(tmp_path), "--probabilities")
    assert done.code == 0
    assert "_probabilities.tif" in done.out
    assert (tmp_path / "out" / "scene_tiny-net_probabilities.tif").is_file()


def test_the_tile_side_is_taken(bundle: Path, tmp_path: Path) -> None:
    done = run(bundle, tmp_path, scene(tmp_path), "--tile", "25", "--json")
    assert json.loads(done.out)[0]["tiles"] == 4


def test_map_takes_bands_by_name_and_number(bundle: Path, tmp_path: Path) -> None:
    path = write_scene(tmp_path / "s.tif", SAMPLES, names=("left", "middle", "right"))
    maps = ["--map", "B02=right", "--map", "B03=2", "--map", "B04=left"]
    assert run(bundle, tmp_path, path, *maps).code == 0
    with rasterio.open(tmp_path / "out" / "s_tiny-net.tif") as dataset:
        assert np.array_equal(dataset.read(1), largest_band(SAMPLES[::-1]))


@pytest.mark.parametrize("text", ["B02", "=1", "B02=", "="])
def test_a_map_without_a_band_or_a_name_is_refused(bundle: Path, tmp_path: Path, text: str) -> None:
    done = run(bundle, tmp_path, scene(tmp_path), "--map", text)
    assert done.code == 2
    assert f"--map {text!r} is not of the form BAND=NAME." in done.err
    assert not (tmp_path / "out").exists()


def test_a_band_mapped_twice_is_refused(bundle: Path, tmp_path: Path) -> None:
    done = run(bundle, tmp_path, scene(tmp_path), "--map", "B02=1", "--map", "B02=2")
    assert done.code == 2
    assert "B02" in done.err


def test_a_map_of_a_band_the_model_does_not_have_is_refused(bundle: Path, tmp_path: Path) -> None:
    done = run(bundle, tmp_path, scene(tmp_path), "--map", "B99=1")
    assert done.code == 2
    assert "The model's bands: B02, B03, B04." in done.err


def test_scenes_of_one_name_are_refused(bundle: Path, tmp_path: Path) -> None:
    first, second = scene(tmp_path / "a"), scene(tmp_path / "b")
    done = run(bundle, tmp_path, first, second)
    assert done.code == 2
    assert "would give products of the same name" in done.err
    assert str(first) in done.err
    assert str(second) in done.err
    assert not (tmp_path / "out").exists()


def test_a_scene_given_twice_is_refused(bundle: Path, tmp_path: Path) -> None:
    path = scene(tmp_path)
    assert run(bundle, tmp_path, path, path).code == 2
    assert not (tmp_path / "out").exists()


def test_a_slip_in_the_last_scene_stops_before_the_first(bundle: Path, tmp_path: Path) -> None:
    wrong = write_scene(tmp_path / "wrong.tif", SAMPLES, names=("a", "b", "c"))
    done = run(bundle, tmp_path, scene(tmp_path), wrong)
    assert done.code == 2
    assert done.out == ""
    assert "wrong.tif has no band that fits band B02" in done.err
    assert not (tmp_path / "out").exists()


def test_a_last_scene_that_is_too_small_stops_before_the_first(tmp_path: Path) -> None:
    small = write_scene(tmp_path / "small.tif", SAMPLES[:, :4], names=BAND_NAMES)
    made = make_bundle(tmp_path, plain_contract(), valid_net)
    done = run(made, tmp_path, scene(tmp_path), small)
    assert done.code == 2
    assert "too small" in done.err
    assert not (tmp_path / "out").exists()


def test_a_later_scene_without_data_leaves_the_products_of_the_first(
    bundle: Path, tmp_path: Path
) -> None:
    empty = write_scene(tmp_path / "empty.tif", SAMPLES * 0, names=BAND_NAMES, nodata=0)
    done = run(bundle, tmp_path, scene(tmp_path), empty)
    assert done.code == 2
    assert "scene empty.tif has no data." in done.err
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "scene_tiny-net.json", "scene_tiny-net.png", "scene_tiny-net.tif",
    ]  # fmt: skip


def test_a_tile_too_small_for_the_halo_is_refused(tmp_path: Path) -> None:
    done = run(make_bundle(tmp_path), tmp_path, scene(tmp_path), "--tile", "4")
    assert done.code == 2
    assert "a tile of 4 px is too small" in done.err
    assert "Give a tile of at least 5 px." in done.err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("out", ["file", "file/out", "file/deep/out"])
def test_an_output_folder_that_cannot_be_is_refused(bundle: Path, tmp_path: Path, out: str) -> None:
    (tmp_path / "file").write_text("mine")
    done = edgers("run", bundle, scene(tmp_path), "-o", tmp_path / out)
    assert done.code == 2
    assert f"output folder {tmp_path / out} cannot be written to." in done.err
    assert "Give another one with -o." in done.err
    assert (tmp_path / "file").read_text() == "mine"


def test_folders_made_for_a_run_that_fails_are_taken_away(bundle: Path, tmp_path: Path) -> None:
    empty = write_scene(tmp_path / "empty.tif", SAMPLES * 0, names=BAND_NAMES, nodata=0)
    done = edgers("run", bundle, empty, "-o", tmp_path / "new" / "deep" / "out")
    assert done.code == 2
    assert not (tmp_path / "new").exists()


def test_an_empty_folder_that_was_there_stays(bundle: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    empty = write_scene(tmp_path / "empty.tif", SAMPLES * 0, names=BAND_NAMES, nodata=0)
    assert run(bundle, tmp_path, empty).code == 2
    assert list((tmp_path / "out").iterdir()) == []


def test_a_product_that_is_a_folder_is_an_error_in_words(bundle: Path, tmp_path: Path) -> None:
    (tmp_path / "out" / "scene_tiny-net.tif" / "x").mkdir(parents=True)
    done = run(bundle, tmp_path, scene(tmp_path))
    assert done.code == 2
    assert "scene_tiny-net.tif is a folder" in done.err
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["scene_tiny-net.tif"]
