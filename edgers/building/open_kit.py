"""A build kit, opened; and a built bundle, taken back to the kit it came from."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

from edgers.build_kit import BuildKit, document_from_kit
from edgers.bundle import MANIFEST, MEASURED, Bundle, open_bundle
from edgers.errors import BundleError
from edgers.targets.gpu import text_from_version

BUILT_FROM = "built_from"
"""Fact of a manifest: the id of the kit that a bundle was built from."""

BUILT = "built"
"""What was measured when a plan was built, among what a bundle's making measured."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenKit:
    """A build kit in its parts, as `bundle_bytes` takes them."""

    bundle: Bundle
    """The file that was opened."""
    kit_id: str
    """Id of the kit."""
    kit: BuildKit
    """What it has for a GPU, without a plan."""
    entries: Mapping[str, bytes]
    """Its entries, without those that `bundle_bytes` adds."""
    facts: Mapping[str, object]
    """Facts of its manifest."""
    measured: Mapping[str, object]
    """What was measured on the ground."""


def open_kit(path: Path, *, is_rebuild: bool = False) -> OpenKit:
    """Open a build kit and check every byte of it.

    With `is_rebuild` a built bundle counts as the kit it came from. Raises BundleError where the
    file is no bundle, is altered, has nothing to build, or was built already.
    """
    bundle = open_bundle(path)
    kit = bundle.kit
    if kit is None:
        raise BundleError(
            f"bundle {path} is no build kit.",
            seen=f"It is for target {bundle.target}, and complete as it is.",
            rule="What is built is a bundle for a GPU.",
            fix=f"Run it: edgers run {path} SCENE.tif -o out/",
        )
    if kit.plan is not None and not is_rebuild:
        plan = kit.plan
        where = plan.module or plan.device
        raise BundleError(
            f"bundle {path} has its plan already.",
            seen=f"TensorRT {text_from_version(plan.tensorrt)} built it on {where}.",
            rule="A plan runs where it was built, and on others of that kind with that software.",
            fix="Run it, or build anew with --rebuild.",
        )
    added = {MANIFEST, MEASURED, *([kit.plan.entry] if kit.plan else [])}
    return OpenKit(
        bundle=bundle,
        kit_id=str(bundle.facts.get(BUILT_FROM, bundle.bundle_id)),
        kit=replace(kit, plan=None),
        entries={name: data for name, data in bundle.entries.items() if name not in added},
        facts=_facts_of_kit(bundle.facts, kit),
        measured={key: value for key, value in bundle.measured.items() if key != BUILT},
    )


def _facts_of_kit(facts: Mapping[str, object], kit: BuildKit) -> dict[str, object]:
    found = {key: value for key, value in facts.items() if key != BUILT_FROM}
    if kit.plan is None:
        return found
    engines = cast(list[Mapping[str, Any]], found["engines"])
    entry = kit.plan.entry
    found["engines"] = [one for one in engines if one["graph"] != entry]
    found["kit"] = document_from_kit(replace(kit, plan=None))
    return found
