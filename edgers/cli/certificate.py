"""What a bundle's measurements say of accuracy, and of INT8 against FP32, line by line."""

from collections.abc import Mapping
from typing import Any, cast

from edgers.calibration.certificate import certificate_lines

ACCURACY_KEYS = ("certificate", "certificates", "left_out", "not_judged")
"""What of a bundle's measurements these lines tell."""


def accuracy_lines(measured: Mapping[str, object]) -> list[tuple[str, str]]:
    """Tell what was left out, how fast what ships is beside FP32, and the certificates."""
    left_out = cast(Mapping[str, str], measured.get("left_out", {}))
    lines = [("left out", f"{precision}: {why}") for precision, why in left_out.items()]
    lines += _speed_lines(cast(list[Mapping[str, Any]], measured.get("engines", [])))
    if "certificate" in measured:
        lines += certificate_lines(measured["certificate"])
    lines += _several(cast(list[object], measured.get("certificates", [])))
    not_judged = cast(Mapping[str, str], measured.get("not_judged", {}))
    lines += [("not judged", f"{precision}: {why}") for precision, why in not_judged.items()]
    return lines


def _several(certificates: list[object]) -> list[tuple[str, str]]:
    """Tell the certificates of several forms; what is the same for all is told at the end."""
    lines = [line for one in certificates for line in certificate_lines(one)]
    shared = dict.fromkeys(line for line in lines if line[0] in ("judged on", "on device"))
    return [line for line in lines if line not in shared] + list(shared)


def _speed_lines(rows: list[Mapping[str, Any]]) -> list[tuple[str, str]]:
    """Hold what ships against the fastest FP32, where both were timed."""
    timed = [row for row in rows if "tiles_per_s" in row]
    ships = next((row for row in timed if row["ships"]), None)
    exact = [row["tiles_per_s"] for row in timed if row["precision"] == "fp32"]
    if ships is None or ships["precision"] == "fp32" or not exact:
        return []
    times = ships["tiles_per_s"] / max(exact)
    text = f"{ships['precision']} has {times:.2f} × the tiles a second of the fastest fp32"
    if times < 1:
        return [("warning", f"{text}: it is SLOWER on this device")]
    return [("speed", text)]
