"""The table of targets."""

import sys
from collections.abc import Sequence

import click
from rich.console import Console
from rich.table import Table

from edgers.targets.gpu import text_from_version
from edgers.targets.refused import Refused
from edgers.targets.target import Target
from edgers.targets.words import best_mode, memory_text, tensorrt_text

PIPED_WIDTH = 400
"""Columns where nobody looks: nothing is folded."""


def print_targets(targets: Sequence[Target], refused: Sequence[Refused]) -> None:
    """Print devices, boards built around them, and boards that cannot be compiled for."""
    console = Console(
        markup=False, highlight=False, emoji=False,
        width=None if sys.stdout.isatty() else PIPED_WIDTH,
    )  # fmt: skip
    for table in (_devices(targets), _boards(targets), _refused(refused)):
        with console.capture() as shown:
            console.print(table)
        # Columns are filled up with blanks, the last one too.
        click.echo("\n".join(row.rstrip() for row in shown.get().splitlines()) + "\n")


def _devices(targets: Sequence[Target]) -> Table:
    table = _table("target", "cc", "memory", "INT8", "FP16", "GB/s", "DLA", "TensorRT", "facts")
    for target in targets:
        if not target.module:
            table.add_row(target.name, *_figures(target), tensorrt_text(target), target.confidence)
    return table


def _figures(target: Target) -> tuple[str, ...]:
    gpu = target.gpu
    if gpu is None:
        return ("–",) * 6
    memory = "–" if target.memory_bytes is None else memory_text(target.memory_bytes)
    mode = best_mode(gpu)
    peaks = (None,) * 3 if mode is None else (mode.int8_tops, mode.fp16_tflops, mode.bandwidth_gbs)
    shown = ("–" if one is None else f"{one:g}" for one in peaks)
    return text_from_version(gpu.cc), memory, *shown, str(gpu.dla_cores or "–")


def _boards(targets: Sequence[Target]) -> Table:
    table = _table("board", "is compiled for as", "facts", "status")
    for target in targets:
        if target.module:
            table.add_row(target.name, target.module, target.confidence, target.status)
    return table


def _refused(refused: Sequence[Refused]) -> Table:
    table = _table("cannot be compiled for", "reason")
    for one in refused:
        table.add_row(one.name, one.reason)
    return table


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for position, column in enumerate(columns):
        table.add_column(column, overflow="fold", no_wrap=position == 0)
    return table
