"""Streams of frames, end to end."""

import json
import signal
import threading
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from builders.frames import NADIR, SIDECAR, colours, write_image, write_video
from builders.live import DEADLINE_S, PICTURE, Script, images, lines, live, product
from builders.networks import (
    attention_net,
    band_net,
    broken_net,
    fixed_net,
    index_contract,
    index_net,
    one_score_net,
    patch_net,
    plain_contract,
    two_class_contract,
    unet,
    valid_net,
)
from builders.scenes import write_scene
from rasterio.errors import NotGeoreferencedWarning

from edgers.bundle import open_bundle
from edgers.errors import BandError, EdgersError, SceneError, TilingError
from edgers.pipeline.model import load_model
from edgers.pipeline.options import RunOptions
from edgers.pipeline.run import run_scene
from edgers.scene.frame_folder import FrameFolder
from edgers.scene.pose_file import read_pose_table
from edgers.scene.video import VideoFile


@pytest.mark.parametrize(
    ("net", "document", "tile_px"),
    [
        (band_net, None, None), (band_net, None, 25), (unet, None, 32), (valid_net, None, 30),
        (patch_net, None, 24), (fixed_net, None, None), (attention_net, None, 40),
        (index_net, index_contract(), 25), (one_score_net, two_class_contract(), 25),
    ],
)  # fmt: skip
def test_a_frame_gives_the_map_that_a_scene_gives(
    tmp_path: Path, net: Any, document: Any, tile_px: int | None
) -> None:
    """From an image file and from a video, bit for bit, whatever the tiles."""
    scene = write_image(tmp_path / "a.png", colours(100, 90))
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "a.png").write_bytes(scene.read_bytes())
    with FrameFolder(folder, follow=False) as source:
        live(tmp_path, source, net=net, document=document, tile_px=tile_px)
    live(tmp_path, Script(colours(100, 90)[..., ::-1]), tile_px=tile_px)
    with load_model(open_bundle(tmp_path / "b.edgers")) as model:
        report = run_scene(model, scene, tmp_path / "ref", RunOptions(tile_px=tile_px))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        with rasterio.open(report.products[0]) as dataset:
            wanted = dataset.read(1)
    for line in lines(tmp_path):
        assert np.array_equal(product(tmp_path, line), wanted)


def test_a_folder_gives_a_map_and_a_line_for_each_image(tmp_path: Path) -> None:
    with FrameFolder(images(tmp_path / "in"), follow=False) as source:
        report = live(tmp_path, source)
    assert (report.done, report.dropped, report.failed) == (3, 0, 0)
    assert report.ended_by == "end of folder"
    found = lines(tmp_path)
    assert [line["frame"] for line in found] == [0, 1, 2]
    assert [line["time"] for line in found] == [f"2024-05-04T12:00:0{i}.000000Z" for i in range(3)]
    assert [line["product"] for line in found] == [
        f"p{i}_20240504T12000{i}_00000{i}.tif" for i in range(3)
    ]
    for i, line in enumerate(found):
        # Bands are asked for as blue, green, red.
        wanted = np.argmax(colours(48, 64, i)[..., ::-1], axis=2)
        assert np.array_equal(product(tmp_path, line), wanted)
        assert line["time_from"] == "file name"
        assert line["latency_ms"] >= 0
        assert (line["geo"], line["footprint"], line["gsd_m"]) == ("none", None, None)
        assert sum(one["pixels"] for one in line["classes"]) == 48 * 64
        assert sum(one["share"] for one in line["classes"]) == pytest.approx(1, abs=1e-5)
        assert {one["area_m2"] for one in line["classes"]} == {None}
    left = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert left == ["frames.jsonl", *(line["product"] for line in found)]


def test_the_product_says_what_it_is(tmp_path: Path) -> None:
    with FrameFolder(images(tmp_path / "in", 1), follow=False) as source:
        live(tmp_path, source)
    (line,) = lines(tmp_path)
    with pytest.warns(NotGeoreferencedWarning):
        dataset = rasterio.open(tmp_path / "out" / line["product"])
    with dataset:
        assert dataset.nodata == 255
        assert dataset.descriptions == ("class",)
        assert dataset.tags(1)["CLASS_1"] == "water"
        assert set(dataset.colormap(1)) >= {0, 1, 2}
        tags = dataset.tags()
    assert tags["EDGERS_SOURCE"] == "p0_20240504T120000.png"
    assert tags["EDGERS_DATETIME"] == "2024-05-04T12:00:00.000000Z"
    assert tags["EDGERS_BUNDLE_ID"] == line["bundle_id"]


