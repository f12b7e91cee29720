"""Maps of several classes a pixel."""

from edgers.pipeline.class_maps import refuse_outlines, seams_of
from edgers.pipeline.maker import Order
from edgers.pipeline.model import Model
from edgers.pipeline.options import RunOptions
from edgers.pipeline.raster_maker import RasterMaker
from edgers.products.label_map import ENDINGS, LabelMap
from edgers.products.raster_files import raster_names
from edgers.products.raster_products import RasterProducts
from edgers.tasks.multi_label import LabelBlock, MultiLabelDecoder


def label_map_maker(order: Order) -> RasterMaker[LabelBlock]:
    """Open or begin the products; raises ContractError where the output has no score a class."""
    output, chances = order.model.output, order.options.probabilities
    kind = LabelMap(output, order.places.computed, probabilities=chances)
    products = RasterProducts(
        order.work, name=order.name, places=order.places, kind=kind,
        preview_bands=len(order.preview_bands),
    )  # fmt: skip
    decoder = MultiLabelDecoder(output)
    return RasterMaker(order.grid, output.name, decoder, products, seams_of(order))


def label_map_names(model: Model, options: RunOptions, name: str) -> dict[str, str]:
    """Give the file of each product by its role; raises ContractError where there is no such."""
    refuse_outlines(model, options)
    endings = dict(ENDINGS)
    if not options.probabilities:
        del endings["probabilities"]
    return raster_names(name, endings, is_warped=options.warp is not None)
