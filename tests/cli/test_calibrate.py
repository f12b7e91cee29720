"""`edgers calibrate`: what it writes and prints, and what it refuses."""

import json
from pathlib import Path

import numpy as np
import onnx
import pytest
from builders.bundles import BAND_NAMES, contract_document, tiny_net
from builders.calibrated import labels_like
from builders.networks import NAN_AT, broken_net, plain_contract
from builders.refusals import is_refusal
from builders.runs import Outcome, edgers
from builders.scenes import noise, write_scene
from PIL import Image

from edgers.calibration.ranges import check_ranges, ranges_from_file


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    onnx.save(tiny_net(), tmp_path / "m.onnx")
    (tmp_path / "c.json").write_text(json.dumps(contract_document()))
    for i, name in enumerate(("a_S2", "b_S2")):
        write_scene(tmp_path / f"{name}.tif", noise(3, 64, 96, seed=i), names=BAND_NAMES)
    return tmp_path


def calibrate(folder: Path, *more: object, scenes: tuple[str, ...] = ("a_S2", "b_S2")) -> Outcome:
    return edgers(
        "calibrate", folder / "m.onnx", "--contract", folder / "c.json",
        *(folder / f"{name}.tif" for name in scenes), "-o", folder / "r.json", "--tile", 16, *more,
    )  # fmt: skip


def refused(folder: Path, *more: object, scenes: tuple[str, ...] = ("a_S2", "b_S2")) -> str:
    """Calibrate what must be refused with nothing left behind; give the text."""
    before = sorted(folder.iterdir())
    done = calibrate(folder, *more, scenes=scenes)
    assert is_refusal(done), done
    assert sorted(folder.iterdir()) == before
    return done.err


def test_it_writes_ranges_and_a_picture_and_says_what_it_did(folder: Path) -> None:
    values = np.zeros((64, 96), np.uint8)
    values[50, 80] = 1
    labels_like(folder / "a_Label.tif", values)
    picture = folder / "p.png"
    done = calibrate(
        folder, "--tiles", 12, "--labels", folder / "a_Label.tif", "--picture", picture
    )
    assert done.code == 0, done.err
    lines = dict(line.split(maxsplit=1) for line in done.out.splitlines())
    assert lines["scenes"] == "2 scenes · a_S2.tif, b_S2.tif"
    assert lines["tiles"] == "12 of 48 · 16 × 16 px · seed 0"
    assert lines["strata"].startswith("3 of 3 by spectrum")
    assert lines["classes"].endswith("1 in 1 tiles")
    assert lines["tensors"].startswith("7 ")
    assert {"picture", "ranges", "next"} <= set(lines)
    ranges = ranges_from_file(folder / "r.json")
    check_ranges(ranges, (folder / "m.onnx").read_bytes(), folder / "r.json")
    assert {one.name for one in ranges.scenes} == {"a_S2.tif", "b_S2.tif"}
    with Image.open(picture) as image:
        assert image.format == "PNG"


def test_the_same_call_gives_the_same_bytes_in_any_order_of_scenes(folder: Path) -> None:
    written = []
    for scenes, seed in ((("a_S2", "b_S2"), 0), (("b_S2", "a_S2"), 0), (("a_S2", "b_S2"), 1)):
        done = calibrate(folder, "--tiles", 9, "--seed", seed, "--quiet", scenes=scenes)
        assert (done.code, done.out, done.err) == (0, "", "")
        written.append((folder / "r.json").read_bytes())
    assert written[0] == written[1] != written[2]


def test_fewer_tiles_than_asked_for_are_told(folder: Path) -> None:
    done = calibrate(folder)
    assert "256 tiles were asked for; all there are were taken" in done.out


def test_no_scene_and_scenes_of_nodata_are_refused(folder: Path) -> None:
    assert "no scene" in refused(folder, scenes=())
    empty = np.zeros((3, 32, 32), np.uint16)
    write_scene(folder / "e.tif", empty, names=BAND_NAMES, nodata=0)
    assert "nothing to calibrate on" in refused(folder, scenes=("e",))


def test_a_missing_band_is_refused_and_can_be_mapped(folder: Path) -> None:
    write_scene(folder / "o.tif", noise(3, 32, 32), names=("B02", "B03", "other"))
    assert "B04" in refused(folder, scenes=("o",))
    assert calibrate(folder, "--map", "B04=other", scenes=("o",)).code == 0


def test_labels_that_fit_no_scene_or_cannot_be_read_are_refused(folder: Path) -> None:
    labels = labels_like(folder / "other.tif", np.zeros((64, 96), np.uint8))
    assert "fit none" in refused(folder, "--labels", labels)
    assert "not there" in refused(folder, "--labels", folder / "none")
    (folder / "a_Label.tif").write_bytes(b"nothing")
    assert "cannot be read" in refused(folder, "--labels", folder / "a_Label.tif")


def test_a_tensor_without_a_range_is_refused_with_its_tile(folder: Path) -> None:
    onnx.save(broken_net(), folder / "m.onnx")
    (folder / "c.json").write_text(json.dumps(plain_contract()))
    samples = noise(3, 64, 96, "float32") + 100
    samples[0, 40, 70] = NAN_AT
    write_scene(folder / "n.tif", samples, names=BAND_NAMES)
    text = refused(folder, scenes=("n",))
    assert "holds NaN" in text
    assert "n.tif, row 32, column 64" in text


def test_a_graph_that_does_not_fit_its_contract_is_refused(folder: Path) -> None:
    (folder / "m.onnx").write_bytes(b"no graph")
    assert "not a valid ONNX" in refused(folder)


def test_what_cannot_be_written_is_refused_before_the_work(folder: Path) -> None:
    done = calibrate(folder, "--picture", folder / "none" / "p.png")
    assert is_refusal(done)
    assert "Its folder is not there" in done.err
    assert not (folder / "r.json").exists()
