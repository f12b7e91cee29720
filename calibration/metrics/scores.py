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
    absent: str = "none"
    """How it is said that there is no number."""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class FlagScore:
    """How well one of several classes that a pixel, or a row, may be of was found."""

    name: str
    """Class."""
    truth: int
    """Pixels, or rows, that are of it."""
    found: int
    """Those that were called so, of those that are counted."""
    f1: float | None
    """Harmonic mean of precision and recall, 0 to 1; None where the truth has none of it."""
    iou: float | None
    """Intersection over union, 0 to 1; None where the truth has none of it."""

    @property
    def value(self) -> float | None:
        """What it is judged by."""
        return self.f1

    @property
    def counts(self) -> tuple[int, int]:
        """How many of the truth, and how many found."""
        return self.truth, self.found

    @property
    def told(self) -> tuple[Told, ...]:
        """What else is known."""
        return (Told(name="IoU", value=self.iou),)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecallScore:
    """How many rows of one class were found."""

    name: str
    """Class."""
    truth: int
    """Rows that are of it."""
    found: int
    """Rows that were called so."""
    recall: float | None
    """Share of the true ones that were found, 0 to 1; None where the truth has none of it."""
    f1: float | None
    """Harmonic mean of precision and recall; None where the truth has none of it."""

    @property
    def value(self) -> float | None:
        """What it is judged by."""
        return self.recall

    @property
    def counts(self) -> tuple[int, int]:
        """Rows of the truth, and rows found."""
        return self.truth, self.found

    @property
    def told(self) -> tuple[Told, ...]:
        """What else is known."""
        return (Told(name="F1", value=self.f1),)


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueScore:
    """How well one value was found, or what of it reaches a threshold."""

    name: str
    """Value."""
    measure: str
    """What it is judged by: `R²`, or `F1` of where it reaches a threshold."""
    truth: int
    """Pixels, or rows, with truth; of F1, those where it reaches the threshold."""
    found: int
    """Those of them that have an answer; of F1, those where that reaches the threshold."""
    score: float | None
    """R², at most 1, or F1; None where the truth is the same everywhere, or nowhere reaches it."""
    rmse: float | None
    """Root of the mean squared error; None of F1, and where nothing was counted."""
    bias: float | None
    """Mean of what was found minus the truth."""
    unit: str
    """Unit of both; empty where there is none."""
    constant: float | None
    """The truth, where it is the same everywhere."""

    @property
    def value(self) -> float | None:
        """What it is judged by."""
        return self.score

    @property
    def counts(self) -> tuple[int, int]:
        """Pixels of the truth, and those that have an answer."""
        return self.truth, self.found

    @property
    def told(self) -> tuple[Told, ...]:
        """What else is known."""
        return (
            Told(name="RMSE", value=self.rmse, digits=".4g", unit=self.unit),
            Told(name="bias", value=self.bias, digits=".4g", unit=self.unit),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CosineScore:
    """How far embeddings point the same way."""

    name: str
    """What they are called."""
    truth: int
    """Rows that FP32 has an embedding of."""
    found: int
    """Those of them that the candidate has one of."""
    cosine: float | None
    """Mean cosine, −1 to 1; None where nothing was counted."""
    least: float | None
    """The smallest."""

    @property
    def value(self) -> float | None:
        """What it is judged by."""
        return self.cosine

    @property
    def counts(self) -> tuple[int, int]:
        """Rows of the truth, and rows found."""
        return self.truth, self.found

    @property
    def told(self) -> tuple[Told, ...]:
        """What else is known."""
        return (Told(name="least", value=self.least),)
