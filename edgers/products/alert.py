"""An alert: what was found, in so few bytes that any link from orbit can take it.

One line of JSON, UTF-8, at most `LIMIT_BYTES` long:

    {"t":"2026-03-01T10:20:30Z","b":"1f0a39c2","f":[{"c":"ship","n":3,"p":[4.5,51.97],"s":0.93}],"x":1}

`t` time of acquisition, `b` first eight digits of the bundle's id, `f` what was found, what matters
most first: `c` class or value, `a` area in km², `n` objects, `m` largest value, `p` longitude and
latitude of a place that belongs to it, `s` confidence from 0 to 1; `x` how many more there were no
bytes for. What is not known, or zero in the case of `x`, is left out.
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from edgers.products.disk_errors import disk_errors
from edgers.products.feature import clean_text

LIMIT_BYTES = 256
"""Bytes of an alert with its line end: less than a message of Iridium's SBD, 340 from the craft."""

ALERT_ENDING = "_alert.json"
"""What its name has beside the scene's and the model's."""

ID_DIGITS = 8
"""Digits of the bundle's id that tell it from others of one craft."""

LONGEST_TIME = 35
"""Characters of RFC 3339 with nanoseconds and a zone."""

PLACE_DIGITS = 4
"""Digits after the point of degrees: 11 m."""

NUMBER_DIGITS = 3
"""Digits of areas, and after the point of confidences."""

VALUE_DIGITS = 5
"""Digits of values."""

SHORTEST = 8
"""Characters of a name that are kept where the whole one does not fit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One class, or value, of what was found."""

    name: str
    """Name of it."""
    area_km2: float | None = None
    """Area on the ellipsoid in km²; None where not known."""
    objects: int | None = None
    """How many objects; None for classes of pixels."""
    most: float | None = None
    """Largest value; None for classes."""
    lonlat: tuple[float, float] | None = None
    """Longitude and latitude, degrees, of a place that belongs to it; None without a place."""
    confidence: float | None = None
    """Confidence from 0 to 1: the best object's, or the mean over pixels; None where not known."""

    def document(self, name: str) -> dict[str, object]:
        """Give what is sent, under a name that may be shorter than its own."""
        fields: dict[str, object] = {"c": name}
        if _is_number(self.area_km2):
            fields["a"] = float(f"{self.area_km2:.{NUMBER_DIGITS}g}")
        if self.objects is not None:
            fields["n"] = self.objects
        if _is_number(self.most):
            fields["m"] = float(f"{self.most:.{VALUE_DIGITS}g}")
        if self.lonlat is not None and all(map(math.isfinite, self.lonlat)):
            lon, lat = self.lonlat
            # Plus zero, so that none is -0.0.
            place = (lon + 180) % 360 - 180, lat
            fields["p"] = [round(degrees, PLACE_DIGITS) + 0.0 for degrees in place]
        if _is_number(self.confidence):
            fields["s"] = round(float(self.confidence or 0), NUMBER_DIGITS)
        return fields


def write_alert(path: Path, findings: Sequence[Finding], facts: Mapping[str, object]) -> None:
    """Write an alert; raises OutputError where the disk is full or fails.

    `facts` are what `Ending.facts` gives: a time that is only the file's is not among them.
    """
    time = facts.get("datetime")
    alert = alert_of(
        findings, time=None if time is None else str(time), bundle_id=str(facts["bundle_id"])
    )
    with disk_errors(path.name):
        path.write_bytes(alert)


def alert_of(findings: Sequence[Finding], *, time: str | None, bundle_id: str) -> bytes:
    """Give an alert of as many findings, in the order given, as there are bytes for.

    `time` is RFC 3339; None where not known. A name without room is cut, and ends in a point.
    """
    head: dict[str, object] = {"b": bundle_id[:ID_DIGITS]}
    if time is not None:
        head = {"t": time[:LONGEST_TIME], **head}
    kept: list[dict[str, object]] = []
    for finding in findings:
        left = len(findings) - len(kept) - 1
        name = clean_text(finding.name)
        short = f"{name[:SHORTEST]}." if len(name) > SHORTEST + 1 else name
        for one in (finding.document(name), finding.document(short)):
            if len(_encoded(head, [*kept, one], left)) <= LIMIT_BYTES:
                kept.append(one)
                break
        else:
            break
    return _encoded(head, kept, len(findings) - len(kept))


def _encoded(head: dict[str, object], kept: list[dict[str, object]], left: int) -> bytes:
    document = {**head, "f": kept, **({"x": left} if left else {})}
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.encode() + b"\n"


def _is_number(value: float | None) -> bool:
    return value is not None and math.isfinite(value)
