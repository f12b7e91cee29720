"""What becomes of a work folder when a run ends."""

import contextlib
from collections.abc import Iterator

from edgers.errors import OutputError
from edgers.products.work_folder import WorkFolder


@contextlib.contextmanager
def kept_for_later(work: WorkFolder) -> Iterator[None]:
    """Keep the work folder where the same command can go on with it; else remove it."""
    try:
        yield
    except (KeyboardInterrupt, SystemExit, OutputError, MemoryError):
        raise
    except BaseException:
        work.discard()
        raise
    work.discard()
