"""A frame, or a strip, as a scene: one image for the only input of a model."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edgers.contract import ModelInput
from edgers.scene.bands import SceneBand
from edgers.scene.place import Place
from edgers.scene.raster import SceneWindow
from edgers.scene.scene import StackWindow

Read = Callable[[int, int, int, int], SceneWindow]
"""Reads a window: first row, first column, height and width."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageStack:
    """A `scene_view.StackView` of one image."""

    source: ModelInput
    """The only input."""
    bands: tuple[SceneBand, ...]
    """Bands in the model's order."""
    is_scaled: bool
    """Whether scale and offset tags are applied."""
    data_type: np.dtype[np.generic]
    """Type of the samples."""


class OneImage:
    """A `scene_view.SceneView` of one image."""

    def __init__(
        self, source: ModelInput, bands: tuple[SceneBand, ...], is_scaled: bool,
        data_type: npt.DTypeLike, place: Place, read: Read,
    ) -> None:  # fmt: skip
        """Look at an image that lies at `place`, whatever its file says of that."""
        self._read, self._name, self.place = read, source.name, place
        stack = ImageStack(
            source=source, bands=bands, is_scaled=is_scaled, data_type=np.dtype(data_type)
        )
        self.stacks = {source.name: stack}

    def read(self, row: int, column: int, height: int, width: int) -> StackWindow:
        """Read one window."""
        return self.seen(self._read(row, column, height, width))

    def read_input(self, name: str, row: int, column: int, height: int, width: int) -> SceneWindow:
        """Read one window of the only input."""
        assert name == self._name
        return self._read(row, column, height, width)

    def seen(self, window: SceneWindow) -> StackWindow:
        """Give a window that was read already."""
        return StackWindow(inputs={self._name: window}, nodata=window.nodata, main=window)
