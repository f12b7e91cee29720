"""What a store holds, read without changing anything."""

from dataclasses import asdict, dataclass

from edgers.scene.open import environment, open_raster
from edgers.state.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class SceneFacts:
    """One kept scene."""

    scene: str
    """Name it was given under."""
    time: str
    """When it was taken, RFC 3339."""
    clear: float
    """Share of its pixels that have data and no cloud."""
    sha256: str
    """Hash of the files it was made of."""
    size_bytes: int
    """What it takes in the store."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RingFacts:
    """What is kept of one place for one input."""

    place: str
    """Name of the place."""
    input: str
    """Name of the input."""
    height_px: int
    """Rows of its grid; 0 where nothing is kept."""
    width_px: int
    """Columns of it."""
    size_bytes: int
    """What all of it takes, what was made of the scenes included."""
    scenes: tuple[SceneFacts, ...]
    """The scenes, by time."""
    damaged: tuple[tuple[str, str], ...]
    """Names of what is not what it says, each with the reason."""

    def document(self) -> dict[str, object]:
        """Give the facts as JSON values."""
        return asdict(self)


def facts_of_store(store: Store) -> list[RingFacts]:
    """Say what a store holds; every file is held against its hash."""
    found = []
    for ring in store.rings():
        entries, damaged = ring.look()
        shape = (0, 0)
        if entries:
            with environment(), open_raster(entries[0].path) as file:
                shape = (file.height, file.width)
        made = sum(one.lstat().st_size for one in ring.made.glob("*"))
        found.append(
            RingFacts(
                place=ring.place,
                input=ring.input,
                height_px=shape[0],
                width_px=shape[1],
                size_bytes=made + sum(one.size_bytes for one in entries),
                scenes=tuple(
                    SceneFacts(
                        scene=one.facts.scene, time=one.facts.time, clear=one.clear,
                        sha256=one.sha256, size_bytes=one.size_bytes,
                    )
                    for one in entries
                ),
                damaged=tuple((path.name, reason) for path, reason in damaged.items()),
            )
        )  # fmt: skip
    return found
