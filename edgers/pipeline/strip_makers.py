"""Which maker makes the products of a strip, by kind of answer."""

from collections.abc import Callable, Mapping

from edgers.pipeline.strip_maker import StripOrder, StripProducts
from edgers.pipeline.strip_objects import StripObjects
from edgers.pipeline.strip_rasters import strip_rasters
from edgers.pipeline.strip_table import StripTable
from edgers.tasks.kinds import Kind

STRIP_MAKERS: Mapping[Kind, Callable[[StripOrder], StripProducts]] = {
    "classes": strip_rasters,
    "labels": strip_rasters,
    "values": strip_rasters,
    "objects": StripObjects,
    "instances": StripObjects,
    "rows": StripTable,
}
