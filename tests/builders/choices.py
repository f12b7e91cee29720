"""What is tried on engines, and what was chosen, in a few words."""

import json
from typing import Any

import onnx
import pytest
from builders.bundles import contract_document, tiny_net
from builders.engines import StandIn

from edgers.contract import Contract, contract_from_bytes
from edgers.export import timing
from edgers.export.engine_choice import EngineDecision
from edgers.export.stopwatch import Stopwatch
from edgers.export.trial import Subject
from edgers.tiling.graph import halo_from_graph


def subject(net: onnx.ModelProto | None = None) -> Subject:
    model = net or tiny_net()
    contract: Contract = contract_from_bytes(json.dumps(contract_document()).encode(), "made")
    halo = halo_from_graph(model, contract.inputs, "y")
    return Subject(graph=model.SerializeToString(), contract=contract, halo=halo)


def tell_times(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let stand-ins tell their own pace, and have two processors."""

    def lap(_watch: Stopwatch, engine: StandIn, _tiles: int) -> Any:
        return lambda: engine.pace_s

    monkeypatch.setattr(Stopwatch, "lap", lap)
    monkeypatch.setattr(timing, "stream_count", lambda word: 2 if word == "processors" else 1)


def ships(decision: EngineDecision) -> list[str]:
    return [f"{one.engine} {one.precision}" for one, _ in decision.preferred]


def rows(decision: EngineDecision) -> list[dict[str, Any]]:
    found = decision.measured["engines"]
    assert isinstance(found, list)
    return found


def row(decision: EngineDecision, name: str) -> dict[str, Any]:
    return next(one for one in rows(decision) if one["engine"] == name)
