"""Hold TensorRT plans against their graphs, on a machine with TensorRT and a GPU.

    python -m edgers.bench.plan_parity BUNDLE [--scene FILE]... [--tiles N] [--json FILE]

A built bundle's plan is loaded; of a build kit each attempt for the TensorRT at hand is built by
polygraphy. Both run the golden tile and tiles drawn from scenes, beside ONNX Runtime without
optimisation. Exit code 0: all outputs agree; 1: not all do, or something was not built; 2: nothing
was measured. Needs the packages of the extra `tensorrt` (polygraphy, pycuda), and TensorRT itself.
"""

import argparse
import importlib.util
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from edgers.build_kit import Attempt, BuildKit
from edgers.building.profiles import golden_tiles
from edgers.bundle import Bundle, open_bundle
from edgers.calibration.sampling import sample_tiles
from edgers.engines.tensorrt_api import import_tensorrt, tensorrt_version
from edgers.errors import BadInputError, EdgersError, EngineError
from edgers.export.plan_comparison import (
    Loader,
    OutputAgreement,
    Tiles,
    attempt_of,
    build_attempt,
    compared,
    load_plan,
    worst,
)
from edgers.targets.cuda_probe import cuda_problem
from edgers.targets.gpu import text_from_version

TILES = 8
"""Tiles that are drawn from scenes."""


def main(words: Sequence[str] | None = None) -> int:
    """Compare; give the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m edgers.bench.plan_parity", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("bundle", type=Path, metavar="BUNDLE", help="build kit or built bundle")
    parser.add_argument("--scene", type=Path, action="append", default=[], metavar="FILE",
                        help="scene to draw tiles from; again for more")  # fmt: skip
    parser.add_argument("--tiles", type=int, default=TILES, metavar="N",
                        help=f"tiles to draw from them ({TILES})")  # fmt: skip
    parser.add_argument("--json", type=Path, metavar="FILE")
    chosen = parser.parse_args(words)
    try:
        bundle = open_bundle(chosen.bundle)
        if bundle.kit is None:
            raise BadInputError(
                f"{chosen.bundle} is for a CPU.", rule="Build kits and built bundles are compared."
            )
        if reason := _missing():
            print(f"not measured  {reason}")
            return 2
        trt = import_tensorrt()
        tiles = _tiles(bundle, chosen.scene, chosen.tiles)
        rows = list(_rows(trt, bundle, bundle.kit, tiles))
    except EdgersError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    if chosen.json:
        about = {
            "tensorrt": text_from_version(tensorrt_version(trt)),
            "bundle": bundle.bundle_id,
        }
        text = json.dumps({"about": about, "plans": rows}, indent=2, ensure_ascii=False)
        chosen.json.write_text(text + "\n")
    return 0 if rows and all(row["passed"] for row in rows) else 1


def _missing() -> str:
    """Say what is missing to measure; empty where nothing is."""
    if problem := cuda_problem():
        return f"there is no GPU here: {problem}"
    if importlib.util.find_spec("polygraphy") is None:
        return "polygraphy is not installed: pip install 'edgers[tensorrt]'"
    try:
        import_tensorrt()
    except EngineError as error:
        return error.what
    return ""


def _tiles(bundle: Bundle, scenes: Sequence[Path], count: int) -> Tiles:
    """Give the golden tile, and tiles drawn from scenes."""
    found = {"golden": golden_tiles(bundle)}
    if scenes:
        assert bundle.kit is not None
        drawn = sample_tiles(
            bundle.contract, bundle.halo, scenes, count=count, tile_px=bundle.kit.sides.usual_px
        )
        found |= {drawn.place(number): dict(tensors) for number, tensors in enumerate(drawn)}
    return found


def _rows(trt: Any, bundle: Bundle, kit: BuildKit, tiles: Tiles) -> Iterator[dict[str, Any]]:
    for attempt, load in _plans(trt, bundle, kit):
        name = " ".join(
            part for part in (attempt.precision, f"scales {attempt.scales}" if attempt.scales
            else "", f"{attempt.typing}ly typed") if part
        )  # fmt: skip
        graph = bundle.entries[attempt.graph]
        try:
            found = compared(load, graph, attempt.precision, tiles)
        except EngineError as error:
            print(f"{name:32}  {error.what.rstrip('.')}: {error.seen}", flush=True)
            yield {"plan": name, "passed": False, "reason": error.seen}
            continue
        print(f"{name:32}  {_text(found)}", flush=True)
        passed = all(one.passed for one in found)
        yield {"plan": name, "passed": passed, "outputs": [asdict(one) for one in found]}


def _plans(trt: Any, bundle: Bundle, kit: BuildKit) -> Iterator[tuple[Attempt, Loader]]:
    """Give the plan of a built bundle, or all that a kit has for this TensorRT."""
    if kit.plan is not None:
        yield attempt_of(kit, kit.plan), load_plan(trt, bundle.entries[kit.plan.entry])
        return
    version = tensorrt_version(trt)
    band = kit.band_of(version)
    if band is None:
        raise BadInputError(
            f"the kit has nothing for TensorRT {text_from_version(version)}.",
            rule=f"It is for {', '.join(one.name for one in kit.bands)}.",
        )
    for attempt in band.attempts:
        yield attempt, build_attempt(bundle, attempt)


def _text(found: Sequence[OutputAgreement]) -> str:
    """Tell of the output that is furthest off."""
    far = worst(found)
    verdict = "agrees" if far.passed else "DIFFERS"
    same = min(one.agreeing for one in found)
    return (
        f"{verdict}  largest difference {100 * far.share:.2g} % of {100 * far.allowed:.2g} %"
        f" allowed ({far.output}, {far.tile}) · same class on {100 * same:.4g} % or more"
    )


if __name__ == "__main__":
    sys.exit(main())
