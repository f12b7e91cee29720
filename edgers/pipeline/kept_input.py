"""The image that an output restores: its bands, the way back to its samples, and what is kept."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edgers.contract import OutputValue
from edgers.contract.model import WHERE_NODATA
from edgers.contract.scaling import backward, by_layer
from edgers.pipeline.model import Model
from edgers.scene.bands import SceneBand
from edgers.scene.scene import StackWindow
from edgers.scene.scene_view import SceneView

Reals = npt.NDArray[np.float32]
Bools = npt.NDArray[np.bool_]
Core = slice | npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True, kw_only=True)
class Own:
    """What the scene itself says about the core of a tile."""

    values: Reals
    """Its physical values, (band, height, width)."""
    taken: Bools
    """True where the network's value is taken instead, (band, height, width)."""


class KeptInput:
    """One input of a scene that the output restores.

    The product holds physical values: scale and offset tags of the files are applied, whether or
    not the network takes them so.
    """

    def __init__(self, model: Model, scene: SceneView) -> None:
        """Prepare for the output of `model`, which restores an input."""
        restores = model.output.restores
        assert restores is not None
        stack = scene.stacks[restores.input]
        self._name, self._where, self._source = restores.input, restores.where, stack.source
        self._scene, self._bands = scene, stack.bands
        self._scale = by_layer([band.scale for band in stack.bands])
        self._offset = by_layer([band.offset for band in stack.bands])
        factor, summand = backward(stack.source)
        if not stack.is_scaled:
            factor, summand = factor * self._scale, summand * self._scale + self._offset
        self.back = factor, summand
        """Factor and summand, (band, 1, 1), from the network's values to physical ones."""

    @property
    def fills(self) -> bool:
        """Tell whether the network is believed in some places only."""
        return self._where is not None

    @property
    def values(self) -> tuple[OutputValue, ...]:
        """Say what the bands are."""
        names = [band.label for band in self._bands]
        return tuple(
            _value(band, name if names.count(name) == 1 else f"{name} ({i})")
            for i, (band, name) in enumerate(zip(self._bands, names, strict=True), 1)
        )

    def nodata(self, window: StackWindow) -> Bools:
        """Tell where the product has nothing, (height, width): no data, and none to make some of.

        What fills a gap hangs on the other inputs, where there are some that count.
        """
        others = np.zeros(window.nodata.shape, bool)
        for name, one in window.inputs.items():
            if name not in (self._name, self._where):
                counts = self._scene.stacks[name].source.nodata.counts
                others |= one.nodata & counts
        own = window.inputs[self._name].nodata
        if self._where == WHERE_NODATA:
            return own & others
        return np.where(self._mask(window), others, own)

    def own(self, window: StackWindow, rows: Core, columns: Core) -> Own:
        """Give what is kept of the core of a window."""
        one = window.inputs[self._name]
        samples = one.samples[:, rows][..., columns].astype(np.float32)
        taken = one.missing[:, rows][..., columns].copy()
        if self._where != WHERE_NODATA:
            taken |= self._mask(window)[rows][:, columns]
        return Own(values=samples * self._scale + self._offset, taken=taken)

    def _mask(self, window: StackWindow) -> Bools:
        """Tell where the mask asks for the network, (height, width)."""
        assert self._where is not None
        mask = window.inputs.get(self._where)
        # A mask that may be left out asks for nothing then.
        if mask is None:
            return np.zeros(window.nodata.shape, bool)
        asked: Bools = (mask.samples[0] != 0) & ~mask.missing[0]
        return asked


def kept_input(model: Model, scene: SceneView) -> KeptInput | None:
    """Give the input that the output restores, or None where it restores none."""
    return None if model.output.restores is None else KeptInput(model, scene)


def _value(band: SceneBand, name: str) -> OutputValue:
    return OutputValue(
        name=name, unit=band.unit, center_wavelength_um=band.wavelength_um, fwhm_um=band.fwhm_um
    )
