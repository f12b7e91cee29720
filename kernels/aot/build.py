"""The build: every kernel for every capability, in one folder that is whole or not there.

    INDEX/index.json          what there is, how it was made, and the hash of each file
    INDEX/sm_87/NAME.ptx      text that a driver can assemble itself
    INDEX/sm_87/NAME.cubin    machine code, where the capability has boards that load it

Neither times nor places are written: the same sources and toolkits give the same bytes.
"""

import contextlib
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from edgers.errors import BadInputError, OutputError
from edgers.kernels.aot.capabilities import CAPABILITIES, Capability, text_from_version
from edgers.kernels.aot.cubin import cubin_from_ptx
from edgers.kernels.aot.environment import DEFAULT_FOLDER, Environment, environment_from_toolkit
from edgers.kernels.aot.ptx import cleaned_ptx
from edgers.kernels.aot.toolkits import TOOLKITS
from edgers.kernels.aot.translation import translate
from edgers.kernels.cuda.registry import PACKAGE

INDEX = "index.json"
FORMAT = 1


def build(
    folder: Path,
    capabilities: Sequence[Capability] = CAPABILITIES,
    kernels: Sequence[str] | None = None,
    *,
    package: str = PACKAGE,
    search_path: Path | None = None,
    environments: Path = DEFAULT_FOLDER,
    jobs: int | None = None,
) -> dict[str, Any]:
    """Build kernels into a folder, which an earlier build gives way to; give the index.

    All kernels of `package` unless some are named. Toolkits are set up in `environments` where
    they are missing; `jobs` capabilities are worked on at once. Raises OutputError where the
    folder holds something else or cannot be written, and what `environment_from_toolkit`,
    `translate`, `cleaned_ptx` and `cubin_from_ptx` raise; then the folder is as it was.
    """
    if not capabilities or (kernels is not None and not kernels):
        raise BadInputError("there is nothing to build.", rule="Name a capability and a kernel.")
    with _whole_folder(folder) as draft:
        names = {n for c in capabilities for n in (c.toolkit, c.assembler)}
        ready = {name: environment_from_toolkit(name, environments) for name in sorted(names)}

        def one(capability: Capability) -> dict[str, Any]:
            answer = translate(
                capability, ready[capability.toolkit], kernels,
                package=package, search_path=search_path,
            )  # fmt: skip
            return _assembled(draft / capability.arch, capability, answer, ready)

        with ThreadPoolExecutor(jobs or os.cpu_count()) as pool:
            made = list(pool.map(one, capabilities))
        index = _index(capabilities, made)
        text = json.dumps(index, indent=1, sort_keys=True)
        (draft / INDEX).write_text(text + "\n")
    return index


def _assembled(
    folder: Path, capability: Capability, answer: dict[str, Any], ready: dict[str, Environment]
) -> dict[str, Any]:
    """Write the files of one capability; give what the index says of it."""
    folder.mkdir()
    kernels = {}
    for name, kernel in answer["kernels"].items():
        text = cleaned_ptx(kernel["ptx"], name, tuple(kernel["signature"]), capability)
        # Also where no cubin is kept: it shows that the text is right for its ISA.
        cubin = cubin_from_ptx(text, name, capability, ready[capability.assembler].ptxas)
        files = {"ptx": text.encode()}
        if capability.cubin_since:
            files["cubin"] = cubin.data
        for kind, data in files.items():
            (folder / f"{name}.{kind}").write_bytes(data)
        kernels[name] = {
            "signature": kernel["signature"],
            "module": kernel["module"],
            "source_sha256": kernel["source_sha256"],
            "files": {
                kind: {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
                for kind, data in files.items()
            },
            "registers": cubin.registers,
            "stack_bytes": cubin.stack_bytes,
            "spill_bytes": cubin.spill_bytes,
            "shared_bytes": cubin.shared_bytes,
        }
    return {"kernels": kernels, "made_by": answer["made_by"]}


def _index(capabilities: Sequence[Capability], made: list[dict[str, Any]]) -> dict[str, Any]:
    told = {}
    for capability, part in zip(capabilities, made, strict=True):
        since = capability.cubin_since
        told[capability.name] = part | {
            "arch": capability.arch,
            "toolkit": TOOLKITS[capability.toolkit].requirements,
            "assembler": TOOLKITS[capability.assembler].requirements,
            "ptx_isa": text_from_version(capability.ptx_isa),
            "ptx_since_cuda": text_from_version(capability.ptx_since),
            "cubin_since_cuda": since and text_from_version(since),
        }
    return {"format": FORMAT, "capabilities": told}


@contextlib.contextmanager
def _whole_folder(folder: Path) -> Iterator[Path]:
    """Give a folder to write in, which takes the place of `folder` when all went well."""
    folder = folder.absolute()
    if folder.exists() and not (folder / INDEX).is_file():
        raise OutputError(
            f"kernels cannot be built into {folder}.",
            seen="It is there, and is no earlier build.",
            fix="Give another folder with -o.",
        )
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        room = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    except OSError as error:
        raise OutputError(
            f"kernels cannot be built into {folder}.", seen=f"{error.strerror}."
        ) from error
    try:
        draft, earlier = room / "draft", room / "earlier"
        draft.mkdir()
        yield draft
        if folder.exists():
            folder.rename(earlier)
        try:
            draft.rename(folder)
        except OSError:
            if earlier.exists():
                earlier.rename(folder)
            raise
    finally:
        shutil.rmtree(room, ignore_errors=True)
