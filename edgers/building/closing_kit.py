"""A kit and its plan put together: the bundle that flies."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from edgers.build_kit import PLAN_ENTRY, Plan, document_from_kit
from edgers.building.open_kit import BUILT, BUILT_FROM, OpenKit
from edgers.bundle import Bundle, EngineChoice, bundle_bytes, open_bundle
from edgers.files import write_whole


def close_kit(
    kit: OpenKit, plan_bytes: bytes, plan: Plan, choice: EngineChoice,
    built: Mapping[str, object], path: Path,
) -> Bundle:  # fmt: skip
    """Write the bundle: the kit as it is, its plan, and the engine that runs it as the first.

    A plan is not the same twice, so the bundle has an id of its own; `built_from` names the kit.
    Raises OutputError where the file cannot be written; it is there whole or not at all.
    """
    engines = cast(list[Mapping[str, Any]], kit.facts["engines"])
    facts = {
        **kit.facts,
        BUILT_FROM: kit.kit_id,
        "engines": [_engine_document(choice), *engines],
        "kit": document_from_kit(replace(kit.kit, plan=plan)),
    }
    entries = {**kit.entries, PLAN_ENTRY: plan_bytes}
    write_whole(path, bundle_bytes(entries, facts, {**kit.measured, BUILT: built}))
    return open_bundle(path)


def _engine_document(choice: EngineChoice) -> dict[str, object]:
    found: dict[str, object] = {
        "name": choice.name, "version": choice.version, "precision": choice.precision,
        "graph": choice.graph, "golden": choice.golden, "settings": dict(choice.settings),
    }  # fmt: skip
    return {**found, "weights": choice.weights} if choice.weights else found
