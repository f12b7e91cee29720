"""What the user allows a bundle to run on, and the candidates of a target that this leaves."""

import platform
from dataclasses import dataclass

from edgers.engines import ENGINES
from edgers.errors import BadInputError
from edgers.targets.target import Candidate, Target


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowed:
    """What the user allows."""

    engine: str | None = None
    """The engine that must run; None to take the fastest."""
    precisions: tuple[str, ...] = ("fp32",)
    """Precisions that may be shipped."""


def check_allowed(target: Target, allowed: Allowed) -> None:
    """Raise BadInputError where a precision or engine is not known to the target, or not here."""
    unknown = [one for one in allowed.precisions if one not in target.precisions]
    if unknown:
        raise BadInputError(
            f"target {target.name} cannot be compiled to {unknown[0]!r}.",
            rule=f"It takes: {', '.join(target.precisions)}.",
        )
    name = allowed.engine
    if name is not None and name not in target.engines:
        raise BadInputError(
            f"target {target.name} has no engine {name!r}.",
            rule=f"It takes: {', '.join(target.engines)}.",
        )
    if name is not None and name not in ENGINES:
        raise BadInputError(
            f"engine {name} is not installed here.",
            seen=f"Installed: {', '.join(ENGINES)}.",
            fix=f"Install it with: pip install {name}",
        )


def usable_candidates(target: Target) -> list[Candidate]:
    """Give the candidates whose engine is installed here and that are meant for this machine."""
    return [
        one for one in target.candidates
        if one.engine in ENGINES and (not one.machines or platform.machine() in one.machines)
    ]  # fmt: skip


def allowed_candidates(target: Target, allowed: Allowed) -> list[Candidate]:
    """Give the usable candidates that the user allows.

    Of an engine that was named, only the first of each precision. Raises BadInputError where none
    is left.
    """
    found = [one for one in usable_candidates(target) if one.precision in allowed.precisions]
    if allowed.engine:
        named = [one for one in found if one.engine == allowed.engine]
        found = list({one.precision: one for one in reversed(named)}.values())[::-1]
    if not found:
        which = allowed.engine or "engine installed here"
        raise BadInputError(
            f"no {which} computes in {' or '.join(allowed.precisions)}.",
            seen=f"Installed: {', '.join(ENGINES)}.",
            rule=f"Target {target.name} takes: {', '.join(target.engines)}.",
        )
    return found
