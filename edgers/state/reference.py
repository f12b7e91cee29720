"""Finding an earlier scene of the ground that a new one shows."""

from datetime import timedelta

from edgers.contract import ModelInput
from edgers.contract.kept import KeptReference
from edgers.scene.date import time_from_text
from edgers.scene.place import Place
from edgers.state.cover import cover_share
from edgers.state.entry import Entry
from edgers.state.keep import grid_of
from edgers.state.ring import rank
from edgers.state.store import Store


def find_references(
    store: Store, source: ModelInput, time: str, ground: Place, place: str | None
) -> list[Entry]:
    """Give the references for a scene taken at `time` (RFC 3339) of `ground`, by time.

    As many as the input has dates, or none where there are fewer. They are earlier than the scene,
    cover as much of it and are as clear as the contract asks; of more, the latest or clearest.
    """
    rule = source.kept
    assert isinstance(rule, KeptReference)
    when = time_from_text(time)
    assert when is not None
    rings = store.rings(source) if place is None else [store.ring(place, source)]
    fit = []
    for ring in rings:
        grid = grid_of(ring)
        if grid is None or cover_share(ground, grid) < rule.least_cover:
            continue
        for one in ring.entries():
            is_near = rule.within_days is None or when - one.when <= timedelta(rule.within_days)
            if one.when < when and is_near and one.clear >= rule.least_clear:
                fit.append(one)
    # One scene may be kept at several places.
    best = {one.sha256: one for one in sorted(fit, key=lambda one: rank(one, rule.choose))}
    chosen = list(best.values())[-source.dates :]
    if len(chosen) < source.dates:
        return []
    return sorted(chosen, key=lambda one: one.when)
