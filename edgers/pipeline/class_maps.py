"""Class maps: what a model makes that gives a class for each pixel."""

from edgers.contract import ModelOutput
from edgers.pipeline.maker import Order
from edgers.pipeline.model import Model
from edgers.pipeline.options import RunOptions
from edgers.pipeline.plan import score_channels
from edgers.pipeline.raster_extras import extras_of, map_names
from edgers.pipeline.raster_maker import RasterMaker
from edgers.pipeline.seams import Seams
from edgers.products.class_findings import class_findings
from edgers.products.class_map import ENDINGS, ClassMap
from edgers.products.class_vectors import class_vectors
from edgers.products.extras import Extra
from edgers.products.raster_products import RasterProducts
from edgers.scene.place import Place
from edgers.tasks.segmentation import ClassBlock, SegmentationDecoder, gives_scores


def class_map_maker(order: Order) -> RasterMaker[ClassBlock]:
    """Open or begin the products; raises ContractError where the output is no segmentation."""
    output, options, place = order.model.output, order.options, order.places.computed
    kind, decoder = class_layers(output, options, place)
    products = RasterProducts(
        order.work, name=order.name, places=order.places, kind=kind,
        preview_bands=len(order.preview_bands), extras=_extras(options, kind, output, place),
    )  # fmt: skip
    return RasterMaker(order.grid, output.name, decoder, products, seams_of(order))


def class_layers(
    output: ModelOutput, options: RunOptions, place: Place
) -> tuple[ClassMap, SegmentationDecoder]:
    """Say what the rasters are at `place`, and what decodes them."""
    # A graph that chose the classes itself tells no confidence.
    has_confidences = options.alert and gives_scores(output)
    decoder = SegmentationDecoder(
        output, with_probabilities=options.probabilities or has_confidences
    )
    kind = ClassMap(
        output, place, decoder.data_type, probabilities=options.probabilities,
        confidences=has_confidences,
    )  # fmt: skip
    return kind, decoder


def class_map_names(_: Model, options: RunOptions, name: str) -> dict[str, str]:
    """Give the file of each product by its role; raises OutputError where a package is missing."""
    return map_names(ENDINGS, options, name)


def _extras(
    options: RunOptions, kind: ClassMap, output: ModelOutput, place: Place
) -> dict[str, Extra]:
    """Give what is made of the class map besides."""
    layers = [("classes", 0, one.value) for one in output.shown_classes]
    return extras_of(
        options,
        class_vectors(
            options.vectors, output.shown_classes, place, kind.nodata, options.simplify_px
        ),
        lambda drafts: class_findings(kind.found.classes, drafts, place, kind.confidences, layers),
    )


def seams_of(order: Order) -> Seams | None:
    """Prepare for mixing tiles, where the grid asks for it."""
    weights = order.grid.weights
    if weights is None:
        return None
    return Seams(order.grid, weights, score_channels(order.model), order.work.path(""))
