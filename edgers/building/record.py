"""What was measured when a plan was built, for the bundle."""

from edgers.building.attempts import Success
from edgers.building.preparing import Prepared
from edgers.building.profile_race import ProfileRace


def build_record(ready: Prepared, done: Success, race: ProfileRace | None) -> dict[str, object]:
    """Write a build down as JSON values."""
    found: dict[str, object] = {
        "device": ready.facts.module or ready.gpu.name,
        "driver": ready.gpu.driver,
        "attempts": [
            {
                "precision": one.precision, "scales": one.scales, "typing": one.typing,
                "outcome": one.outcome, "seconds": round(seconds, 3),
            }
            for one, seconds in zip(done.tried, done.seconds, strict=True)
        ],
        "workspace_bytes": ready.workspace.limit_bytes,
        "golden_error": done.golden_error,
        # The ground's certificate is of the same graph on another runtime.
        "accuracy_on_this_device": "not measured",
    }  # fmt: skip
    if race is not None:
        found["tile_ms"] = {name: round(ms, 4) for name, ms in race.median_ms.items()}
        found["profile"] = race.chosen
    return found
