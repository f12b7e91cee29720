"""The fastest engine that passes ships; what does not pass is out, with its reason."""

import importlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from builders.bundles import contract_document, tiny_net
from builders.choices import row, rows, ships, subject, tell_times
from builders.engines import StandIn, blurred, stand_in, target_of
from builders.networks import attention_net

from edgers.bundle import GOLDEN_OUTPUT, Bundle, open_bundle
from edgers.engines import ENGINES
from edgers.errors import BadInputError, EngineError, GraphError
from edgers.export import engine_choice, stopwatch
from edgers.export.allowed import Allowed, allowed_candidates, check_allowed
from edgers.export.candidate_table import table_lines
from edgers.export.compile import compile_bundle
from edgers.export.engine_choice import choose_engine
from edgers.pipeline.model import load_model
from edgers.targets.target import Candidate, Target, target_from_name

FP32 = Allowed()


@pytest.fixture
def told_times(monkeypatch: pytest.MonkeyPatch) -> None:
    tell_times(monkeypatch)


def board(
    monkeypatch: pytest.MonkeyPatch, made: list[StandIn] | None = None, **engines: dict[str, Any]
) -> Target:
    """Install stand-ins under their names, and give a target that has them in that order."""
    for name, ways in engines.items():
        monkeypatch.setitem(ENGINES, name, stand_in(name, made, **ways))  # type: ignore[index]
    return target_of(*(Candidate(engine=name, precision="fp32") for name in engines))


@pytest.mark.usefixtures("told_times")
def test_the_fastest_ships_and_others_may_stand_in(monkeypatch: pytest.MonkeyPatch) -> None:
    target = board(
        monkeypatch, slow={"pace_s": 0.03}, quick={"pace_s": 0.01}, fair={"pace_s": 0.02}
    )
    found = choose_engine(subject(), target, FP32)
    assert ships(found) == ["quick fp32", "slow fp32", "fair fp32"]
    assert [one["ships"] for one in rows(found)] == [False, True, False, False]
    assert row(found, "quick")["tiles_per_s"] == 100
    assert row(found, "quick")["tiles_per_s_range"] == [100, 100]
    assert row(found, "slow")["rounds"] >= 3
    assert found.proof is not None
    assert found.proof.difference == 0


@pytest.mark.usefixtures("told_times")
@pytest.mark.parametrize(
    ("ways", "reason"),
    [
        ({"refuses": True}, "bad cannot load the graph. It says: no."),
        ({"spoil": lambda y: y * 1.01}, "apart from fp32, 0.001 is accepted"),
        ({"spoil": lambda y: y[..., :-1]}, "inf apart from fp32"),
        ({"spoil": lambda y: np.where(y > 1, np.nan, y)}, "inf apart from fp32"),
        ({"spoil": blurred}, "tiled differs from untiled by"),
    ],
    ids=["load", "numbers", "shape", "nan", "tiles"],
)
def test_what_does_not_pass_is_out_however_fast(
    monkeypatch: pytest.MonkeyPatch, ways: dict[str, Any], reason: str
) -> None:
    target = board(monkeypatch, good={"pace_s": 0.03}, bad={"pace_s": 0.001, **ways})
    found = choose_engine(subject(), target, FP32)
    assert ships(found) == ["good fp32"]
    assert reason in row(found, "bad")["out"]
    assert "tiles_per_s" not in row(found, "bad")
    assert not row(found, "bad")["ships"]
    json.dumps(found.measured, allow_nan=False)


