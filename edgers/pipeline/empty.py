"""Refusing products that would say nothing."""

from edgers.errors import EngineError, SceneError
from edgers.pipeline.model import Model
from edgers.products.tally import Tally


def refuse_empty(model: Model, tally: Tally, tiles: int, what: str) -> None:
    """Raise where not one pixel of the product of `what`, of so many tiles, has an answer.

    EngineError where the network gave no number, SceneError where there is no data.
    """
    has_seen = tally.skipped_tiles < tiles
    # Where all that was found is ignored, that is an answer.
    if tally.nodata_share < 1.0 or (model.output.ignore and has_seen):
        return
    if tally.not_finite_px:
        raise EngineError(
            f"the network gave NaN or infinity on every pixel of {what} that has data.",
            seen=f"There are {tally.not_finite_px} such pixels.",
            fix="Check the contract's scaling: a wrong unit overflows the network.",
        )
    raise SceneError(
        f"{what} has no data.",
        seen="All its pixels are nodata.",
        rule=f"A pixel is nodata when {model.source.nodata.pixel} of its bands are missing.",
    )
