"""Which maker makes the products of which kind of answer."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from edgers.errors import ContractError
from edgers.pipeline.class_maps import class_map_maker, class_map_names
from edgers.pipeline.label_maps import label_map_maker, label_map_names
from edgers.pipeline.maker import Order, SceneMaker
from edgers.pipeline.model import Model
from edgers.pipeline.objects import object_maker, object_names_of
from edgers.pipeline.options import RunOptions
from edgers.pipeline.rows import row_maker, row_table_names
from edgers.pipeline.value_maps import value_map_maker, value_map_names
from edgers.tasks.kinds import Kind, kind_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Making:
    """How products of one kind come about."""

    make: Callable[[Order], SceneMaker]
    """Opens or begins them."""
    names: Callable[[Model, RunOptions, str], Mapping[str, str]]
    """Gives the file of each by its role; raises where the options ask for what there is not."""


MAKERS: Mapping[Kind, Making] = {
    "classes": Making(make=class_map_maker, names=class_map_names),
    "labels": Making(make=label_map_maker, names=label_map_names),
    "values": Making(make=value_map_maker, names=value_map_names),
    "objects": Making(make=object_maker, names=object_names_of),
    "instances": Making(make=object_maker, names=object_names_of),
    "rows": Making(make=row_maker, names=row_table_names),
}


def making_of(model: Model) -> Making:
    """Give what makes the products of a model."""
    return MAKERS[kind_of(model.output)]


def product_names(model: Model, options: RunOptions, name: str) -> Mapping[str, str]:
    """Give the file of each product by its role.

    Raises ContractError where the options ask for what a model of this kind does not make.
    """
    kind = kind_of(model.output)
    if options.cube != "cog" and kind != "values":
        raise ContractError(
            f"output {model.output.name!r} gives no cube.",
            seen=f"Its task is {model.output.task!r}.",
            fix="Run without --cube.",
        )
    return MAKERS[kind].names(model, options, name)
