"""Settings of engines: words that are checked, and how many tiles they let be worked on at once."""

from collections.abc import Mapping

from edgers.engines.engine import Settings
from edgers.errors import EngineError
from edgers.processors import processors

STREAMS = ("processors", "half")
"""Tiles at once: one a processor, or one for two, where two processors share their vector units."""

MOST_STREAMS = 8
"""Most tiles at once; each holds the activations of one tile."""


def checked_settings(
    engine: str, given: Settings | None, allowed: Mapping[str, tuple[str, ...]]
) -> dict[str, str]:
    """Give every setting a value, the first allowed where none was given.

    Raises EngineError where a setting or a value is not known: a newer EdgeRS made the bundle.
    """
    found = {name: values[0] for name, values in allowed.items()}
    for name, value in (given or {}).items():
        if value not in allowed.get(name, ()):
            known = "; ".join(f"{key}: {', '.join(values)}" for key, values in allowed.items())
            raise EngineError(
                f"{engine} does not know the setting {name}={value}.", rule=f"It knows {known}."
            )
        found[name] = value
    return found


def stream_count(streams: str) -> int:
    """Give the tiles worked on at once for a word of `STREAMS`."""
    count = processors()
    return min(MOST_STREAMS, count if streams == "processors" else max(1, count // 2))
