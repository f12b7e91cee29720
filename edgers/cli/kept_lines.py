"""How commands tell what a store did."""

from edgers.state.keep import Arrival
from edgers.state.run import InputState, Outcome

NOTHING_MADE = 4
"""Exit code where scenes were kept, and something is still missing for a product."""


def state_lines(outcome: Outcome) -> list[tuple[str, str]]:
    """Tell what became of a new scene in the store, and what is missing."""
    lines = []
    for one in outcome.inputs:
        if one.place:
            lines.append(("kept", _kept(one.input, one.place, is_kept=one.is_kept, new=one.is_new)))
        lines += _series(one)
        lines += loss_lines(one.dropped, one.set_aside)
    if outcome.report is None:
        lines.append(("no product", f"{outcome.scene} needs more: {outcome.missing}"))
    return lines


def arrival_lines(arrival: Arrival) -> list[tuple[str, str]]:
    """Tell what became of a scene that is only kept."""
    ring = arrival.ring
    told = _kept(ring.input, ring.place, is_kept=arrival.is_kept, new=arrival.is_new)
    lines = [("kept", f"{arrival.scene} of {arrival.date.time} · {told}")]
    return [*lines, *loss_lines(arrival.dropped, arrival.set_aside)]


def loss_lines(dropped: tuple[str, ...], set_aside: tuple[str, ...]) -> list[tuple[str, str]]:
    """Tell what went, and what was found damaged."""
    return [("dropped", one) for one in dropped] + [("set aside", one) for one in set_aside]


def _kept(name: str, place: str, *, is_kept: bool, new: bool) -> str:
    if not is_kept:
        return f"not for {name} at {place}: others are newer, or better"
    return f"for {name} at {place}" + ("" if new else " · it was there before")


def _series(one: InputState) -> list[tuple[str, str]]:
    lines = [("uses", f"{one.input}: {' · '.join(one.used)}")] if one.used else []
    if one.filled:
        lines.append(("stand-ins", f"{one.input}: for {' · '.join(one.filled)}"))
    return lines
