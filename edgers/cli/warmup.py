"""`edgers warmup`: kernels compiled before the first scene, and kept."""

import sys
from collections.abc import Iterator
from pathlib import Path

import click

from edgers.bundle import Bundle, open_bundle
from edgers.cli.show import line
from edgers.errors import OutputError
from edgers.kernels.cache_file import SUFFIX
from edgers.kernels.cache_folder import CacheFolders, chosen_folders, named_folder, package_folder
from edgers.kernels.cache_pruning import prune
from edgers.kernels.cache_stamp import kernel_stamp
from edgers.kernels.kernel_cache import KernelCache, cache_state
from edgers.kernels.warmup import Warmed, begin_anew, warmed, warmed_modules
from edgers.pipeline.warmup import warm_up_bundle


@click.command(
    help="Compile all kernels for this processor, or load them, and keep them for later starts. "
    "With a BUNDLE: load its engine and run its golden tile too."
)
@click.argument("bundle", required=False, type=click.Path(path_type=Path))
@click.option(
    "--cache", type=click.Path(path_type=Path),
    help="Folder to keep them in; runs find it by the variable EDGERS_KERNEL_CACHE.",
)  # fmt: skip
@click.option(
    "--into-package", is_flag=True,
    help="Keep them beside the installed code, as for a root that will be read-only.",
)  # fmt: skip
@click.option(
    "--check", is_flag=True, help="Compile nothing; end with 1 where something would have to be."
)
@click.option("--prune", "prunes", is_flag=True, help="Remove what other versions kept there.")
def command(
    bundle: Path | None, cache: Path | None, into_package: bool, check: bool, prunes: bool
) -> None:
    """Run the command."""
    if cache is not None and into_package:
        raise click.UsageError("--cache and --into-package name two folders: give one.")
    opened = None if bundle is None else open_bundle(bundle)
    folders = _folders(cache, into_package=into_package)
    is_asked_for = cache is not None or into_package
    if is_asked_for and folders.write is None:
        raise _not_kept(folders.notes)
    begin_anew(KernelCache(folders, may_compile=not check))
    missing = _show_modules(_modules(opened))
    _show_cache(folders)
    if prunes and folders.write is not None:
        line("pruned", _count(prune(folders.write), "file"))
    if check:
        line("check", f"{_count(missing, 'kernel')} would have to be compiled")
        sys.exit(int(missing > 0))
    state = cache_state()
    if is_asked_for and state.unkept:
        raise _not_kept(state.notes)


def _folders(cache: Path | None, *, into_package: bool) -> CacheFolders:
    stamp = kernel_stamp()
    if into_package:
        return package_folder(stamp)
    return chosen_folders(stamp) if cache is None else named_folder(cache, stamp)


def _modules(bundle: Bundle | None) -> Iterator[Warmed]:
    yield from warmed_modules()
    if bundle is not None:
        yield warmed(f"model {bundle.contract.name}", (lambda: warm_up_bundle(bundle),))


def _show_modules(modules: Iterator[Warmed]) -> int:
    """Warm up, and print what it took; give the number of kernels that are missing."""
    click.echo(_row("kernels", "loaded", "compiled", "seconds"))
    loaded, compiled, seconds, missing = 0, 0, 0.0, 0
    for one in modules:
        note = f"   missing: {', '.join(one.missing)}" if one.missing else ""
        click.echo(_row(one.name, one.loaded, one.compiled, f"{one.seconds:.2f}") + note)
        loaded, compiled = loaded + one.loaded, compiled + one.compiled
        seconds, missing = seconds + one.seconds, missing + len(one.missing)
    click.echo(_row("in all", loaded, compiled, f"{seconds:.2f}"))
    return missing


def _show_cache(folders: CacheFolders) -> None:
    for place in folders.read:
        sizes = [path.stat().st_size for path in place.glob(f"*{SUFFIX}")]
        line("cache", f"{place} · {_count(len(sizes), 'kernel')} · {sum(sizes) / 1e6:.1f} MB")
    for note in cache_state().notes:
        line("note", note)


def _not_kept(notes: tuple[str, ...]) -> OutputError:
    return OutputError(
        "the kernels cannot be kept where it was asked for.",
        seen="\n".join(f"{note[:1].upper()}{note[1:]}" for note in notes),
        rule="The folder is this user's or root's, and nobody else may write into it.",
    )


def _row(name: str, *columns: object) -> str:
    return f"{name:<24}" + "".join(f"{column:>10}" for column in columns)


def _count(number: int, noun: str) -> str:
    return f"{number or 'no'} {noun}{'s' * (number != 1)}"
