"""Maps of values: what a model makes that gives numbers for each pixel."""

from edgers.contract import OutputValue
from edgers.errors import ContractError, SceneError
from edgers.pipeline.class_maps import refuse_outlines, seams_of
from edgers.pipeline.gap_filling import FillingMaker
from edgers.pipeline.kept_input import kept_input
from edgers.pipeline.maker import Order
from edgers.pipeline.model import Model
from edgers.pipeline.options import RunOptions
from edgers.pipeline.plan import score_channels
from edgers.pipeline.raster_maker import RasterMaker
from edgers.products.raster_files import raster_names
from edgers.products.raster_products import RasterProducts
from edgers.products.value_map import ENDINGS, FOUND, VALUES, ValueMap
from edgers.tasks.values import ValueBlock, ValueDecoder, shown_values


def value_map_maker(order: Order) -> RasterMaker[ValueBlock]:
    """Open or begin the products.

    Raises ContractError where the output holds no values, and SceneError where a cube is wanted
    that cannot say where it lies.
    """
    output, kept = order.model.output, kept_input(order.model, order.scene)
    values = values_of(order.model) if kept is None else kept.values
    if order.options.cube == "envi":
        _check_place(order)
    kind = ValueMap(
        values, output.storage, order.places.computed, sum_tolerance=output.sum_tolerance,
        cube=order.options.cube,
    )  # fmt: skip
    products = RasterProducts(
        order.work, name=order.name, places=order.places, kind=kind,
        preview_bands=len(order.preview_bands),
    )  # fmt: skip
    decoder = ValueDecoder(output, None if kept is None else kept.back)
    make = FillingMaker if kept is not None and kept.fills else RasterMaker[ValueBlock]
    return make(order.grid, output.name, decoder, products, seams_of(order))


def value_map_names(model: Model, options: RunOptions, name: str) -> dict[str, str]:
    """Give the file of each product by its role; raises ContractError where there is no such."""
    refuse_outlines(model, options)
    if options.probabilities:
        raise ContractError(
            f"output {model.output.name!r} has no probabilities.",
            seen=f"Its task is {model.output.task!r}.",
            fix="Run without --probabilities.",
        )
    roles = [VALUES]
    if any(one.threshold is not None for one in model.output.values):
        roles.append(FOUND)
    return raster_names(
        name, {role: ENDINGS[role] for role in roles}, is_warped=options.warp is not None,
        cubes=(VALUES,) if options.cube == "envi" else (),
    )  # fmt: skip


def values_of(model: Model) -> tuple[OutputValue, ...]:
    """Say what the bands of the product are."""
    return shown_values(model.output, score_channels(model))


def _check_place(order: Order) -> None:
    """Refuse a cube in ENVI's form of a scene that a header cannot place."""
    place = order.places.product
    if place.gcps or place.rpcs is not None:
        raise SceneError(
            "an ENVI header cannot say where this scene lies.",
            seen=f"Its pixels are placed by {place.kind}.",
            rule="Its headers hold a transform and a CRS.",
            fix="Run without --cube envi; COGs keep such places.",
        )
