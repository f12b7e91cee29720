"""Which maker makes the products of which kind of answer."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from edgers.pipeline.class_maps import class_map_maker, class_map_names
from edgers.pipeline.maker import Order, SceneMaker
from edgers.pipeline.model import Model
from edgers.pipeline.objects import object_maker, object_names_of
from edgers.pipeline.options import RunOptions
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
    "values": Making(make=value_map_maker, names=value_map_names),
    "objects": Making(make=object_maker, names=object_names_of),
}


def making_of(model: Model) -> Making:
    """Give what makes the products of a model."""
    return MAKERS[kind_of(model.output)]
