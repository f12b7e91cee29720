"""`edgers build`: from a build kit to a bundle with a plan, on the device that runs it."""

import os
import sys
from pathlib import Path

import click

from edgers.building.building import Built, build
from edgers.building.order import BuildOrder
from edgers.building.preparing import Prepared, prepare
from edgers.building.stoppable import UnstoppableError
from edgers.cli.build_progress import BuildLines
from edgers.cli.built_lines import measured_lines, plan_text
from edgers.cli.main import INTERRUPTED
from edgers.cli.memory import memory_bytes
from edgers.cli.show import line, print_lines
from edgers.targets.detect import device_facts
from edgers.targets.gpu import text_from_version

STOPPED = "stopped  No bundle was written. What finished attempts timed is kept for the next build."
"""Last words after Ctrl-C."""


@click.command(
    help="Build the plan of KIT with the TensorRT of this device, and write a bundle that runs "
    "here and on others of its kind."
)
@click.argument("kit", type=click.Path(path_type=Path))
@click.option(
    "-o", "--out", type=click.Path(path_type=Path),
    help="Bundle to write; KIT-built.edgers without it.",
)  # fmt: skip
@click.option(
    "--precision", "precisions", multiple=True, type=click.Choice(["int8", "fp16", "fp32"]),
    help="Precision that may be built, again for each; without it all, in the kit's order.",
)  # fmt: skip
@click.option(
    "--workspace", "workspace_bytes", metavar="SIZE", callback=memory_bytes,
    help="Memory for the builder, such as 512MB; without it, what is free less a reserve.",
)  # fmt: skip
@click.option(
    "--dla", "dla_core", is_flag=False, flag_value=0, type=click.IntRange(0), metavar="[CORE]",
    help="Build for a DLA, in FP16, with the GPU for layers that it does not take.",
)  # fmt: skip
@click.option(
    "--timing-cache", type=click.Path(path_type=Path),
    help="File that keeps what was timed; without it, one in the user's cache folder.",
)  # fmt: skip
@click.option(
    "--strip", "is_stripped", is_flag=True,
    help="Leave the weights out of the plan: it is filled from the graph whenever it is loaded.",
)  # fmt: skip
@click.option("--rebuild", "is_rebuild", is_flag=True, help="Build anew what has a plan already.")
def command(
    kit: Path, out: Path | None, precisions: tuple[str, ...], workspace_bytes: int | None,
    dla_core: int | None, timing_cache: Path | None, is_stripped: bool,
    is_rebuild: bool,
) -> None:  # fmt: skip
    """Run the command."""
    order = BuildOrder(
        precisions=precisions, workspace_bytes=workspace_bytes, dla_core=dla_core,
        timing_cache=timing_cache, is_stripped=is_stripped, is_rebuild=is_rebuild,
    )  # fmt: skip
    ready = prepare(kit, out, order, device_facts())
    _show_prepared(kit, ready)
    shown = BuildLines()
    try:
        done = build(ready, shown)
    except KeyboardInterrupt as stop:
        shown.stop()
        click.echo(STOPPED, err=True)
        if not isinstance(stop, UnstoppableError):
            sys.exit(INTERRUPTED)
        # The builder works on in its thread: leave without taking its library down under it.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(INTERRUPTED)
    finally:
        shown.stop()
    _show_built(done)


def _show_prepared(path: Path, ready: Prepared) -> None:
    gpu, bundle = ready.gpu, ready.kit.bundle
    line(
        "kit", f"{path} · {bundle.contract.name} for {bundle.target} · id {ready.kit.kit_id[:12]}…"
    )
    device = [
        ready.facts.module, gpu.name, f"compute capability {text_from_version(gpu.cc)}",
        f"TensorRT {text_from_version(ready.tensorrt)}", f"CUDA {text_from_version(gpu.cuda)}",
    ]  # fmt: skip
    line("device", " · ".join(word for word in device if word))
    if ready.dla_core is not None:
        line("DLA", f"core {ready.dla_core} in FP16, the GPU for layers that it does not take")
    space = ready.workspace
    why = "as asked for" if space.is_asked_for else "the rest is for the system and the model"
    line(
        "workspace",
        f"{space.limit_bytes / 1e6:.0f} MB of {space.free_bytes / 1e6:.0f} MB free: {why}",
    )
    where = f"{ready.cache.path} · " if ready.cache.path else ""
    line("timings", f"{where}{ready.cache.found}")


def _show_built(done: Built) -> None:
    for note in done.notes:
        line("note", note)
    line("golden tile", f"passes: largest error {done.golden_error:.2g} of the largest value")
    print_lines(measured_lines(done.bundle.measured))
    line("plan", plan_text(done.plan))
    size = done.path.stat().st_size / 1e6
    line("bundle", f"{done.path} · {size:.2f} MB · id {done.bundle.bundle_id[:12]}…")
    line("next", f"edgers run {done.path} SCENE.tif -o out/")
