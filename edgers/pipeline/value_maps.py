"""Maps of values: what a model makes that gives numbers for each pixel."""

from edgers.contract import OutputValue
from edgers.errors import ContractError, SceneError
from edgers.pipeline.class_maps import seams_of
from edgers.pipeline.gap_filling import FillingMaker
from edgers.pipeline.kept_input import KeptInput, kept_input
from edgers.pipeline.maker import Order
from edgers.pipeline.model import Model
from edgers.pipeline.options import RunOptions
from edgers.pipeline.plan import score_channels
from edgers.pipeline.raster_extras import extra_names, extras_of
from edgers.pipeline.raster_maker import RasterMaker
from edgers.products.extras import Extra
from edgers.products.flag_vectors import value_vectors
from edgers.products.raster_files import raster_names
from edgers.products.raster_products import RasterProducts
from edgers.products.value_findings import value_findings
from edgers.products.value_map import ENDINGS, FOUND, VALUES, ValueMap
from edgers.scene.place import Place
from edgers.tasks.values import ValueBlock, ValueDecoder, shown_values


def value_map_maker(order: Order) -> RasterMaker[ValueBlock]:
    """Open or begin the products.

    Raises ContractError where the output holds no values, and SceneError where a cube is wanted
    that cannot say where it lies.
    """
    output, kept = order.model.output, kept_input(order.model, order.scene)
    if order.options.cube == "envi":
        _check_place(order)
    kind, decoder = value_layers(order.model, kept, order.options, order.places.computed)
    products = RasterProducts(
        order.work, name=order.name, places=order.places, kind=kind,
        preview_bands=len(order.preview_bands),
        extras=_extras(order.options, kind, order.places.computed),
    )  # fmt: skip
    make = FillingMaker if kept is not None and kept.fills else RasterMaker[ValueBlock]
    return make(order.grid, output.name, decoder, products, seams_of(order))


def value_layers(
    model: Model, kept: KeptInput | None, options: RunOptions, place: Place
) -> tuple[ValueMap, ValueDecoder]:
    """Say what the rasters are at `place`, and what decodes them."""
    output = model.output
    kind = ValueMap(
        values_of(model) if kept is None else kept.values, output.storage, place,
        sum_tolerance=output.sum_tolerance, cube=options.cube,
    )  # fmt: skip
    return kind, ValueDecoder(output, None if kept is None else kept.back)


def value_map_names(model: Model, options: RunOptions, name: str) -> dict[str, str]:
    """Give the file of each product by its role; raises ContractError where there is no such."""
    sought = [one for one in model.output.values if one.threshold is not None]
    if options.vectors and not sought:
        raise ContractError(
            f"output {model.output.name!r} gives no outlines.",
            seen="None of its values has a threshold.",
            rule="Outlines of values are those of what reaches 'threshold' in the contract.",
            fix="Run without --vectors, or state a threshold.",
        )
    if options.probabilities:
        raise ContractError(
            f"output {model.output.name!r} has no probabilities.",
            seen=f"Its task is {model.output.task!r}.",
            fix="Run without --probabilities.",
        )
    roles = [VALUES, FOUND] if sought else [VALUES]
    return raster_names(
        name, {role: ENDINGS[role] for role in roles}, is_warped=options.warp is not None,
        cubes=(VALUES,) if options.cube == "envi" else (), extras=extra_names(options),
    )  # fmt: skip


def _extras(options: RunOptions, kind: ValueMap, place: Place) -> dict[str, Extra]:
    """Give what is made of the values besides."""
    return extras_of(
        options,
        value_vectors(options.vectors, kind.sought, place, options.simplify_px, kind.read),
        lambda drafts: value_findings(kind.values, kind.found.values, drafts, place, kind.read),
    )


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
