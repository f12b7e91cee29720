"""What is asked of a scene while its tiles are worked on: `Scene` has it, and so has a frame."""

from collections.abc import Mapping
from typing import Protocol

import numpy as np

from edgers.contract import ModelInput
from edgers.scene.bands import SceneBand
from edgers.scene.place import Place
from edgers.scene.raster import SceneWindow
from edgers.scene.scene import StackWindow


class StackView(Protocol):
    """What fills one model input."""

    @property
    def source(self) -> ModelInput:
        """The input."""

    @property
    def bands(self) -> tuple[SceneBand, ...]:
        """Bands of all dates, those of the first date first."""

    @property
    def is_scaled(self) -> bool:
        """Tell whether scale and offset tags are applied."""

    @property
    def data_type(self) -> np.dtype[np.generic]:
        """Type that holds the samples of all files."""


class SceneView(Protocol):
    """One acquisition for all inputs of a model."""

    @property
    def stacks(self) -> Mapping[str, StackView]:
        """What fills each input, by its name."""

    @property
    def place(self) -> Place:
        """Where the pixels that are read lie, and how many there are."""

    def read(self, row: int, column: int, height: int, width: int) -> StackWindow:
        """Read one window."""

    def read_input(self, name: str, row: int, column: int, height: int, width: int) -> SceneWindow:
        """Read one window of one input alone."""
