"""A build of CUDA kernels written by hand: the files are words, so no toolkit is needed."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from edgers.kernels.aot.capabilities import CAPABILITIES, Capability, text_from_version
from edgers.kernels.cuda.entry import Entry
from edgers.kernels.cuda.ingest import ENTRIES


def kernel_build(folder: Path, entries: Sequence[Entry] = ENTRIES) -> Path:
    """Write kernels for all capabilities into `folder`, in the forms each is built in."""
    told = {one.name: _capability(folder, one, entries) for one in CAPABILITIES}
    folder.mkdir(exist_ok=True)
    (folder / "index.json").write_text(json.dumps({"format": 1, "capabilities": told}))
    return folder


def _capability(folder: Path, capability: Capability, entries: Sequence[Entry]) -> dict[str, Any]:
    place = folder / capability.arch
    place.mkdir(parents=True, exist_ok=True)
    kinds = ("ptx", "cubin") if capability.cubin_since else ("ptx",)
    since = capability.cubin_since
    return {
        "arch": capability.arch,
        "ptx_since_cuda": text_from_version(capability.ptx_since),
        "cubin_since_cuda": since and text_from_version(since),
        "kernels": {one.name: _kernel(place, one, kinds) for one in entries},
    }


def _kernel(place: Path, entry: Entry, kinds: Sequence[str]) -> dict[str, Any]:
    files = {}
    for kind in kinds:
        data = f"{kind} of {entry.name} for {place.name}".encode()
        (place / f"{entry.name}.{kind}").write_bytes(data)
        files[kind] = {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
    return {"signature": list(entry.signature), "registers": 20, "files": files}
