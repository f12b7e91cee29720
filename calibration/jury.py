"""What judging one kind of answer takes: how two products are counted, and which labels fit."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from edgers.calibration.metrics.registry import Metric
from edgers.calibration.metrics.scores import Score, Told
from edgers.calibration.verdict import Truth
from edgers.scene.place import Place


@dataclass(frozen=True, slots=True, kw_only=True)
class SceneUnderTest:
    """A scene to judge on."""

    path: Path | None
    """File or folder; None where `inputs` name all."""
    label: Path | None = None
    """The truth of the scene, or None: FP32 is the truth then."""
    inputs: Mapping[str, Sequence[Path]] = field(default_factory=dict)
    """Files by input name, for models with several inputs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedScene:
    """A scene that a model was run on."""

    scene: SceneUnderTest
    """Which one."""
    name: str
    """What it is called."""
    products: tuple[Path, ...]
    """What was made, as a run names it; nothing where the model gave nothing."""
    failure: str = ""
    """Why there is nothing."""
    sha256: str = ""
    """Over the scene's files, as in the products."""
    place: Place | None = None
    """The pixels that the network was run on; None where there is nothing."""

    @property
    def product(self) -> Path | None:
        """The one that is judged; None where the model gave nothing."""
        return self.products[0] if self.products else None

    @property
    def picture(self) -> Path | None:
        """The picture; None where the model gave nothing."""
        return next((one for one in self.products if one.suffix == ".png"), None)


class Counter(Protocol):
    """Running counts of one model against a truth."""

    @property
    def counted(self) -> int:
        """What of the truth was counted: pixels, objects or rows."""

    def merge(self, other: Any) -> None:
        """Add the counts of another of its kind."""

    def scores(self) -> tuple[Score, ...]:
        """Give how well each part was found, in the order of the model's."""


@runtime_checkable
class TellsMore(Protocol):
    """A counter that knows more than how well each part was found."""

    @property
    def told(self) -> tuple[Told, ...]:
        """What is known of all parts together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PairCounts:
    """What was counted of two products of one scene, FP32's and a candidate's."""

    truth: Truth
    """What they are held against."""
    fp32: Counter
    """FP32 against it."""
    candidate: Counter
    """The candidate against it."""

    def merge(self, other: "PairCounts") -> None:
        """Add the counts of another scene."""
        self.fp32.merge(other.fp32)
        self.candidate.merge(other.candidate)


CountPair = Callable[[JudgedScene, JudgedScene], PairCounts]
"""Counts FP32's product of a scene and a candidate's against the scene's label, or, without one,
the second against the first. A candidate without a product missed everything. Raises SceneError
where the label does not fit."""

CheckLabel = Callable[[Path, Place, Place], None]
"""Reads all of a label; raises SceneError or BadInputError where it does not fit the scene. It gets
the pixels that the network is run on, and those of a product."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Jury:
    """How one output is judged."""

    metric: Metric
    """What it is judged by."""
    count: CountPair
    """How products are counted."""
    check_label: CheckLabel
    """Which labels fit."""
    label_endings: tuple[str, ...] = ()
    """Endings of labels that are no rasters; where there are some, labels are no rasters."""
    takes_labels: bool = True
    """Whether there may be labels at all."""
    samples_classes: bool = False
    """Whether a label is a raster of classes, which tiles to calibrate on are spread over."""
