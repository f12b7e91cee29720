"""`edgers verify --preflight`: whether a bundle runs here, without running anything of it."""

import json
import time
from dataclasses import asdict
from pathlib import Path

import click

from edgers.cli.show import line
from edgers.manifest import Manifest, open_manifest
from edgers.preflight import Outlook, Way, installed_engines, outlook
from edgers.targets.detect import device_facts

FITS, FITS_NOT = 0, 2
"""Exit codes: it runs, or can be built, as it was made; it cannot."""


def show_preflight(path: Path, *, as_json: bool) -> int:
    """Print the verdict with its reasons; give the exit code.

    Raises BundleError where the file is no bundle.
    """
    begin = time.perf_counter()
    manifest = open_manifest(path)
    found = outlook(manifest, device_facts(), installed_engines())
    taken_ms = (time.perf_counter() - begin) * 1e3
    if as_json:
        click.echo(json.dumps(_document(manifest, found, taken_ms), indent=2, ensure_ascii=False))
    else:
        _show(path, manifest, found, taken_ms)
    return FITS if found.fits else FITS_NOT


def verdict_line(found: Outlook) -> str:
    """Say in one line how it stands."""
    if found.fits:
        if found.is_kit:
            return "a plan can be built here, with 'edgers build'"
        return f"runs here as it was made: {found.ways[0].title}"
    made = "no plan can be built here" if found.is_kit else "does not run here as it was made"
    other = found.fallback
    return f"{made}; {f'{other.title} would run instead' if other else 'nor in any other way'}"


def _show(path: Path, manifest: Manifest, found: Outlook, taken_ms: float) -> None:
    line("bundle", f"{path} · target {manifest.target}")
    for way in found.ways:
        word = "fits" if way.verdict.fits else "does not fit"
        line("way", f"{way.title}: {word}")
        for check in way.verdict.checks:
            line("", f"{check.outcome:<8} {check.name:<10} {check.text}")
    line("verdict", verdict_line(found))
    line("read", f"manifest and contract, in {taken_ms:.0f} ms with the device; "
         f"'edgers verify {path}' checks every byte and runs the golden tile")  # fmt: skip


def _document(manifest: Manifest, found: Outlook, taken_ms: float) -> dict[str, object]:
    other = found.fallback
    return {
        "bundle_id": manifest.bundle_id,
        "target": manifest.target,
        "fits": found.fits,
        "verdict": verdict_line(found),
        "fallback": other.title if other and not found.fits else None,
        "ways": [_way(way) for way in found.ways],
        "preflight_ms": round(taken_ms, 1),
    }


def _way(way: Way) -> dict[str, object]:
    return {
        "engine": way.engine,
        "precision": way.precision,
        "provider": way.provider,
        "fits": way.verdict.fits,
        "checks": [asdict(check) for check in way.verdict.checks],
    }