def test_a_video_gives_a_map_for_each_picture(tmp_path: Path) -> None:
    pictures = [np.full((48, 64, 3), np.roll((200, 40, 40), i), np.uint8) for i in range(3)]
    path = write_video(tmp_path / "v_20240504T120000.avi", pictures)
    with VideoFile(path) as source:
        report = live(tmp_path, source)
    assert report.done == 3
    found = lines(tmp_path)
    # Red, green, blue; bands are asked for as blue, green, red.
    assert [int(np.median(product(tmp_path, line))) for line in found] == [2, 1, 0]
    assert [line["time"][-10:] for line in found] == ["00.000000Z", "00.100000Z", "00.200000Z"]


def test_a_pose_places_the_map_and_gives_areas(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    write_image(folder / "a.jpg", dji=NADIR)
    with FrameFolder(folder, follow=False) as source:
        report = live(tmp_path, source)
    (line,) = lines(tmp_path)
    assert report.placed == {"pose": 1}
    assert (line["geo"], line["lon"], line["lat"]) == ("pose", 8.0, 47.0)
    assert (line["height_m"], line["height_from"]) == (100.0, "take-off")
    assert line["gsd_m"] == pytest.approx(1.0)
    for one in line["classes"]:
        assert one["area_m2"] == pytest.approx(one["pixels"], rel=1e-6)
    ring = np.array(line["footprint"]["coordinates"][0])
    assert np.ptp(ring[:, 0]) * 76_057 == pytest.approx(64, rel=1e-3)
    assert np.ptp(ring[:, 1]) * 111_172 == pytest.approx(48, rel=1e-3)
    with rasterio.open(tmp_path / "out" / line["product"]) as dataset:
        points, crs = dataset.gcps
    assert crs.to_epsg() == 4326
    assert [(point.col, point.row) for point in points] == [(0, 0), (64, 0), (64, 48), (0, 48)]
    # The first is the north-west corner.
    assert points[0].x < 8 < points[1].x
    assert points[2].y < 47 < points[1].y


@pytest.mark.parametrize(("net", "tile_px"), [(patch_net, 24), (valid_net, 30)])
def test_coarser_and_shifted_maps_are_placed_and_measured(
    tmp_path: Path, net: Any, tile_px: int
) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    write_image(folder / "a.jpg", dji={**NADIR, "GimbalPitchDegree": "-80"})
    with FrameFolder(folder, follow=False) as source:
        live(tmp_path, source, net=net, tile_px=tile_px)
    (line,) = lines(tmp_path)
    with rasterio.open(tmp_path / "out" / line["product"]) as dataset:
        columns, rows = np.array([(point.col, point.row) for point in dataset.gcps[0]]).T
    scale, shift = (0.25, 0) if net is patch_net else (1, -2)
    assert (columns.min(), columns.max()) == (shift, 64 * scale + shift)
    assert (rows.min(), rows.max()) == (shift, 48 * scale + shift)
    total = sum(one["area_m2"] for one in line["classes"])
    # A leaning frame: the ground under all product pixels, by a sum over the frame's own.
    inside = (slice(2, -2), slice(2, -2)) if net is valid_net else (slice(None), slice(None))
    _, v = np.meshgrid((np.arange(64) - 31.5) / 100, (np.arange(48) - 23.5) / 100)
    lean = np.radians(10)
    down = np.cos(lean) + v * np.sin(lean)
    assert total == pytest.approx((1 / down**3)[inside].sum(), rel=1e-3)


def test_a_frame_with_its_own_place_keeps_it(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    samples = colours(20, 30).transpose(2, 0, 1)
    write_scene(folder / "a.tif", samples, names=("B02", "B03", "B04"))
    (folder / "a.json").write_text(json.dumps(SIDECAR))
    with FrameFolder(folder, follow=False) as source:
        live(tmp_path, source)
    (line,) = lines(tmp_path)
    assert line["geo"] == "file"
    assert line["gsd_m"] == pytest.approx(10, rel=1e-2)
    with (
        rasterio.open(folder / "a.tif") as one,
        rasterio.open(tmp_path / "out" / line["product"]) as other,
    ):
        assert (one.crs, one.transform) == (other.crs, other.transform)
    assert sum(one["area_m2"] for one in line["classes"]) == pytest.approx(60_000, rel=1e-2)


def test_a_frame_of_another_gsd_than_the_models_is_not_used(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    write_image(folder / "a_20240504T120000.jpg", dji={**NADIR, "RelativeAltitude": "300"})
    write_image(folder / "b_20240504T120001.jpg", dji=NADIR)
    document = plain_contract(**{"edgers:gsd_m": 1.0})
    with FrameFolder(folder, follow=False) as source:
        report = live(tmp_path, source, document=document)
    assert (report.done, report.failed) == (1, 1)
    assert "pixels are 3 m wide" in lines(tmp_path)[0]["error"]


def test_poses_of_a_video_come_from_a_table(tmp_path: Path) -> None:
    path = write_video(tmp_path / "v.avi", [colours(48, 64, i) for i in range(4)])
    rows = ["seconds,lat,lon,height_above_ground_m,yaw_deg,pitch_deg,roll_deg,focal_px"]
    rows += [f"{i / 10},47,{8 + i / 1000},100,0,-90,0,100" for i in range(3)]
    (tmp_path / "p.csv").write_text("\n".join(rows))
    with VideoFile(path, poses=read_pose_table(tmp_path / "p.csv")) as source:
        report = live(tmp_path, source)
    assert report.placed == {"pose": 3, "none": 1}
    found = lines(tmp_path)
    assert [line.get("lon") for line in found] == pytest.approx([8, 8.001, 8.002, None])
    assert "does not reach" in found[3]["geo_why"]


def test_a_size_that_changes_is_followed(tmp_path: Path) -> None:
    sizes = [(16, 16), (40, 30), (16, 16), (7, 300)]
    live(tmp_path, Script(*(colours(*size) for size in sizes), is_live=False))
    found = lines(tmp_path)
    assert [tuple(line["size_px"]) for line in found] == sizes
    assert [product(tmp_path, line).shape for line in found] == sizes


def test_frames_that_cannot_be_used_are_noted_and_the_stream_goes_on(tmp_path: Path) -> None:
    bad = [np.zeros((0, 0, 3), np.uint8), np.zeros((4, 4), np.uint8), np.zeros((4, 4, 3), float)]
    report = live(tmp_path, Script(*bad, PICTURE, bad[0], PICTURE, is_live=False))
    assert (report.done, report.failed) == (2, 4)
    found = lines(tmp_path)
    assert [line["status"] for line in found] == ["failed"] * 3 + ["done", "failed", "done"]
    assert [line["failed"] for line in found] == [1, 2, 3, 3, 4, 4]
    assert all(line["error"] for line in found if line["status"] == "failed")


def test_a_damaged_image_is_noted_and_the_next_is_run(tmp_path: Path) -> None:
    folder = images(tmp_path / "in")
    path = folder / "p1_20240504T120001.png"
    path.write_bytes(path.read_bytes()[:100])
    with FrameFolder(folder, follow=False) as source:
        report = live(tmp_path, source)
    assert (report.done, report.failed) == (2, 1)
    assert "p1_20240504T120001" in lines(tmp_path)[1]["error"]


def test_a_stream_without_one_good_frame_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SceneError):
        live(tmp_path, Script(np.zeros((0, 0, 3), np.uint8), is_live=False))


def test_a_first_frame_that_does_not_fit_the_model_ends_the_run(tmp_path: Path) -> None:
    document = plain_contract()
    document["mlm:input"][0]["bands"][0] = {"name": "nir"}
    with pytest.raises(BandError):
        live(tmp_path, Script(PICTURE), document=document)
    assert not (tmp_path / "out").exists()


def test_a_first_frame_too_small_for_the_model_ends_the_run(tmp_path: Path) -> None:
    with pytest.raises(TilingError):
        live(tmp_path, Script(colours(4, 4)), net=valid_net)
    assert not (tmp_path / "out").exists()


def test_a_network_without_a_number_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(EdgersError, match="NaN"):
        live(tmp_path, Script(np.full((8, 8, 3), 7, np.uint8)), net=broken_net)


def waiting(event: threading.Event) -> Callable[[], None]:
    def wait() -> None:
        assert event.wait(DEADLINE_S)

    return wait


@pytest.mark.parametrize(
    ("drop", "queue", "wanted"),
    [
        (None, 2, [0, 8, 9]), ("oldest", 1, [0, 9]), ("newest", 2, [0, 1, 2]),
        ("none", 2, list(range(10))),
    ],
)  # fmt: skip
def test_what_comes_while_a_frame_is_in_work_is_dropped_by_the_rule(
    tmp_path: Path, drop: Any, queue: int, wanted: list[int]
) -> None:
    """The first frame is in work until the source has given all others."""
    begun, given = threading.Event(), threading.Event()
    source = Script(PICTURE, waiting(begun), *[PICTURE] * 9, given.set)

    def hold(entry: Any) -> None:
        begun.set()
        if drop != "none":
            assert given.wait(DEADLINE_S)

    report = live(tmp_path, source, drop=drop, queue=queue, on_frame=hold)
    assert [line["frame"] for line in lines(tmp_path)] == wanted
    assert report.dropped == 10 - len(wanted)
    assert lines(tmp_path)[-1]["dropped"] == report.dropped


def test_files_are_not_dropped_unless_asked_for(tmp_path: Path) -> None:
    report = live(tmp_path, Script(*[PICTURE] * 20, is_live=False), queue=1)
    assert (report.done, report.dropped) == (20, 0)


def test_one_frame_in_some(tmp_path: Path) -> None:
    report = live(tmp_path, Script(*[PICTURE] * 10, is_live=False), every=3)
    assert [line["frame"] for line in lines(tmp_path)] == [0, 3, 6, 9]
    assert (report.skipped, report.dropped) == (6, 0)


@pytest.mark.parametrize(
    ("fps", "most", "wanted"),
    [
        (30.0, 10.0, [0, 3, 6, 9, 12]), (25.0, 10.0, [0, 3, 5, 8, 10, 13]),
        (5.0, 10.0, list(range(15))), (10.0, 10.0, list(range(15))), (30.0, 0.001, [0]),
    ],
)  # fmt: skip
def test_at_most_so_many_frames_a_second(
    tmp_path: Path, fps: float, most: float, wanted: list[int]
) -> None:
    source = Script(*[PICTURE] * 15, is_live=False, fps=fps)
    live(tmp_path, source, max_fps=most)
    assert [line["frame"] for line in lines(tmp_path)] == wanted


def test_a_stop_in_a_stream_leaves_whole_products(tmp_path: Path) -> None:
    source = Script(*[PICTURE] * 50, is_live=False)

    def stop(entry: Any) -> None:
        if entry["frame"] == 2:
            signal.raise_signal(signal.SIGTERM)

    report = live(tmp_path, source, on_frame=stop)
    assert report.ended_by == "interrupt"
    assert report.done == 3
    assert source.is_closed
    assert len(lines(tmp_path)) == 3


def test_a_source_that_hangs_is_left_behind(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr("edgers.pipeline.live.LAST_WAIT_S", 0.01)
    never = threading.Event()
    source = Script(PICTURE, never.wait)
    source.patience_s = 0.0
    report = live(tmp_path, source)
    never.set()
    assert report.was_lost
    assert report.ended_by == "stall"
    # A thread still reads from it.
    assert not source.is_closed


def test_an_error_of_the_source_comes_through(tmp_path: Path) -> None:
    def fail() -> None:
        raise SceneError("the folder is gone")

    with pytest.raises(SceneError, match="gone"):
        live(tmp_path, Script(PICTURE, fail, is_live=False))
    assert [line["status"] for line in lines(tmp_path)] == ["done"]
