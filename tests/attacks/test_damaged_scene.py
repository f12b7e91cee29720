"""Scene files that are cut, altered or empty."""

import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from builders.bundles import BAND_NAMES, contract_document, make_bundle
from builders.refusals import is_refusal, refused_run
from builders.runs import edgers
from builders.scenes import noise, write_scene

TILED: dict[str, Any] = {"tiled": True, "blockxsize": 32, "blockysize": 32}
MAPS = [word for i, name in enumerate(BAND_NAMES, 1) for word in ("--map", f"{name}={i}")]


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_bundle(tmp_path_factory.mktemp("bundle"), contract_document())


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A tiled, deflated GeoTIFF."""
    path = tmp_path_factory.mktemp("scene") / "s.tif"
    samples = noise(3, 96, 96)
    write_scene(path, samples, names=BAND_NAMES, compress="DEFLATE", **TILED)
    return path.read_bytes()


def damaged(whole: bytes) -> bytes:
    """Put bytes in the middle that no deflated block can hold."""
    middle = len(whole) // 2
    return whole[:middle] + b"\xff" * 400 + whole[middle + 400 :]


def given(folder: Path, data: bytes) -> Path:
    path = folder / "scene.tif"
    path.write_bytes(data)
    return path


def test_the_whole_scene_is_accepted(bundle: Path, whole: bytes, tmp_path: Path) -> None:
    done = edgers("run", bundle, given(tmp_path, whole), "-o", tmp_path / "out")
    assert done.code == 0


def test_an_empty_file_is_refused(bundle: Path, tmp_path: Path) -> None:
    assert "is empty" in refused_run(bundle, given(tmp_path, b""), tmp_path / "out")


def test_a_cut_scene_is_refused_wherever_it_is_cut(
    bundle: Path, whole: bytes, tmp_path: Path
) -> None:
    for length in [*range(1, 200, 23), *range(200, len(whole), len(whole) // 25), len(whole) - 1]:
        text = refused_run(bundle, given(tmp_path, whole[:length]), tmp_path / "out")
        assert "scene.tif" in text, length


@pytest.mark.parametrize("compress", ["NONE", "LZW", "ZSTD"])
def test_a_cut_scene_of_any_compression_is_refused(
    bundle: Path, tmp_path: Path, compress: str
) -> None:
    path = write_scene(
        tmp_path / "scene.tif", noise(3, 96, 96), names=BAND_NAMES, compress=compress, **TILED
    )
    data = path.read_bytes()
    for share in (0.3, 0.9, 0.999):
        path.write_bytes(data[: int(share * len(data))])
        refused_run(bundle, path, tmp_path / "out")


def test_the_place_of_the_damage_is_told(bundle: Path, whole: bytes, tmp_path: Path) -> None:
    text = refused_run(bundle, given(tmp_path, damaged(whole)), tmp_path / "out")
    assert "cannot be read at rows 0 to 96, columns 0 to 96" in text
    assert "Copy or download the file again." in text


def test_altered_samples_give_an_error_in_words_or_a_whole_map(
    bundle: Path, whole: bytes, tmp_path: Path
) -> None:
    # libtiff does not compare the checksum of a deflated block, so some changes cannot be seen.
    choose = random.Random(0)
    refusals = 0
    for _ in range(30):
        data = bytearray(whole)
        data[choose.randrange(1000, 40_000)] ^= choose.randrange(1, 256)
        done = edgers("run", bundle, given(tmp_path, bytes(data)), "-o", tmp_path / "out")
        assert done.code == 0 or is_refusal(done), done
        refusals += done.code == 2
        assert len(list(tmp_path.glob("out/*"))) in (0, 3)
    assert refusals >= 20


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
def test_altered_headers_give_a_map_or_an_error_in_words(
    bundle: Path, whole: bytes, tmp_path: Path
) -> None:
    choose = random.Random(0)
    outcomes = set()
    for _ in range(120):
        data = bytearray(whole)
        for _ in range(choose.randrange(1, 4)):
            data[choose.randrange(4, 900)] = choose.randrange(256)
        done = edgers("run", bundle, given(tmp_path, bytes(data)), "-o", tmp_path / "out")
        assert done.code == 0 or is_refusal(done), done
        outcomes.add(done.code)
    assert outcomes == {0, 2}


PICTURES = [("JPEG", "scene.jpg", "uint8"), ("PNG", "scene.png", "uint16")]
PICTURES += [("JP2OpenJPEG", "scene.jp2", "uint16")]


@pytest.mark.parametrize(("driver", "name", "dtype"), PICTURES)
def test_a_cut_picture_is_refused(
    bundle: Path, tmp_path: Path, driver: str, name: str, dtype: str
) -> None:
    path = write_scene(tmp_path / name, noise(3, 200, 200, dtype), driver=driver, crs=None)
    data = path.read_bytes()
    assert edgers("run", bundle, path, "-o", tmp_path / "whole", *MAPS).code == 0
    for share in (0.1, 0.5, 0.9):
        path.write_bytes(data[: int(share * len(data))])
        refused_run(bundle, path, tmp_path / "out", *MAPS)


def test_one_damaged_scene_among_whole_ones_leaves_their_products(
    bundle: Path, whole: bytes, tmp_path: Path
) -> None:
    first = given(tmp_path, whole)
    second = tmp_path / "second.tif"
    second.write_bytes(damaged(whole))
    done = edgers("run", bundle, first, second, "-o", tmp_path / "out", "--quiet")
    assert is_refusal(done)
    names = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert names == ["scene_tiny-net.json", "scene_tiny-net.png", "scene_tiny-net.tif"]


def test_damage_in_the_last_rows_leaves_nothing(bundle: Path, tmp_path: Path) -> None:
    samples = np.tile(noise(3, 64, 64), (1, 12, 1))
    path = write_scene(tmp_path / "scene.tif", samples, compress="DEFLATE", **TILED)
    path.write_bytes(path.read_bytes()[:-50])
    text = refused_run(bundle, path, tmp_path / "out", "--tile", "64", *MAPS)
    assert "to 768, columns 0 to 64" in text
