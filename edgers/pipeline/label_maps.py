"""Maps of several classes a pixel."""

from edgers.contract import ModelOutput
from edgers.pipeline.class_maps import seams_of
from edgers.pipeline.maker import Order
from edgers.pipeline.model import Model
from edgers.pipeline.options import RunOptions
from edgers.pipeline.raster_extras import extras_of, map_names
from edgers.pipeline.raster_maker import RasterMaker
from edgers.products.class_findings import class_findings
from edgers.products.extras import Extra
from edgers.products.flag_vectors import label_vectors
from edgers.products.label_map import ENDINGS, LabelMap
from edgers.products.raster_products import RasterProducts
from edgers.scene.place import Place
from edgers.tasks.multi_label import LabelBlock, MultiLabelDecoder


def label_map_maker(order: Order) -> RasterMaker[LabelBlock]:
    """Open or begin the products; raises ContractError where the output has no score a class."""
    output, options, place = order.model.output, order.options, order.places.computed
    kind = LabelMap(output, place, probabilities=options.probabilities)
    products = RasterProducts(
        order.work, name=order.name, places=order.places, kind=kind,
        preview_bands=len(order.preview_bands), extras=_extras(options, kind, output, place),
    )  # fmt: skip
    decoder = MultiLabelDecoder(output)
    return RasterMaker(order.grid, output.name, decoder, products, seams_of(order))


def label_map_names(_: Model, options: RunOptions, name: str) -> dict[str, str]:
    """Give the file of each product by its role; raises OutputError where a package is missing."""
    return map_names(ENDINGS, options, name)


def _extras(
    options: RunOptions, kind: LabelMap, output: ModelOutput, place: Place
) -> dict[str, Extra]:
    """Give what is made of the label map besides."""
    classes = output.shown_classes
    layers = [("labels", band, 1) for band in range(len(classes))]
    return extras_of(
        options,
        label_vectors(options.vectors, classes, place, options.simplify_px),
        lambda drafts: class_findings(
            kind.found.classes, drafts, place, [None] * len(classes), layers
        ),
    )
