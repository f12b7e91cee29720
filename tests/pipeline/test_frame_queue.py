import threading
from collections.abc import Iterator
from datetime import datetime, timezone

import pytest

from edgers.pipeline.frame_queue import Drop, FrameQueue
from edgers.scene.frame import Frame, FrameKey
from edgers.scene.frame_time import FrameTime
from edgers.scene.pose import Pose

DEADLINE_S = 30


def frame(number: int, *, is_backlog: bool = False) -> Frame:
    return Frame(
        number=number,
        key=FrameKey(source="s", size_bytes=None, mtime_ns=None),
        time=FrameTime(utc=datetime.now(timezone.utc), origin="test"),
        received_s=0.0,
        pose=Pose(),
        is_backlog=is_backlog,
    )


def taken(queue: FrameQueue) -> Iterator[int]:
    while (one := queue.take(lambda: False, 0.01)) is not None:
        yield one.number


def filled(drop: Drop, limit: int = 2) -> FrameQueue:
    queue = FrameQueue(limit, drop)
    for number in range(5):
        assert queue.put(frame(number))
    queue.finish()
    return queue


def test_the_newest_frames_win_where_the_oldest_are_dropped() -> None:
    queue = filled("oldest")
    assert list(taken(queue)) == [3, 4]
    assert queue.dropped == 3


def test_the_first_frames_win_where_the_newest_are_dropped() -> None:
    queue = filled("newest")
    assert list(taken(queue)) == [0, 1]
    assert queue.dropped == 3


@pytest.mark.parametrize(("drop", "is_backlog"), [("none", False), ("oldest", True),
                                                  ("newest", True)])  # fmt: skip
def test_a_source_that_can_wait_waits(drop: Drop, is_backlog: bool) -> None:
    queue = FrameQueue(1, drop)
    most: list[int] = []

    def feed() -> None:
        for number in range(20):
            most.append(len(queue._frames))
            queue.put(frame(number, is_backlog=is_backlog))
        queue.finish()

    feeder = threading.Thread(target=feed, daemon=True)
    feeder.start()
    assert list(taken(queue)) == list(range(20))
    feeder.join(DEADLINE_S)
    assert queue.dropped == 0
    assert max(most) <= 1


def test_a_live_source_is_never_kept_waiting() -> None:
    for drop in ("oldest", "newest"):
        queue = FrameQueue(1, drop)  # type: ignore[arg-type]
        feeder = threading.Thread(
            target=lambda queue=queue: [queue.put(frame(i)) for i in range(100)], daemon=True
        )
        feeder.start()
        feeder.join(DEADLINE_S)
        assert not feeder.is_alive()
        assert queue.dropped == 99


def test_a_source_that_waits_is_woken_at_the_end() -> None:
    queue = FrameQueue(1, "none")
    queue.put(frame(0))
    wanted: list[bool] = []
    feeder = threading.Thread(target=lambda: wanted.append(queue.put(frame(1))), daemon=True)
    feeder.start()
    queue.close()
    feeder.join(DEADLINE_S)
    assert wanted == [False]
    assert not queue.put(frame(2))


def test_an_error_of_the_source_comes_after_its_frames() -> None:
    queue = FrameQueue(4, "none")
    queue.put(frame(0))
    queue.finish(ValueError("gone"))
    frames = taken(queue)
    assert next(frames) == 0
    with pytest.raises(ValueError, match="gone"):
        next(frames)


def test_a_stop_ends_the_wait_and_leaves_what_waits() -> None:
    queue = filled("none", limit=5)
    assert queue.take(lambda: True, 0.01) is None
    empty, looks = FrameQueue(1, "none"), iter([False, False, True])
    assert empty.take(lambda: next(looks), 0.001) is None
