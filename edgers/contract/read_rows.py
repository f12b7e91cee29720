"""Contracts of graphs that take rows of a table: spectra, or longitude and latitude.

Such a graph takes pixels as rows, so the contract is that of the per-pixel program: its inputs and
output get the axes of an image here, and it runs over rasters and over tables alike.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from edgers.contract.fields import Fields
from edgers.contract.model import Contract, ModelInput, ModelOutput
from edgers.contract.program import PerPixelRule
from edgers.errors import ContractError

ROW_AXES = ("batch", "channel")
LENGTH = "length"
"""Axis of length 1 that graphs of 1-D convolutions have beside the wavelengths."""
IMAGE = ("height", "width")
TILE_PX = 128
"""Side of a tile where such a graph runs over a raster: 16 384 rows at once."""


def takes_rows(axes: Sequence[str]) -> bool:
    """Tell whether an input's axes are those of rows of a table."""
    return set(axes) - {LENGTH} == set(ROW_AXES)


def as_image_input(source: ModelInput) -> ModelInput:
    """Give an input of rows the axes of an image."""
    channels = source.length("channel")
    return replace(
        source, shape=(-1, channels, -1, -1), dim_order=(*ROW_AXES, *IMAGE),
        tile_px=source.tile_px or TILE_PX,
    )  # fmt: skip


def read_pixel_shape(stated: Sequence[Fields]) -> PerPixelRule | None:
    """Give the program of inputs that are rows; None where none is.

    Raises ContractError where some are and some are not, or their shapes differ in kind.
    """
    axes = [one.object("input").texts("dim_order") for one in stated]
    if not any(map(takes_rows, axes)):
        return None
    kinds = {tuple(axis for axis in order if axis != "batch") for order in axes}
    if len(kinds) > 1 or any(order[0] != "batch" for order in axes):
        raise ContractError(
            "the inputs of the contract are rows of a table in different orders.",
            seen="; ".join(", ".join(order) for order in axes) + ".",
            rule="All have 'batch' first, then 'channel', and the same place for 'length'.",
        )
    for one, order in zip(stated, axes, strict=True):
        tensor = one.object("input")
        if LENGTH in order and tensor.integers("shape")[order.index(LENGTH)] != 1:
            raise tensor.fail("shape", "The axis 'length' has length 1.")
    (kind,) = kinds
    return PerPixelRule(pixel_shape=tuple(1 if axis == LENGTH else -1 for axis in kind))


def check_row_output(output: ModelOutput) -> ModelOutput:
    """Give an output of rows without axes of length 1; raises ContractError where it has no rows.

    Its answer for a row is decoded as that for a tile, so further rules are `tasks.rows`'.
    """
    axes = zip(output.dim_order, output.shape, strict=True)
    kept = [(axis, size) for axis, size in axes if not (axis == LENGTH and size == 1)]
    names = tuple(axis for axis, _ in kept)
    if names[:1] != ("batch",) or len(names) > 2 or output.scope == "scene":
        raise ContractError(
            f"contract output {output.name!r} has axes {', '.join(output.dim_order)}.",
            rule="A row is answered for by 'batch' and one of 'class', 'channel' and 'feature', "
            "with no 'edgers:scope'.",
        )
    return replace(output, dim_order=names, shape=tuple(size for _, size in kept))


def as_image_output(output: ModelOutput) -> ModelOutput:
    """Give an output of rows the axes of an image: a class, or numbers, for each pixel."""
    is_segmentation = bool(output.classes) and "segmentation" not in output.task
    names = tuple("channel" if axis == "feature" else axis for axis in output.dim_order)
    return replace(
        output, dim_order=(*names, *IMAGE), shape=(*output.shape, -1, -1), normalise=None,
        task="semantic-segmentation" if is_segmentation else output.task,
    )  # fmt: skip


def row_output(contract: Contract) -> ModelOutput | None:
    """Give the output of a row; None where the graph takes no rows."""
    if contract.rows is not None or not isinstance(contract.program, PerPixelRule):
        return contract.rows
    output = contract.outputs[0]
    kept = {a: n for a, n in zip(output.dim_order, output.shape, strict=True) if a not in IMAGE}
    return replace(output, dim_order=tuple(kept), shape=tuple(kept.values()))


LOCATION: Mapping[str, str] = {
    "lon": "lon", "longitude": "lon", "lon_deg": "lon",
    "lat": "lat", "latitude": "lat", "lat_deg": "lat",
}  # fmt: skip
"""Names of bands that are degrees on Earth, in small letters."""


def location_bands(source: ModelInput) -> dict[str, int]:
    """Give the positions of longitude and latitude among the bands of an input, where it has both.

    Raises nothing; an input with one of them alone has no location.
    """
    found = {
        LOCATION[one.name.lower()]: i
        for i, one in enumerate(source.bands)
        if one.name.lower() in LOCATION
    }
    return found if set(found) == {"lon", "lat"} else {}


def is_location(contract: Contract) -> bool:
    """Tell whether longitude and latitude are all that a model takes."""
    return row_output(contract) is not None and all(
        len(location_bands(one)) == len(one.bands) for one in contract.inputs
    )
