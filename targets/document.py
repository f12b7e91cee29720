"""Targets, devices and how they go together, as plain JSON values."""

from dataclasses import asdict
from typing import Any

from edgers.targets.device_facts import DeviceFacts
from edgers.targets.fit import Fit
from edgers.targets.gpu import text_from_version
from edgers.targets.refused import Refused
from edgers.targets.target import Target

VERSIONS = ("cc", "cuda", "tensorrt")
"""Keys whose values are versions, which are written as texts: 8.7, 10.3.0."""


def document_from_target(target: Target) -> dict[str, Any]:
    """Write a target down; versions as texts, memory in bytes, None where a fact is not known."""
    document = asdict(target)
    document["precisions"] = target.precisions
    document["why_no_plan"] = target.why_no_plan
    if target.gpu is not None:
        document["gpu"] = _texts(document["gpu"])
        releases = zip(document["gpu"]["software"], target.gpu.software, strict=True)
        document["gpu"]["software"] = [
            {**_texts(row), "l4t": _range(one.l4t), "is_supported": one.is_supported}
            for row, one in releases
        ]
    return document


def document_from_refused(refused: Refused) -> dict[str, Any]:
    """Write a board down that cannot be compiled for."""
    return asdict(refused)


def document_from_facts(facts: DeviceFacts) -> dict[str, Any]:
    """Write a device down; versions as texts, memory in bytes."""
    document = _texts(asdict(facts))
    document["cpu_flags"] = sorted(facts.cpu_flags)
    if facts.gpu is not None:
        document["gpu"] = _texts(document["gpu"])
    return document


def document_from_fit(fit: Fit) -> dict[str, Any]:
    """Write down how a device and a target go together."""
    return asdict(fit)


def _texts(document: dict[str, Any]) -> dict[str, Any]:
    return {
        key: text_from_version(value) if key in VERSIONS and value is not None else value
        for key, value in document.items()
    }


def _range(l4t: Any) -> list[str] | None:
    return None if l4t is None else [text_from_version(one) for one in l4t]
