"""Whether TensorRT 8.5 to 11 will take a graph with Q/DQ or FP16, known before any device is."""

from edgers.calibration.legality.bands import ALL, Band, TypingMode, band_from_version
from edgers.calibration.legality.check import (
    Finding,
    Legality,
    Verdict,
    check_legality,
    require_legal,
)
from edgers.calibration.legality.rule import Level, Rule
from edgers.calibration.legality.rules import RULES
from edgers.calibration.legality.typing_strategy import Typing

__all__ = [
    "ALL",
    "RULES",
    "Band",
    "Finding",
    "Legality",
    "Level",
    "Rule",
    "Typing",
    "TypingMode",
    "Verdict",
    "band_from_version",
    "check_legality",
    "require_legal",
]
