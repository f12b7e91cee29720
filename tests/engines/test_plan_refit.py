"""Plans without weights are filled from their graph when they are loaded."""

import numpy as np
import onnx
import pytest
from builders.bundles import tiny_net
from builders.graphs import GraphBuilder
from builders.plans import board

from edgers.build_kit import Attempt
from edgers.building.builder import build_plan
from edgers.building.recipe import Profile, Recipe
from edgers.building.stoppable import Steps
from edgers.engines.plan_refit import joined, parted
from edgers.engines.tensorrt import TensorRtEngine
from edgers.errors import EngineError

VERSIONS = ("10.3.0", "10.13.3", "11.4.0")
TILE = np.random.default_rng(0).normal(size=(1, 3, 40, 40)).astype(np.float32)


def plan_of(trt: object, version: str, *, is_stripped: bool) -> bytes:
    typing = "strong" if version == "11.4.0" else "weak"
    attempt = Attempt(
        precision="fp32", scales="", graph="", golden="", typing=typing, flags=()
    )  # fmt: skip
    recipe = Recipe(
        attempt=attempt, graph=tiny_net().SerializeToString(), workspace_bytes=10**9,
        profiles=(Profile(name="dynamic", shapes={"x": ((1, 3, 40, 40),) * 3}),),
        is_stripped=is_stripped,
    )  # fmt: skip
    return build_plan(trt, recipe, Steps(lambda *_: None)).plan


@pytest.mark.parametrize("version", VERSIONS)
def test_a_filled_plan_computes_what_a_whole_one_does(
    monkeypatch: pytest.MonkeyPatch, version: str
) -> None:
    trt = board(monkeypatch, version).trt
    graph = tiny_net().SerializeToString()
    whole = TensorRtEngine(plan_of(trt, version, is_stripped=False))
    filled = TensorRtEngine(joined(plan_of(trt, version, is_stripped=True), graph))
    np.testing.assert_array_equal(
        whole.infer({"x": TILE})["y"], filled.infer({"x": TILE})["y"]
    )  # fmt: skip
    whole.close()
    filled.close()


@pytest.mark.parametrize("version", VERSIONS)
def test_a_graph_without_the_weights_is_refused(
    monkeypatch: pytest.MonkeyPatch, version: str
) -> None:
    trt = board(monkeypatch, version).trt
    other: onnx.ModelProto = GraphBuilder().model("x")
    with pytest.raises(EngineError, match="does not take the weights of its graph"):
        TensorRtEngine(
            joined(plan_of(trt, version, is_stripped=True), other.SerializeToString())
        )  # fmt: skip


def test_a_whole_plan_takes_no_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    trt = board(monkeypatch, "10.3.0").trt
    whole = plan_of(trt, "10.3.0", is_stripped=False)
    with pytest.raises(EngineError, match="the plan takes no weights"):
        TensorRtEngine(joined(whole, tiny_net().SerializeToString()))


def test_a_tensorrt_that_fills_no_plans_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    made = board(monkeypatch, "8.6.1")
    whole = made.plan(tiny_net())
    with pytest.raises(EngineError, match="cannot fill a plan without weights"):
        TensorRtEngine(joined(whole, b"graph"))


@pytest.mark.parametrize("plan", [b"", b"ftrt and more", bytes(300)])
def test_plan_and_graph_come_apart_as_they_were(plan: bytes) -> None:
    assert parted(joined(plan, b"graph")) == (plan, b"graph")
    assert parted(plan) == (plan, None)
