"""The picture of what was sampled."""

import io
from pathlib import Path

import numpy as np
import pytest
from builders.bundles import BAND_NAMES
from builders.calibrated import sampled
from builders.scenes import noise, write_scene
from PIL import Image

from edgers.calibration.mosaic import scene_picture
from edgers.calibration.picture import OUTLINE, PAGE_PX, write_picture
from edgers.calibration.source import open_source, reading
from edgers.products.quicklook import EMPTY


def yellow(picture: bytes) -> int:
    pixels = np.asarray(Image.open(io.BytesIO(picture)).convert("RGB"))
    return int((pixels == OUTLINE).all(axis=2).sum())


def test_tiles_that_were_taken_are_outlined(tmp_path: Path) -> None:
    scene = write_scene(tmp_path / "s.tif", noise(3, 128, 128), names=BAND_NAMES)
    few, many = (write_picture(sampled([scene], count=count), "title") for count in (4, 40))
    assert Image.open(io.BytesIO(few)).format == "PNG"
    assert Image.open(io.BytesIO(few)).width == PAGE_PX
    assert yellow(few) > 0
    assert yellow(many) == pytest.approx(10 * yellow(few), rel=0.02)


def test_many_scenes_with_long_names_fit_on_the_page(tmp_path: Path) -> None:
    scenes = [
        write_scene(tmp_path / f"{'long_' * 30}{i}.tif", noise(3, 40, 90, seed=i), names=BAND_NAMES)
        for i in range(11)
    ]
    picture = Image.open(io.BytesIO(write_picture(sampled(scenes, count=50), "title " * 60)))
    assert picture.width == PAGE_PX
    assert picture.height < 4000


@pytest.mark.parametrize("side_px", [100, 37, 256])
def test_a_scene_is_drawn_where_it_is(tmp_path: Path, side_px: int) -> None:
    samples = np.full((3, side_px, side_px), 500, np.uint16)
    samples[:, : side_px // 2, : side_px // 2] = 3000
    samples[:, -side_px // 4 :, -side_px // 4 :] = 0
    path = write_scene(tmp_path / "s.tif", samples, names=BAND_NAMES, nodata=0)
    found = sampled([path])
    (source,) = found.sources
    told: list[None] = []
    with reading(), open_source(found.contract, source, {}) as scene:
        drawn = scene_picture(
            scene, found.contract.main, found.windows[source.sha256], 100, lambda: told.append(None)
        )
    image = drawn.image
    assert len(told) == found.looked_at
    assert max(image.shape) <= 100
    half = image.shape[0] // 2
    assert (image[: half - 1, : half - 1] == image[0, 0]).all()
    assert (image[half + 2 : half + 5, : half - 1] == image[half + 3, 0]).all()
    assert (image[0, 0] > image[half + 3, 0]).all()
    assert (image[-3:, -3:] == EMPTY).all()
