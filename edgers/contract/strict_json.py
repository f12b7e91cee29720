"""JSON from documents that nobody vouches for: no key twice, no number that is none."""

import json
import math

MAX_DEPTH = 50
"""Most levels of objects and lists; a STAC Item with a contract has about 8."""


def strict_json(data: bytes) -> object:
    """Read JSON; raises ValueError or RecursionError where it is not plain JSON in UTF-8."""
    return json.loads(
        data.decode("utf-8"),
        object_pairs_hook=_object_without_doubles,
        parse_constant=_finite,
        parse_float=_finite,
    )


def is_too_deep(document: object) -> bool:
    """Tell whether there are more than `MAX_DEPTH` levels of objects and lists.

    Counts without a stack that could run out.
    """
    level, depth = [document], 0
    while level and depth <= MAX_DEPTH:
        inner: list[object] = []
        for value in level:
            if isinstance(value, dict):
                inner += value.values()
            elif isinstance(value, list):
                inner += value
        level, depth = inner, depth + 1
    return depth > MAX_DEPTH


def _finite(text: str) -> float:
    """Refuse NaN and infinity, written out or as a number too large."""
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text} is not a finite number")
    return number


def _object_without_doubles(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """Refuse a key given twice, of which a reader would hide one, and broken characters."""
    found: dict[str, object] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f"the key {key!r} is there twice")
        for text in (key, value):
            if isinstance(text, str):
                text.encode()
        found[key] = value
    return found
