"""Keeping a scene: into the ring of its place, whole or not at all, and the oldest out."""

import contextlib
import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edgers.contract import ModelInput
from edgers.contract.kept import Kept
from edgers.errors import OutputError, SceneError
from edgers.pipeline.input_watch import scene_hash
from edgers.scene.asset import is_same_grid
from edgers.scene.block_cache import set_cache
from edgers.scene.folder import scene_name
from edgers.scene.geometry import gsd_m
from edgers.scene.open import environment, open_raster
from edgers.scene.place import Place, place_of
from edgers.scene.series import Date, one_date
from edgers.state.cover import cover_share
from edgers.state.entry import TAG, Entry, Facts, entry_name, file_hash
from edgers.state.kept_file import Form, Pixels, write_kept
from edgers.state.ring import to_keep
from edgers.state.scene_pixels import ScenePixels
from edgers.state.store import DRAFT, Ring, Store, store_errors

SAME_PLACE = 0.9
"""Share of a place's ground that a scene on another grid must cover to be of that place."""

CACHE_BYTES = 64 * 2**20
"""GDAL's block cache while a scene is copied: a row of blocks of a Sentinel-2 band takes 23 MB."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """A scene that was brought to the store."""

    scene: str
    """Its name."""
    date: Date
    """When it was taken, and its files."""
    ring: Ring
    """Where it belongs."""
    sha256: str
    """Hash of its files."""
    entries: tuple[Entry, ...]
    """All that is kept there now, by time."""
    is_new: bool
    """Whether it was not there before."""
    is_kept: bool
    """Whether it stays: what is older than all that is kept does not."""
    dropped: tuple[str, ...]
    """Names of scenes that had to go."""
    set_aside: tuple[str, ...]
    """What was found damaged."""


def keep_scene(
    store: Store, scene: Path, source: ModelInput, renamed: Mapping[str, str], *,
    place: str | None = None, most_bytes: int | None = None,
) -> Arrival:  # fmt: skip
    """Keep what `source` needs of a scene in the ring of its place.

    The place is `place`, or the one whose ground the scene covers, or a new one on the scene's own
    grid. `most_bytes` is what all that is kept may take: the oldest scenes go first. Raises
    SceneError, BandError or OutputError with nothing new in the store.
    """
    assert source.kept is not None
    with environment():
        set_cache(CACHE_BYTES)
        date = one_date(scene)
        with ScenePixels(date, source, renamed, grid=None) as pixels:
            own, files = pixels.form.place, pixels.files
        ring = find_ring(store, source, own, place, scene.name)
        marks, sha256 = _marks(files), scene_hash(files)
        entries = ring.entries()
        facts = Facts(scene=scene_name(scene), time=date.time, sha256=sha256, clear=1.0)
        refuse_other_date(entries, facts)
        is_new = sha256 not in {one.sha256 for one in entries}
        if is_new and _may_stay(entries, facts, source.kept):
            grid = entries[0].path if entries else None
            with ScenePixels(date, source, renamed, grid=grid) as pixels:
                added = store.entry(_write(ring, pixels, pixels.form, facts))
            assert isinstance(added, Entry), added
            if _marks(files) != marks:
                ring.remove(added)
                raise SceneError(
                    f"scene {scene} was changed while it was read.",
                    fix="Run it again when the scene is complete.",
                )
            if added.clear == 0:
                ring.remove(added)
                raise SceneError(
                    f"scene {scene} has no data at {ring.place}.",
                    rule="What is all nodata, or cloud, is not kept.",
                )
            entries = sorted([*entries, added], key=lambda one: (one.when, one.sha256))
        entries, dropped = _prune(ring, entries, source.kept)
    if most_bytes is not None:
        spared = [one.path for one in entries if one.sha256 == sha256]
        gone = shrink(store, most_bytes, spared=spared)
        entries = [one for one in entries if one.path not in gone]
        dropped += [f"{path.parents[1].name} {path.name[:16]}" for path in gone]
    return Arrival(
        scene=facts.scene, date=date, ring=ring, sha256=sha256, entries=tuple(entries),
        is_new=is_new, is_kept=sha256 in {one.sha256 for one in entries}, dropped=tuple(dropped),
        set_aside=store.told(),
    )  # fmt: skip


def refuse_other_date(entries: Sequence[Entry], facts: Facts) -> None:
    """Raise SceneError where the files of a scene are kept already, under another date."""
    for one in entries:
        if one.sha256 == facts.sha256 and one.facts.time != facts.time:
            raise SceneError(
                f"scene {facts.scene} of {facts.time} is kept already, with another date.",
                seen=f"Its bytes are those of {one.facts.scene} of {one.facts.time}.",
                rule="A scene has one date: a tag's, that of its name, or its STAC Item's.",
                fix="Where the kept one is wrong, remove it: edgers state drop STORE --date.",
            )


def find_ring(store: Store, source: ModelInput, own: Place, place: str | None, name: str) -> Ring:
    """Give the ring that a scene on the grid `own` belongs to."""
    if place is not None:
        named = store.ring(place, source)
        grid = grid_of(named)
        if grid is not None and own.kind == grid.kind == "map" and not cover_share(grid, own):
            raise SceneError(
                f"{name} does not show the place {place!r}.",
                rule="What is kept of a place has the grid of its first scene.",
                fix="Leave --place out, or name another.",
            )
        return named
    check_placed(own, name)
    best: tuple[float, Ring] | None = None
    for ring in store.rings(source):
        grid = grid_of(ring)
        if grid is None:
            continue
        if is_same_grid(own, grid):
            return ring
        share = cover_share(grid, own)
        if share >= SAME_PLACE and (best is None or share > best[0]):
            best = share, ring
    return store.ring(place_name(own), source) if best is None else best[1]


def check_placed(own: Place, name: str) -> None:
    """Raise SceneError where a grid does not tell its place, and none is named."""
    if own.kind == "none":
        raise SceneError(
            f"{name} has no place on Earth by which it could be kept.",
            rule="Scenes without a CRS are kept under the name of a place.",
            fix="Name it with --place NAME.",
        )


def grid_of(ring: Ring) -> Place | None:
    """Give the grid of what is kept in a ring; None where that is nothing, or damaged."""
    for path in ring.names():
        with contextlib.suppress(SceneError), open_raster(path) as file:
            return place_of(file)
    return None


def place_name(place: Place) -> str:
    """Name a place by its middle and its pixels, as `52.403N013.061E-10m-160x160`."""
    lon, lat = place.lonlat(np.array([place.width_px / 2]), np.array([place.height_px / 2]))
    x, y = (float(lon[0]) + 180) % 360 - 180, float(lat[0])
    where = f"{abs(y):.3f}{'N' if y >= 0 else 'S'}{abs(x):07.3f}{'E' if x >= 0 else 'W'}"
    return f"{where}-{gsd_m(place) or 0:.3g}m-{place.width_px}x{place.height_px}"


def put_file(folder: Path, name: Callable[[str], str], write: Callable[[Path], None]) -> Path:
    """Let `write` make a file, and move it whole into `folder` under the name of its hash."""
    with store_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=DRAFT, dir=folder) as room:
            draft = Path(room) / "kept_scene.tif"
            write(draft)
            with draft.open("rb+") as file:
                os.fsync(file.fileno())
            path = folder / name(file_hash(draft))
            os.replace(draft, path)
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
    return path


def shrink(store: Store, most_bytes: int, *, spared: Sequence[Path] = ()) -> list[Path]:
    """Remove the oldest scenes of all places until what is kept takes no more than `most_bytes`.

    Those `spared` are the last to go. Raises OutputError, and removes them alone, where they alone
    take more.
    """
    with store_errors(store.folder):
        sizes = {path: path.stat().st_size for ring in store.rings() for path in ring.names()}
        total, new_bytes = sum(sizes.values()), sum(sizes[path] for path in spared)
        # Names begin with the time.
        order = sorted(sizes, key=lambda path: (path in spared, path.name, path))
        gone: list[Path] = []
        for path in order if new_bytes <= most_bytes else spared:
            if total <= most_bytes:
                break
            path.unlink()
            gone.append(path)
            total -= sizes[path]
    if new_bytes > most_bytes:
        raise OutputError(
            "the scene does not fit into the store.",
            seen=f"It takes {new_bytes} bytes there.",
            rule=f"All that is kept may take {most_bytes}.",
        )
    return gone


def _marks(files: Sequence[Path]) -> list[tuple[int, int]]:
    """Give size and date of files, by which a change shows."""
    return [(found.st_size, found.st_mtime_ns) for found in (path.stat() for path in files)]


def _write(ring: Ring, pixels: Pixels, form: Form, facts: Facts) -> Path:
    """Write a scene into its ring; give its file."""

    def tags(clear: float) -> dict[str, str]:
        known = Facts(
            scene=facts.scene, time=facts.time, sha256=facts.sha256, clear=round(clear, 6)
        )
        return {TAG: known.tag(), "ACQUISITIONDATETIME": facts.time}

    def write(path: Path) -> None:
        write_kept(path, pixels, form, tags)

    return put_file(ring.folder, lambda digest: entry_name(facts.time, digest), write)


def _may_stay(entries: Sequence[Entry], facts: Facts, rule: Kept) -> bool:
    """Tell whether a scene may stay, as far as that is known before it is read."""
    newcomer = Entry(path=Path(), size_bytes=0, facts=facts)
    return facts.sha256 in to_keep([*entries, newcomer], rule)


def _prune(ring: Ring, entries: Sequence[Entry], rule: Kept) -> tuple[list[Entry], list[str]]:
    """Remove what no longer belongs to a ring."""
    stays, kept, dropped = to_keep(entries, rule), [], []
    for one in entries:
        if one.sha256 in stays:
            kept.append(one)
        else:
            ring.remove(one)
            dropped.append(f"{ring.place} {one.facts.time}")
    return kept, dropped
