"""What is known of one part of a truth, such as a class: what it is judged by, and what is told."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A number that is told, and not judged."""

    name: str
    """What it is."""
    value: float | None
    """The number; None where there is none."""
    digits: str = ".3f"
    """How it is written, as Python's formats go."""
    unit: str = ""
    """Unit; empty where there is none."""


class Score(Protocol):
    """How well one part was found; a frozen dataclass, whose fields stand in certificates."""

    @property
    def name(self) -> str:
        """Name of the part."""

    @property
    def value(self) -> float | None:
        """What it is judged by, 1 at best; None where the truth has none of it."""

    @property
    def counts(self) -> tuple[int, int]:
        """How much of it the truth has, and how much was found."""

    @property
    def told(self) -> tuple[Told, ...]:
        """What else is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassScore:
    """How well one class was found."""

    name: str
    """Class, or group of classes."""
    truth_px: int
    """Pixels that are of it."""
    found_px: int
    """Pixels that were called so, of those that are counted."""
    iou: float | None
    """Intersection over union, 0 to 1; None where the truth has none of it."""
    f1: float | None
    """Harmonic mean of precision and recall, 0 to 1; None where the truth has none of it."""
    truth_ha: float | None
    """What it covers, in ha on the WGS 84 ellipsoid; None without a place on Earth."""
    found_ha: float | None
    """What was found of it, in ha."""

    @property
    def value(self) -> float | None:
        """What it is judged by."""
        return self.iou

    @property
    def counts(self) -> tuple[int, int]:
        """Pixels of the truth, and pixels found."""
        return self.truth_px, self.found_px

    @property
    def told(self) -> tuple[Told, ...]:
        """What else is known."""
        return (Told(name="F1", value=self.f1),)


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectionScore:
    """How well the objects of one class were found."""

    name: str
    """Class."""
    truth: int
    """True boxes."""
    found: int
    """Boxes that were found."""
    ap50: float | None
    """Average precision at an overlap of 0.50, 0 to 1; None where there are no true boxes."""
    ap: float | None
    """Mean of the average precisions from 0.50 to 0.95; None where there are no true boxes."""

    @property
    def value(self) -> float | None:
        """What it is judged by."""
        return self.ap50

    @property
    def counts(self) -> tuple[int, int]:
        """True boxes, and boxes found."""
        return self.truth, self.found

    @property
    def told(self) -> tuple[Told, ...]:
        """What else is known."""
        return (Told(name="AP50:95", value=self.ap),)
