"""Objects: what a detector makes, or a model that tells where things are."""

from collections.abc import Sequence

from edgers.errors import ContractError
from edgers.pipeline.maker import Order, SceneMaker
from edgers.pipeline.model import Model
from edgers.pipeline.object_forms import form_of
from edgers.pipeline.object_maker import ObjectMaker
from edgers.pipeline.options import RunOptions
from edgers.pipeline.spoken_maker import SpokenMaker
from edgers.products.features import Format, check_formats
from edgers.products.object_files import object_names

DEFAULT_FORMATS: Sequence[Format] = ("geojson",)


def object_maker(order: Order) -> SceneMaker:
    """Open or begin the products; raises ContractError where the output holds no objects."""
    formats, outputs = formats_of(order.options), order.model.bundle.contract.outputs
    if outputs[0].shapes:
        return SpokenMaker(order, formats)
    return ObjectMaker(order, formats, form_of(outputs))


def object_names_of(model: Model, options: RunOptions, name: str) -> dict[str, str]:
    """Give the file of each product by its role; raises where there is no such product."""
    for option, is_asked in (
        ("--probabilities", options.probabilities),
        ("--warp", options.warp is not None),
        ("--simplify", options.simplify_px > 0),
        ("--cube", options.cube != "cog"),
    ):
        if is_asked:
            raise ContractError(
                f"output {model.output.name!r} makes objects, not a map.",
                seen=f"Its task is {model.output.task!r}.",
                fix=f"Run without {option}.",
            )
    formats = formats_of(options)
    check_formats(formats)
    return object_names(name, formats, alert=options.alert)


def formats_of(options: RunOptions) -> Sequence[Format]:
    """Give the formats of features that are wanted."""
    return tuple(dict.fromkeys(options.vectors)) or DEFAULT_FORMATS
