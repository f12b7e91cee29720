"""Class maps: what a model makes that gives a class for each pixel."""

from edgers.pipeline.maker import Order
from edgers.pipeline.model import Model
from edgers.pipeline.objects import refuse_vectors
from edgers.pipeline.options import RunOptions
from edgers.pipeline.plan import score_channels
from edgers.pipeline.raster_maker import RasterMaker
from edgers.pipeline.seams import Seams
from edgers.products.class_map import ENDINGS, ClassMap
from edgers.products.raster_files import raster_names
from edgers.products.raster_products import RasterProducts
from edgers.tasks.segmentation import ClassBlock, SegmentationDecoder


def class_map_maker(order: Order) -> RasterMaker[ClassBlock]:
    """Open or begin the products; raises ContractError where the output is no segmentation."""
    output, chances = order.model.output, order.options.probabilities
    decoder = SegmentationDecoder(output, with_probabilities=chances)
    kind = ClassMap(output, order.places.computed, decoder.data_type, probabilities=chances)
    products = RasterProducts(
        order.work, name=order.name, places=order.places, kind=kind,
        preview_bands=len(order.preview_bands),
    )  # fmt: skip
    return RasterMaker(order.grid, output.name, decoder, products, seams_of(order))


def class_map_names(model: Model, options: RunOptions, name: str) -> dict[str, str]:
    """Give the file of each product by its role; raises ContractError where there is no such."""
    refuse_vectors(model, options)
    endings = dict(ENDINGS)
    if not options.probabilities:
        del endings["probabilities"]
    return raster_names(name, endings, is_warped=options.warp is not None)


def seams_of(order: Order) -> Seams | None:
    """Prepare for mixing tiles, where the grid asks for it."""
    weights = order.grid.weights
    if weights is None:
        return None
    return Seams(order.grid, weights, score_channels(order.model), order.work.path(""))