@pytest.mark.usefixtures("told_times")
def test_where_no_engine_is_exact_the_order_of_sums_may_differ(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    target = board(monkeypatch, a={"spoil": blurred}, b={"spoil": blurred, "pace_s": 1e-4})
    found = choose_engine(subject(), target, FP32)
    assert ships(found)[0] == "b fp32"
    assert row(found, "a")["tiled_minus_untiled"] > 0


def test_where_none_holds_the_halo_is_at_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    def by_size(y: np.ndarray) -> np.ndarray:
        return y + np.float32(y.shape[-1])

    target = board(monkeypatch, a={"spoil": by_size}, b={"spoil": by_size})
    with pytest.raises(GraphError, match="the halo worked out from the graph does not hold"):
        choose_engine(subject(), target, FP32)


def test_where_none_loads_the_first_ones_words_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    target = board(monkeypatch, a={"refuses": True}, b={"refuses": True})
    with pytest.raises(EngineError, match="a cannot load the graph"):
        choose_engine(subject(), target, FP32)


def test_a_named_engine_that_does_not_pass_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    target = board(monkeypatch, a={}, b={"spoil": lambda y: -y})
    with pytest.raises(EngineError, match="no engine passes on this graph") as caught:
        choose_engine(subject(), target, Allowed(engine="b"))
    assert "b fp32: 2" in str(caught.value)


@pytest.mark.usefixtures("told_times")
@pytest.mark.parametrize(("half_s", "streams"), [(0.008, "half"), (0.0099, None), (0.02, None)])
def test_half_as_many_tiles_at_once_where_that_is_faster(
    monkeypatch: pytest.MonkeyPatch, half_s: float, streams: str | None
) -> None:
    target = board(monkeypatch, one={"pace_s": 0.01, "half_s": half_s})
    found = choose_engine(subject(), target, FP32)
    assert found.preferred[0][0].settings.get("streams") == streams
    assert len(rows(found)) == 2
    assert [one["ships"] for one in rows(found)] == [streams is None, streams == "half"]


@pytest.mark.usefixtures("told_times")
def test_the_golden_tile_is_the_first_fp32_engines(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[StandIn] = []
    target = board(monkeypatch, made, a={}, b={"spoil": lambda y: y * 1.0005, "pace_s": 1e-4})
    found = choose_engine(subject(), target, FP32)
    assert ships(found)[0] == "b fp32"
    plain = choose_engine(subject(), target, Allowed(engine="a"))
    assert found.golden[GOLDEN_OUTPUT] == plain.golden[GOLDEN_OUTPUT]
    assert row(found, "b")["apart_from_fp32"] == pytest.approx(5e-4, rel=0.01)
    assert all(engine.closed for engine in made)


def mixed(monkeypatch: pytest.MonkeyPatch) -> Target:
    """Give a target whose second engine is twice as fast in bf16."""
    monkeypatch.setitem(ENGINES, "a", stand_in("a", pace_s=0.02))  # type: ignore[index]
    monkeypatch.setitem(  # type: ignore[index]
        ENGINES, "b", stand_in("b", pace_s=0.01, spoil=lambda y: y * np.float32(1.01))
    )
    return target_of(
        Candidate(engine="a", precision="fp32"), Candidate(engine="b", precision="bf16")
    )


@pytest.mark.usefixtures("told_times")
@pytest.mark.parametrize(
    ("precisions", "engine", "wanted"),
    [
        (("fp32",), None, ["a fp32"]),
        (("fp32", "bf16"), None, ["b bf16", "a fp32"]),
        # FP32 may always stand in where a board lacks what was chosen.
        (("bf16",), None, ["b bf16", "a fp32"]),
        (("bf16",), "b", ["b bf16"]),
        (("fp32", "bf16"), "a", ["a fp32"]),
    ],
)
def test_a_precision_ships_only_where_it_is_allowed(
    monkeypatch: pytest.MonkeyPatch, precisions: tuple[str, ...], engine: str | None,
    wanted: list[str],
) -> None:  # fmt: skip
    found = choose_engine(
        subject(), mixed(monkeypatch), Allowed(engine=engine, precisions=precisions)
    )
    assert ships(found) == wanted


@pytest.mark.usefixtures("told_times")
def test_what_others_are_held_against_is_fp32_wherever_it_stands(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    target = target_of(*reversed(mixed(monkeypatch).candidates))
    found = choose_engine(subject(), target, Allowed(precisions=("fp32", "bf16")))
    assert row(found, "a")["apart_from_fp32"] == 0
    assert row(found, "b")["apart_from_fp32"] == pytest.approx(0.01, rel=0.01)


def never(*_: object) -> float:
    raise AssertionError("something was timed")


def test_a_named_engine_is_not_timed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine_choice, "time_trials", never)
    target = board(monkeypatch, a={}, b={})
    found = choose_engine(subject(), target, Allowed(engine="b"))
    assert ships(found) == ["b fp32"]
    assert rows(found)[0]["apart_from_fp32"] == 0
    assert set(found.measured) == {"engines"}


def test_times_are_taken_as_a_run_takes_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stopwatch, "LAP_S", 0.0)
    made: list[StandIn] = []
    target = board(monkeypatch, made, a={}, b={})
    told: list[str] = []
    found = choose_engine(subject(), target, FP32, told.append)
    assert all(one["tiles_per_s"] > 0 for one in rows(found))
    assert found.measured["tile_px"] == [256, 256]
    # Two warm-up laps before any round, and every round at least a tile.
    assert min(engine.tiles for engine in made if not engine.settings) > 2 + 3
    assert any("round 3" in text for text in told)


@pytest.mark.usefixtures("told_times")
def test_a_choice_made_on_another_kind_of_machine_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    found = choose_engine(subject(), board(monkeypatch, a={}, b={}), FP32)
    note = str(found.measured["note"])
    assert "measured on this machine" in note
    assert note in table_lines(found.measured)
    assert target_from_name("cpu").is_this_machine


@pytest.mark.usefixtures("told_times")
def test_a_graph_without_a_bound_has_no_proof(monkeypatch: pytest.MonkeyPatch) -> None:
    target = board(monkeypatch, a={}, b={"spoil": blurred, "pace_s": 1e-4})
    found = choose_engine(subject(attention_net()), target, FP32)
    assert found.proof is None
    assert ships(found)[0] == "b fp32"


@pytest.mark.parametrize(
    ("allowed", "words"),
    [
        (Allowed(precisions=("int4",)), "target cpu cannot be compiled to 'int4'."),
        (Allowed(engine="hailo"), "target cpu has no engine 'hailo'."),
        (Allowed(engine="openvino"), "engine openvino is not installed here."),
    ],
)
def test_what_cannot_be_had_is_refused(
    monkeypatch: pytest.MonkeyPatch, allowed: Allowed, words: str
) -> None:
    monkeypatch.delitem(ENGINES, "openvino", raising=False)  # type: ignore[attr-defined]
    with pytest.raises(BadInputError, match=words):
        check_allowed(target_from_name("cpu"), allowed)


def test_a_precision_no_installed_engine_computes_in_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delitem(ENGINES, "openvino", raising=False)  # type: ignore[attr-defined]
    with pytest.raises(BadInputError, match="computes in bf16"):
        allowed_candidates(target_from_name("cpu"), Allowed(precisions=("bf16",)))


def known(machine: str, monkeypatch: pytest.MonkeyPatch) -> Sequence[Candidate]:
    monkeypatch.setattr("platform.machine", lambda: machine)
    return allowed_candidates(target_from_name("cpu"), FP32)


def test_xnnpack_is_tried_on_arm_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    providers = [one.settings.get("provider") for one in known("x86_64", monkeypatch)]
    assert "xnnpack" not in providers
    providers = [one.settings.get("provider") for one in known("aarch64", monkeypatch)]
    assert providers.count("xnnpack") == 1


def test_every_setting_of_the_target_is_known_to_its_engine() -> None:
    for one in target_from_name("cpu").candidates:
        if one.engine in ENGINES:
            allowed = importlib.import_module(f"edgers.engines.{one.engine}").SETTINGS
            assert all(value in allowed[name] for name, value in one.settings.items())


def compiled(folder: Path, name: str, **ways: Any) -> Bundle:
    onnx.save(tiny_net(), folder / "m.onnx")
    (folder / "c.json").write_text(json.dumps(contract_document()))
    compile_bundle(folder / "m.onnx", folder / "c.json", folder / name, **ways)
    return open_bundle(folder / name)


@pytest.mark.parametrize("engine", sorted(ENGINES))
def test_with_an_engine_named_the_same_inputs_give_the_same_bytes(
    tmp_path: Path, engine: str
) -> None:
    first = compiled(tmp_path, "a.edgers", engine=engine)
    compiled(tmp_path, "b.edgers", engine=engine)
    assert (tmp_path / "a.edgers").read_bytes() == (tmp_path / "b.edgers").read_bytes()
    assert [one.name for one in first.engines] == [engine]


@pytest.mark.usefixtures("told_times")
def test_the_id_hangs_on_the_choice_and_not_on_the_times(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def with_paces(a: float, b: float, c: float) -> Bundle:
        target = board(monkeypatch, a={"pace_s": a}, b={"pace_s": b}, c={"pace_s": c})
        monkeypatch.setattr("edgers.export.compile.target_from_name", lambda _: target)
        return compiled(tmp_path, f"{a}-{b}-{c}.edgers")

    first, again = with_paces(0.03, 0.01, 0.02), with_paces(0.05, 0.04, 0.07)
    assert first.measured != again.measured
    assert first.bundle_id == again.bundle_id
    assert with_paces(0.01, 0.03, 0.02).bundle_id != first.bundle_id


@pytest.mark.usefixtures("told_times")
def test_settings_that_were_chosen_are_used_when_the_bundle_is_loaded(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    made: list[StandIn] = []
    target = board(monkeypatch, made, a={"pace_s": 0.01, "half_s": 0.001})
    monkeypatch.setattr("edgers.export.compile.target_from_name", lambda _: target)
    bundle = compiled(tmp_path, "b.edgers")
    made.clear()
    with load_model(bundle):
        assert [engine.settings for engine in made] == [{"streams": "half"}]
