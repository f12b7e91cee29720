"""Class maps: what a model makes that gives a class for each pixel."""

from pathlib import Path

from edgers.contract import ModelOutput
from edgers.errors import ContractError
from edgers.pipeline.maker import Order
from edgers.pipeline.model import Model
from edgers.pipeline.options import RunOptions
from edgers.pipeline.plan import score_channels
from edgers.pipeline.raster_maker import RasterMaker
from edgers.pipeline.seams import Seams
from edgers.products.alert import ALERT_ENDING, write_alert
from edgers.products.class_findings import class_findings
from edgers.products.class_map import ENDINGS, ClassMap
from edgers.products.class_vectors import check_simplify, class_vectors
from edgers.products.ending import Ending
from edgers.products.extras import Extra, Facts
from edgers.products.features import FORMATS, check_formats
from edgers.products.raster_drafts import RasterDrafts
from edgers.products.raster_files import raster_names
from edgers.products.raster_products import RasterProducts
from edgers.scene.place import Place
from edgers.tasks.segmentation import ClassBlock, SegmentationDecoder, gives_scores


def class_map_maker(order: Order) -> RasterMaker[ClassBlock]:
    """Open or begin the products; raises ContractError where the output is no segmentation."""
    output, options, place = order.model.output, order.options, order.places.computed
    # A graph that chose the classes itself tells no confidence.
    has_confidences = options.alert and gives_scores(output)
    decoder = SegmentationDecoder(
        output, with_probabilities=options.probabilities or has_confidences
    )
    kind = ClassMap(
        output, place, decoder.data_type, probabilities=options.probabilities,
        confidences=has_confidences,
    )  # fmt: skip
    products = RasterProducts(
        order.work, name=order.name, places=order.places, kind=kind,
        preview_bands=len(order.preview_bands), extras=_extras(options, kind, output, place),
    )  # fmt: skip
    return RasterMaker(order.grid, output.name, decoder, products, seams_of(order))


def class_map_names(_: Model, options: RunOptions, name: str) -> dict[str, str]:
    """Give the file of each product by its role; raises OutputError where a package is missing."""
    check_formats(options.vectors)
    check_simplify(options.simplify_px)
    endings = dict(ENDINGS)
    if not options.probabilities:
        del endings["probabilities"]
    extras: dict[str, str] = {kind: FORMATS[kind].ending for kind in options.vectors}
    if options.alert:
        extras["alert"] = ALERT_ENDING
    return raster_names(name, endings, is_warped=options.warp is not None, extras=extras)


def _extras(
    options: RunOptions, kind: ClassMap, output: ModelOutput, place: Place
) -> dict[str, Extra]:
    """Give what is made of the class map besides."""

    def alert(path: Path, drafts: RasterDrafts, _: Ending, facts: Facts) -> None:
        findings = class_findings(kind.found.classes, drafts, place, kind.confidences)
        write_alert(path, findings, facts)

    extras = dict(
        class_vectors(
            options.vectors, output.shown_classes, place, kind.nodata, options.simplify_px
        )
    )
    if options.alert:
        extras["alert"] = Extra(ending=ALERT_ENDING, media_type="application/json", write=alert)
    return extras


def refuse_outlines(model: Model, options: RunOptions) -> None:
    """Raise ContractError where outlines, or an alert, are asked for that a model has not."""
    for is_asked, option in ((options.vectors, "--vectors"), (options.alert, "--alert")):
        if is_asked:
            raise ContractError(
                f"output {model.output.name!r} gives no outlines and no alert.",
                seen=f"Its task is {model.output.task!r}.",
                rule="Outlines and alerts are made of objects, or of a map with one class a pixel.",
                fix=f"Run without {option}.",
            )


def seams_of(order: Order) -> Seams | None:
    """Prepare for mixing tiles, where the grid asks for it."""
    weights = order.grid.weights
    if weights is None:
        return None
    return Seams(order.grid, weights, score_channels(order.model), order.work.path(""))
