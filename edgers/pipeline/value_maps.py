"""Maps of values: what a model makes that gives numbers for each pixel."""

from edgers.contract import OutputValue
from edgers.errors import ContractError
from edgers.pipeline.class_maps import seams_of
from edgers.pipeline.maker import Order
from edgers.pipeline.model import Model
from edgers.pipeline.objects import refuse_vectors
from edgers.pipeline.options import RunOptions
from edgers.pipeline.plan import score_channels
from edgers.pipeline.raster_maker import RasterMaker
from edgers.products.raster_files import raster_names
from edgers.products.raster_products import RasterProducts
from edgers.products.value_map import ValueMap
from edgers.tasks.values import ValueBlock, ValueDecoder, value_names


def value_map_maker(order: Order) -> RasterMaker[ValueBlock]:
    """Open or begin the products; raises ContractError where the output holds no values."""
    output = order.model.output
    decoder = ValueDecoder(output)
    kind = ValueMap(values_of(order.model), output.storage)
    products = RasterProducts(
        order.work, name=order.name, places=order.places, kind=kind,
        preview_bands=len(order.preview_bands),
    )  # fmt: skip
    return RasterMaker(order.grid, output.name, decoder, products, seams_of(order))


def value_map_names(model: Model, options: RunOptions, name: str) -> dict[str, str]:
    """Give the file of each product by its role; raises ContractError where there is no such."""
    refuse_vectors(model, options)
    if options.probabilities:
        raise ContractError(
            f"output {model.output.name!r} has no probabilities.",
            seen=f"Its task is {model.output.task!r}.",
            fix="Run without --probabilities.",
        )
    return raster_names(name, {"values": ""}, is_warped=options.warp is not None)


def values_of(model: Model) -> tuple[OutputValue, ...]:
    """Say what the numbers of a pixel are."""
    if model.output.values:
        return model.output.values
    names = value_names(model.output, score_channels(model))
    return tuple(OutputValue(name=name) for name in names)
