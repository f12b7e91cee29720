"""Drafts hold what was written to them, wherever and in whatever order, and tell damage."""

import errno
import os
import threading
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edgers.errors import OutputError
from edgers.products.draft import Draft, DraftShape

TYPES = ("uint8", "uint16", "int16", "float32")
SHAPE = DraftShape(bands=2, height_px=7, width_px=9, data_type="uint16")


def noise(shape: tuple[int, ...], data_type: str, seed: int = 0) -> npt.NDArray[Any]:
    return np.random.default_rng(seed).integers(0, 200, shape).astype(data_type)


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_blocks_of_any_type_at_any_place_are_read_back(tmp_path: Path, data: st.DataObject) -> None:
    bands, height, width = (data.draw(st.integers(1, most)) for most in (4, 30, 30))
    kind = data.draw(st.sampled_from(TYPES))
    shape = DraftShape(bands=bands, height_px=height, width_px=width, data_type=kind)
    wanted = np.zeros((bands, height, width), kind)
    path = tmp_path / "draft"
    path.unlink(missing_ok=True)
    with Draft(path, shape) as draft:
        for seed in range(data.draw(st.integers(0, 4))):
            top, left = data.draw(st.integers(0, height)), data.draw(st.integers(0, width))
            high, wide = (
                data.draw(st.integers(0, height - top)),
                data.draw(st.integers(0, width - left)),
            )
            block = noise((bands, high, wide), kind, seed)
            wanted[:, top : top + high, left : left + wide] = block
            checksum = draft.write(block, top, left)
            assert checksum == zlib.crc32(block.tobytes())
            assert draft.checksum(top, left, high, wide) == checksum
        assert np.array_equal(draft.read(0, 0, height, width), wanted)
    assert path.stat().st_size == shape.size_bytes == wanted.nbytes
    assert path.read_bytes() == wanted.tobytes()


@pytest.mark.parametrize("shape", [(2, 0, 4), (2, 4, 0), (2, 0, 0)])
def test_a_block_of_nothing_is_nothing(tmp_path: Path, shape: tuple[int, int, int]) -> None:
    with Draft(tmp_path / "draft", SHAPE) as draft:
        assert draft.write(np.empty(shape, "uint16"), 3, 3) == zlib.crc32(b"")
        assert draft.checksum(3, 3, *shape[1:]) == zlib.crc32(b"")
        assert draft.read(3, 3, *shape[1:]).shape == shape
        assert not draft.read(0, 0, 7, 9).any()


def test_what_was_never_written_is_zero(tmp_path: Path) -> None:
    with Draft(tmp_path / "draft", SHAPE) as draft:
        assert not draft.read(0, 0, 7, 9).any()


def test_a_draft_holds_no_disk_for_what_was_not_written(tmp_path: Path) -> None:
    shape = DraftShape(bands=3, height_px=20_000, width_px=20_000, data_type="float32")
    with Draft(tmp_path / "draft", shape) as draft:
        draft.write(np.ones((3, 1, 1), np.float32), 19_999, 19_999)
    found = (tmp_path / "draft").stat()
    assert found.st_size == 4_800_000_000
    assert found.st_blocks * 512 < 10**6


def test_an_open_draft_is_found_again(tmp_path: Path) -> None:
    block = noise((2, 3, 4), "uint16")
    with Draft(tmp_path / "draft", SHAPE) as draft:
        checksum = draft.write(block, 2, 5)
    with Draft(tmp_path / "draft", SHAPE) as draft:
        assert draft.checksum(2, 5, 3, 4) == checksum
        assert np.array_equal(draft.read(2, 5, 3, 4), block)


def test_one_altered_bit_changes_the_checksum_of_its_block_alone(tmp_path: Path) -> None:
    with Draft(tmp_path / "draft", SHAPE) as draft:
        sums = [draft.write(noise((2, 3, 4), "uint16", i), 0, 4 * i) for i in range(2)]
    data = bytearray((tmp_path / "draft").read_bytes())
    data[(1 * 9 + 5) * 2] ^= 1
    (tmp_path / "draft").write_bytes(data)
    with Draft(tmp_path / "draft", SHAPE) as draft:
        assert draft.checksum(0, 0, 3, 4) == sums[0]
        assert draft.checksum(0, 4, 3, 4) != sums[1]


@pytest.mark.parametrize("size", [0, 1, 100])
def test_a_shortened_draft_is_as_if_never_written_beyond(tmp_path: Path, size: int) -> None:
    with Draft(tmp_path / "draft", SHAPE) as draft:
        checksum = draft.write(np.ones((2, 7, 9), "uint16"), 0, 0)
    os.truncate(tmp_path / "draft", size)
    with Draft(tmp_path / "draft", SHAPE) as draft:
        assert draft.checksum(0, 0, 7, 9) != checksum
        assert not draft.read(6, 0, 1, 9)[1].any()


def test_a_block_of_another_type_is_stored_in_the_drafts(tmp_path: Path) -> None:
    with Draft(tmp_path / "draft", SHAPE) as draft:
        draft.write(np.full((2, 1, 1), 7, np.int64), 0, 0)
        assert draft.read(0, 0, 1, 1).tolist() == [[[7]], [[7]]]
        assert draft.read(0, 0, 1, 1).dtype == np.uint16


def test_a_block_that_is_a_view_is_stored_as_it_looks(tmp_path: Path) -> None:
    whole = noise((9, 7, 4), "uint16")
    block = whole.transpose(2, 1, 0)[1:3, ::2, ::-1]
    with Draft(tmp_path / "draft", SHAPE) as draft:
        draft.write(block, 0, 0)
        assert np.array_equal(draft.read(0, 0, 4, 9), block)


def test_what_the_system_writes_in_parts_is_written_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = os.pwrite
    monkeypatch.setattr(os, "pwrite", lambda fd, data, at: plain(fd, data[:3], at))
    block = noise((2, 7, 9), "uint16")
    with Draft(tmp_path / "draft", SHAPE) as draft:
        draft.write(block, 0, 0)
        assert np.array_equal(draft.read(0, 0, 7, 9), block)


def test_many_threads_may_write(tmp_path: Path) -> None:
    shape = DraftShape(bands=3, height_px=64, width_px=64, data_type="float32")
    blocks = noise((16, 3, 16, 16), "float32")
    with Draft(tmp_path / "draft", shape) as draft:
        threads = [
            threading.Thread(target=draft.write, args=(block, i // 4 * 16, i % 4 * 16))
            for i, block in enumerate(blocks)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for i, block in enumerate(blocks):
            assert np.array_equal(draft.read(i // 4 * 16, i % 4 * 16, 16, 16), block)


@pytest.mark.parametrize("call", ["pwrite", "fsync", "ftruncate"])
def test_a_full_disk_is_told_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def use() -> None:
        with Draft(tmp_path / "x.raw", SHAPE) as draft:
            draft.write(np.ones((2, 1, 1)), 0, 0)
            draft.sync()

    monkeypatch.setattr(os, call, full)
    with pytest.raises(OutputError, match=r"product x\.raw cannot be written\.") as caught:
        use()
    assert "No space left on device" in caught.value.seen
    assert "run the same command again" in caught.value.fix
