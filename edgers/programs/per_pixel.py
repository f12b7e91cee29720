"""A graph that takes pixels as rows of a table: trees, clusters, components, spectra."""

import numpy as np
import numpy.typing as npt

from edgers.contract import Contract, ModelInput
from edgers.contract.program import PerPixelRule
from edgers.engines.engine import Engine, EngineInfo, Tensors
from edgers.errors import EngineError
from edgers.programs.program import ORIGIN, Spot
from edgers.tasks.segmentation import class_axis

Array = npt.NDArray[np.generic]


class PerPixel:
    """One loaded graph."""

    def __init__(self, engine: Engine, rule: PerPixelRule, contract: Contract) -> None:
        """Take over the engine."""
        self._engine, self._rule, self._contract = engine, rule, contract

    @property
    def info(self) -> EngineInfo:
        """Tell which runtime runs the graph."""
        return self._engine.info

    def infer(self, inputs: Tensors, spot: Spot = ORIGIN) -> Tensors:
        """Put pixels under one another, run the graph once, and put the answers in their places.

        Features of a pixel stand in the order of the input's other axes: bands, or dates and bands.
        """
        output = self._contract.outputs[0]
        rows = {one.name: self._rows(inputs[one.name], one) for one in self._contract.inputs}
        main = self._contract.inputs[0]
        batch, height, width = (
            inputs[main.name].shape[main.dim_order.index(axis)]
            for axis in ("batch", "height", "width")
        )
        found = self._engine.infer(rows)[output.name]
        if not found.ndim or len(found) != batch * height * width:
            raise EngineError(
                f"the graph gives no row of {output.name!r} for each pixel.",
                seen=f"{batch * height * width} pixels, an answer of shape {found.shape}.",
            )
        axis = class_axis(output)
        image = found.reshape(batch, height, width, -1)
        if not axis and image.shape[-1] == 1:
            image = image[..., 0]
        names = ["batch", "height", "width", *([axis] if image.ndim == 4 else [])]
        if len(names) != len(output.dim_order):
            raise EngineError(
                f"the graph gives {image.shape[-1]} numbers a pixel.",
                rule=f"The contract has the axes {', '.join(output.dim_order)}.",
            )
        order = [names.index(name) for name in output.dim_order]
        placed = np.ascontiguousarray(image.transpose(order))
        return {output.name: placed.astype(output.data_type, copy=False)}

    def close(self) -> None:
        """Give back what the graph holds."""
        self._engine.close()

    def _rows(self, tensor: Array, source: ModelInput) -> Array:
        """Give the pixels of one input as rows."""
        axes = source.dim_order
        outer = [axes.index(name) for name in ("batch", "height", "width")]
        rest = [i for i in range(len(axes)) if i not in outer]
        pixels = tensor.transpose([*outer, *rest])
        count = pixels.shape[0] * pixels.shape[1] * pixels.shape[2]
        try:
            return np.ascontiguousarray(pixels.reshape(count, *self._rule.pixel_shape))
        except ValueError as error:
            raise EngineError(
                f"pixels of input {source.name!r} do not have the shape the contract states.",
                seen=f"{pixels[0, 0, 0].size} numbers a pixel.",
                rule=f"pixel_shape is {list(self._rule.pixel_shape)}.",
            ) from error
