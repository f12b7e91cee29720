"""What is made of rasters besides: outlines, and an alert."""

from collections.abc import Callable, Mapping, Sequence

from edgers.pipeline.options import RunOptions
from edgers.products.alert import ALERT_ENDING, Finding
from edgers.products.class_vectors import check_simplify
from edgers.products.extras import Extra, alert_extra
from edgers.products.features import FORMATS, check_formats
from edgers.products.raster_drafts import RasterDrafts
from edgers.products.raster_files import raster_names

ALERT = "alert"
"""Role of the alert."""


def extra_names(options: RunOptions) -> dict[str, str]:
    """Give the ending of each by its role; raises OutputError where a package is missing."""
    check_formats(options.vectors)
    check_simplify(options.simplify_px)
    endings: dict[str, str] = {kind: FORMATS[kind].ending for kind in options.vectors}
    return {**endings, ALERT: ALERT_ENDING} if options.alert else endings


def map_names(endings: Mapping[str, str], options: RunOptions, name: str) -> dict[str, str]:
    """Give the file of each product of a map of classes by its role, of all that `endings` have.

    Raises OutputError where a package is missing.
    """
    made = {
        role: ending for role, ending in endings.items()
        if role != "probabilities" or options.probabilities
    }  # fmt: skip
    return raster_names(name, made, is_warped=options.warp is not None, extras=extra_names(options))


def extras_of(
    options: RunOptions, vectors: Mapping[str, Extra],
    findings: Callable[[RasterDrafts], Sequence[Finding]],
) -> dict[str, Extra]:  # fmt: skip
    """Give them by their role."""
    return {**vectors, ALERT: alert_extra(findings)} if options.alert else dict(vectors)
