"""What builds timed, kept for the next on the same device with the same software.

A plan is chosen by timing kernels; with those times kept a build is much shorter, and chooses the
same kernels again. Times of another device, driver or TensorRT are worth nothing, so the key of all
of them is the name of the file and stands in it; a digest shows a file that lost bytes, before
TensorRT reads it.
"""

import hashlib
import os
import re
from dataclasses import dataclass
from pathlib import Path

from edgers.errors import BadInputError, OutputError
from edgers.files import read_file, write_whole
from edgers.targets.device_facts import DeviceFacts, GpuFacts
from edgers.targets.gpu import text_from_version

MARK = b"edgers timings 1\n"
"""First bytes of a file; the number is that of this layout."""

DIGEST_BYTES = hashlib.sha256().digest_size

MAX_FILE_BYTES = 2**28
"""Largest file that is read. Caches of one network have a few MB at most (not measured)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TimingCache:
    """Where times are kept, and what was found there."""

    path: Path | None
    """File that is read and written; None where nothing is kept."""
    key: str
    """What the times hold for."""
    timings: bytes
    """What was found, in TensorRT's words; empty for nothing."""
    found: str
    """What was found, in ours."""

    def keep(self, timings: bytes) -> str:
        """Keep what a build timed; give the reason where that fails, which is no reason to stop."""
        if self.path is None or not timings:
            return ""
        body = self.key.encode() + b"\n" + timings
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(self.path, MARK + hashlib.sha256(body).digest() + body)
        except OutputError as error:
            return error.seen
        except OSError as error:
            return f"{error.strerror}."
        return ""


def timing_key(facts: DeviceFacts, gpu: GpuFacts, tensorrt: tuple[int, ...]) -> str:
    """Name what times hold for: module, compute capability, TensorRT, CUDA and driver."""
    parts = [
        facts.module or gpu.name, f"sm{gpu.cc[0]}{gpu.cc[1]}", f"trt{text_from_version(tensorrt)}",
        f"cuda{text_from_version(gpu.cuda)}", f"driver{gpu.driver or facts.l4t or 'unknown'}",
    ]  # fmt: skip
    return "-".join(re.sub(r"[^a-z0-9.]+", "_", part.lower()).strip("_") for part in parts)


def open_timing_cache(key: str, named: Path | None) -> TimingCache:
    """Read what earlier builds timed; a file that is damaged, or of another device, counts as none.

    A named file that nothing here wrote is neither read nor replaced.
    """
    path = named or _own_path(key)
    if path is None:
        return TimingCache(path=None, key=key, timings=b"", found="no folder to keep it in")
    if not os.path.lexists(path):
        return TimingCache(path=path, key=key, timings=b"", found="new")
    try:
        data = read_file(path, "timing cache", MAX_FILE_BYTES, BadInputError)
    except BadInputError as error:
        return TimingCache(path=None, key=key, timings=b"", found=f"not used: {error.seen}")
    if data and not data.startswith(MARK[: len(data)]):
        why = "not used, and left as it is: EdgeRS did not write it"
        return TimingCache(path=None, key=key, timings=b"", found=why)
    head = len(MARK) + DIGEST_BYTES
    body = data[head:]
    kept_for, _, timings = body.partition(b"\n")
    if data[:head] != MARK + hashlib.sha256(body).digest():
        return TimingCache(path=path, key=key, timings=b"", found="ignored: it is damaged")
    if kept_for != key.encode():
        why = "ignored: it is of another device or other software"
        return TimingCache(path=path, key=key, timings=b"", found=why)
    return TimingCache(path=path, key=key, timings=timings, found="used")


def _own_path(key: str) -> Path | None:
    # The XDG specification says to pass over a path that is not absolute.
    named = os.environ.get("XDG_CACHE_HOME", "")
    try:
        place = Path(named) if os.path.isabs(named) else Path.home() / ".cache"
    except RuntimeError:
        return None
    return place / "edgers" / "timing" / f"{key}.cache"
