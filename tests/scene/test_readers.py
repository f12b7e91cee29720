"""Files read side by side: one thread a file, the first error in order, nothing left behind."""

import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import rasterio.env
from builders.bundles import BAND_NAMES, contract_document
from builders.scenes import noise, write_scene

from edgers.contract import contract_from_document
from edgers.errors import SceneError
from edgers.scene import readers
from edgers.scene.open import environment
from edgers.scene.readers import MOST_READERS, FileRead, Readers, reader_count
from edgers.scene.scene import Scene, scene_paths

LONG_S = 20
INPUTS = contract_from_document(contract_document()).inputs


def read(name: str, work: Callable[[], object]) -> FileRead:
    return FileRead(path=Path(name), work=lambda: work() and None)


def failing(name: str, after: threading.Event | None = None) -> FileRead:
    def work() -> None:
        if after is not None:
            assert after.wait(LONG_S)
        raise SceneError(name)

    return FileRead(path=Path(name), work=work)


def reader_threads() -> list[str]:
    return [one.name for one in threading.enumerate() if one.name.startswith("reader")]


def test_files_are_read_at_the_same_time() -> None:
    together = threading.Barrier(3, timeout=LONG_S)
    with environment(), Readers(3) as pool:
        pool.read(read(name, together.wait) for name in "abc")
    assert not together.broken


def test_one_file_is_read_by_one_thread_whatever_reads_it() -> None:
    seen: list[tuple[str, int]] = []

    def work(name: str) -> None:
        seen.append((name, threading.get_ident()))
        time.sleep(0.01)

    names = ["a.tif", "b.tif", f"{Path.cwd()}/a.tif", "./b.tif"]
    with environment(), Readers(4) as pool:
        for _ in range(5):
            pool.read(read(name, lambda name=name: work(name)) for name in names)
    for i in range(0, len(seen), 4):
        for file in "ab":
            assert len({thread for name, thread in seen[i : i + 4] if f"{file}.tif" in name}) == 1


def test_each_thread_has_the_settings_of_the_raster_library() -> None:
    found: list[dict[str, object]] = []
    together = threading.Barrier(2, timeout=LONG_S)

    def work() -> None:
        together.wait()
        found.append(rasterio.env.getenv())

    with environment(), Readers(2) as pool:
        pool.read(read(name, work) for name in "ab")
        assert found == [rasterio.env.getenv()] * 2


def test_the_first_file_in_order_is_named_though_a_later_one_failed_before() -> None:
    late = threading.Event()

    def fails() -> None:
        late.set()
        raise SceneError("second")

    with environment(), Readers(2) as pool, pytest.raises(SceneError, match="first"):
        pool.read([failing("first", late), read("second", fails)])


def test_after_an_error_no_file_is_begun_and_none_is_being_read() -> None:
    ended, begun = threading.Event(), threading.Event()
    together = threading.Barrier(2, timeout=LONG_S)

    def work() -> None:
        together.wait()
        if threading.current_thread() is not threading.main_thread():
            raise SceneError("second")
        time.sleep(0.3)
        ended.set()

    reads = [read("a", work), read("b", work), read("c", begun.set)]
    with environment(), Readers(2) as pool:
        with pytest.raises(SceneError, match="second"):
            pool.read(reads)
        assert ended.is_set()
        assert not begun.is_set()
        # What failed once is read again.
        pool.read([read("a", lambda: None), read("c", begun.set)])
        assert begun.is_set()


def test_an_interrupt_waits_for_what_is_being_read() -> None:
    ended = threading.Event()
    together = threading.Barrier(2, timeout=LONG_S)

    def work() -> None:
        together.wait()
        if threading.current_thread() is threading.main_thread():
            raise KeyboardInterrupt
        time.sleep(0.3)
        ended.set()

    with environment(), Readers(2) as pool:
        with pytest.raises(KeyboardInterrupt):
            pool.read(read(name, work) for name in "ab")
        assert ended.is_set()


@pytest.mark.parametrize(
    ("processors", "files", "count"), [(1, 13, 1), (2, 13, 2), (64, 13, MOST_READERS), (8, 1, 1)]
)
def test_as_many_files_are_read_at_once_as_there_are_processors(
    monkeypatch: pytest.MonkeyPatch, processors: int, files: int, count: int
) -> None:
    monkeypatch.setattr(readers, "processors", lambda: processors)
    assert reader_count([Path(str(i)) for i in range(files)] * 2) == count


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(readers, "processors", lambda: 3)
    for i, name in enumerate(BAND_NAMES):
        write_scene(
            tmp_path / f"s_{name}.tif", noise(1, 200, 300, seed=i), names=(name,), tiled=True,
            blockxsize=64, blockysize=64, compress="deflate",
        )  # fmt: skip
    return tmp_path


def scene_of(path: Path) -> Scene:
    return Scene(scene_paths(INPUTS, [path], {}), INPUTS, {})


def test_a_scene_of_several_files_is_read_side_by_side_and_ends_its_threads(folder: Path) -> None:
    with environment(), scene_of(folder) as scene:
        assert scene.readers == 3
        for _ in range(20):
            found = scene.read(3, 5, 190, 290).main.samples
            for i, samples in enumerate(found):
                assert np.array_equal(samples, noise(1, 200, 300, seed=i)[0, 3:193, 5:295])
        assert reader_threads()
    assert not reader_threads()


def test_a_scene_of_one_file_has_no_more_threads(tmp_path: Path) -> None:
    path = write_scene(tmp_path / "s.tif", noise(3, 90, 90), names=BAND_NAMES)
    with environment(), scene_of(path) as scene:
        scene.read(0, 0, 90, 90)
        assert (scene.readers, reader_threads()) == (1, [])


def test_of_several_damaged_files_the_first_is_named(folder: Path) -> None:
    files = sorted(folder.iterdir())
    for path in files[1:]:
        raw = bytearray(path.read_bytes())
        raw[2000:60_000] = bytes(58_000)
        path.write_bytes(raw)
    for _ in range(10):
        with environment(), scene_of(folder) as scene:
            order = [one.path.name for one in scene.first.reading(0, 0, 9, 9).reads]
            assert order == [path.name for path in files]
            with pytest.raises(SceneError, match=files[1].name):
                scene.read(0, 0, 200, 300)
        assert not reader_threads()
