"""Running a model on a new scene and what is kept: series of dates, earlier scenes."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from edgers.contract import ModelInput
from edgers.contract.kept import KeptReference, KeptSeries
from edgers.errors import BadInputError, SceneError
from edgers.pipeline.input_watch import scene_hash
from edgers.pipeline.model import Model
from edgers.pipeline.options import RunOptions
from edgers.pipeline.progress import Progress
from edgers.pipeline.report import SceneReport
from edgers.pipeline.run import run_scene
from edgers.scene.date import time_from_text
from edgers.scene.folder import scene_name
from edgers.scene.open import environment
from edgers.scene.raster import Raster
from edgers.scene.scene import renamed_by_input
from edgers.scene.series import one_date
from edgers.state.entry import Entry, Facts
from edgers.state.keep import Arrival, check_placed, keep_scene, refuse_other_date
from edgers.state.median import file_of
from edgers.state.reference import find_references
from edgers.state.ring import by_period, number_of, window_of
from edgers.state.scene_pixels import ScenePixels
from edgers.state.store import Store

TOO_OLD = "it is older than all that is kept"


@dataclass(frozen=True, slots=True, kw_only=True)
class InputState:
    """What the store did for one input."""

    input: str
    """Name of the input."""
    place: str
    """Place whose ring it is; empty where the scene was not kept."""
    is_new: bool
    """Whether the scene was not kept before."""
    is_kept: bool
    """Whether it is kept now."""
    used: tuple[str, ...]
    """Periods of the series that have a scene, or references that were found."""
    missing: tuple[str, ...]
    """What is missing for the model to run."""
    filled: tuple[str, ...] = ()
    """Periods without a scene that others stand in for."""
    dropped: tuple[str, ...] = ()
    """Scenes that had to go."""
    set_aside: tuple[str, ...] = ()
    """What was found damaged, with the reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of a new scene."""

    scene: str
    """Its name."""
    report: SceneReport | None
    """What the run gave; None where something is missing for it."""
    inputs: tuple[InputState, ...]
    """What the store did, by input."""

    def document(self) -> dict[str, object]:
        """Give the outcome as JSON values: the report of the run, where there was one."""
        report = {} if self.report is None else self.report.document()
        return {"scene": self.scene, **report, "state": [asdict(one) for one in self.inputs]}

    @property
    def missing(self) -> str:
        """What is missing, in words; empty where nothing is."""
        lacking = [one for one in self.inputs if one.missing]
        return " · ".join(f"{one.input}: {', '.join(one.missing)}" for one in lacking)


@dataclass(frozen=True, slots=True, kw_only=True)
class Keeping:
    """A store and what the user chose for it."""

    store: Store
    """Where scenes are kept."""
    place: str | None = None
    """Place that scenes belong to; None for that of their ground."""
    most_bytes: int | None = None
    """What all that is kept may take; None for what the rings hold."""


def kept_inputs(
    model_inputs: Sequence[ModelInput], named: Mapping[str, object]
) -> list[ModelInput]:
    """Give the inputs that the store fills: kept, and not named by the user.

    Raises BadInputError where there are none.
    """
    found = [one for one in model_inputs if one.kept is not None and one.name not in named]
    if not found:
        raise BadInputError(
            "the store has nothing to do for this model.",
            seen=f"Its inputs: {', '.join(one.name for one in model_inputs)}.",
            rule='An input that is kept states "edgers:kept" in the contract.',
            fix="Leave --state out.",
        )
    return found


def add_scene(
    model_inputs: Sequence[ModelInput], scene: Path, options: RunOptions, keeping: Keeping
) -> list[Arrival]:
    """Keep a scene for each input that keeps any, without a run; references as well."""
    renamed = renamed_by_input(model_inputs, options.renamed)
    return [
        keep_scene(
            keeping.store, scene, source, renamed[source.name], place=keeping.place,
            most_bytes=keeping.most_bytes,
        )
        for source in kept_inputs(model_inputs, options.inputs)
    ]  # fmt: skip


def run_kept(
    model: Model, scene: Path | None, folder: Path, options: RunOptions, keeping: Keeping,
    progress: Progress | None = None,
) -> Outcome:  # fmt: skip
    """Keep a new scene and run the model on it and what was kept before, if that is enough.

    `scene` is None where the options name the main input's file. A series takes the scene in before
    the run. An earlier scene is looked for before the new one is kept, and that is kept when the
    products are there: stopped at any moment, the same command gives the same products. Raises what
    `run_scene` and `keep_scene` raise.
    """
    sources = kept_inputs(model.inputs, options.inputs)
    fresh = scene or _named_scene(model, options)
    renamed = renamed_by_input(model.inputs, options.renamed)
    paths: dict[str, Sequence[Path]] = dict(options.inputs)
    states: dict[str, InputState] = {}
    facts: list[dict[str, object]] = []
    # All go in before any is read: to make room for one, scenes of another may be dropped.
    arrivals = {
        source.name: keep_scene(
            keeping.store, fresh, source, renamed[source.name], place=keeping.place,
            most_bytes=keeping.most_bytes,
        )
        for source in sources if isinstance(source.kept, KeptSeries)
    }  # fmt: skip
    for source in sources:
        if source.name in arrivals:
            states[source.name], found, told = _series(arrivals[source.name], source)
        else:
            states[source.name], found, told = _reference(model, fresh, source, renamed, keeping)
        facts += told
        if found:
            paths[source.name] = found
    report = None
    if not any(one.missing for one in states.values()):
        is_wanted = any(not one.is_optional and one.name not in paths for one in model.inputs)
        # Kept files have the model's own names.
        maps = {
            f"{name}:{band}": told
            for name, bands in renamed.items() if name not in states for band, told in bands.items()
        }  # fmt: skip
        chosen = replace(
            options, inputs=paths, kept=tuple(facts), renamed=maps,
            called="" if is_wanted else scene_name(fresh),
        )  # fmt: skip
        report = run_scene(model, fresh if is_wanted else None, folder, chosen, progress)
    for source in sources:
        if isinstance(source.kept, KeptReference) and source.kept.every:
            arrival = keep_scene(
                keeping.store, fresh, source, renamed[source.name], place=keeping.place,
                most_bytes=keeping.most_bytes,
            )  # fmt: skip
            states[source.name] = _with_arrival(states[source.name], arrival)
    return Outcome(scene=fresh.name, report=report, inputs=tuple(states.values()))


def _named_scene(model: Model, options: RunOptions) -> Path:
    """Give the new scene where it is named as an input."""
    paths = options.inputs.get(model.source.name, ())
    if len(paths) != 1:
        raise SceneError(
            "no new scene is named.",
            seen=f"Given by --input: {', '.join(options.inputs) or 'none'}.",
            rule="Beside a store a run has one new scene: a file, a folder or a STAC Item.",
        )
    return paths[0]


def _series(
    arrival: Arrival, source: ModelInput
) -> tuple[InputState, list[Path], list[dict[str, object]]]:
    """Give the files of the series that the new scene belongs to, and what is known of them."""
    rule = source.kept
    assert isinstance(rule, KeptSeries)
    entries = [one for one in arrival.entries if one.path.exists()]
    state = _with_arrival(
        InputState(input=source.name, place="", is_new=False, is_kept=False, used=(), missing=()),
        arrival,
    )
    when = time_from_text(arrival.date.time)
    assert when is not None
    if number_of(when, rule) not in by_period(entries, rule):
        return replace(state, missing=(TOO_OLD,)), [], []
    window = window_of(entries, rule, when)
    lacking = set(window.missing)
    state = replace(
        state,
        used=tuple(slot.name for slot in window.slots if slot.is_own),
        missing=() if window.is_full else window.missing,
        filled=tuple(name for name in window.missing if window.is_full),
    )
    if not window.is_full:
        return state, [], []
    by_hash = {one.sha256: one for one in entries}
    with environment():
        files = [file_of(slot, by_hash, arrival.ring, source, rule) for slot in window.slots]
    arrival.ring.remove_made(set(files))
    facts = [
        _fact(source, by_hash[sha256], slot.name, stands_in=slot.name in lacking)
        for slot in window.slots for group in slot.groups for sha256 in group
    ]  # fmt: skip
    return state, files, facts


def _reference(
    model: Model, scene: Path, source: ModelInput, renamed: Mapping[str, Mapping[str, str]],
    keeping: Keeping,
) -> tuple[InputState, list[Path], list[dict[str, object]]]:  # fmt: skip
    """Find the earlier scenes of the new one's ground."""
    main = model.source
    with environment():
        date = one_date(scene)
        with Raster(date.files, main, renamed[main.name]) as raster:
            ground = raster.place
        if keeping.place is None:
            check_placed(ground, scene.name)
        found = find_references(keeping.store, source, date.time, ground, keeping.place)
        assert isinstance(source.kept, KeptReference)
        if found and source.kept.every:
            # It is to be kept after the run: what forbids it is told before there are products.
            with ScenePixels(date, source, renamed[source.name], grid=None) as pixels:
                sha256 = scene_hash(pixels.files)
            newcomer = Facts(scene=scene_name(scene), time=date.time, sha256=sha256, clear=1.0)
            refuse_other_date(found, newcomer)
    is_missing = not found and not source.is_optional
    state = InputState(
        input=source.name, place="", is_new=False, is_kept=False,
        used=tuple(f"{one.facts.scene} of {one.facts.time}" for one in found),
        missing=("an earlier scene of this ground",) if is_missing else (),
        set_aside=keeping.store.told(),
    )  # fmt: skip
    facts = [_fact(source, one, one.facts.time, stands_in=False) for one in found]
    return state, [one.path for one in found], facts


def _fact(source: ModelInput, entry: Entry, period: str, *, stands_in: bool) -> dict[str, object]:
    """Say of a kept scene what a product's provenance holds."""
    return {
        "input": source.name,
        "period": period,
        "scene": entry.facts.scene,
        "time": entry.facts.time,
        "sha256": entry.sha256,
        **({"stands_in": True} if stands_in else {}),
    }


def _with_arrival(state: InputState, arrival: Arrival) -> InputState:
    """Add what became of the new scene."""
    return replace(
        state, place=arrival.ring.place, is_new=arrival.is_new, is_kept=arrival.is_kept,
        dropped=arrival.dropped, set_aside=(*state.set_aside, *arrival.set_aside),
    )  # fmt: skip
