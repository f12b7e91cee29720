"""A build kit has all that a board needs, the same bytes every time, and runs on a CPU as it is."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
import rasterio
from builders.judged import calm_net, scenes
from builders.kits import (
    LOOSE,
    NO_KERNELS,
    TARGETS,
    KitMaker,
    demo_maker,
    flood_maker,
    kit_maker,
)
from onnx import numpy_helper

from edgers.bundle import Bundle, open_bundle
from edgers.calibration.legality import band_from_version, check_legality
from edgers.calibration.ranges import graph_sha256, ranges_from_document
from edgers.contract.strict_json import strict_json
from edgers.errors import BadInputError, GraphError
from edgers.export.compile import compile_bundle
from edgers.export.kit_options import KitOptions
from edgers.pipeline.model import load_model
from edgers.pipeline.run import run_scene

BANDS = {
    "orin-nano": ["8.5", "8.6", "10.0–10.5", "10.15–10.16"],
    "agx-orin": ["8.5", "8.6", "10.0–10.5", "10.15–10.16", "11.0–11.4"],
    "xavier-nx": ["8.5"],
    "thor": ["10.6–10.14", "10.15–10.16", "11.0–11.4"],
    "dgpu-h200": ["8.6", "10.0–10.5", "10.6–10.14", "10.15–10.16", "11.0–11.4"],
}
CC = {
    "orin-nano": (8, 7), "agx-orin": (8, 7), "xavier-nx": (7, 2), "thor": (11, 0),
    "dgpu-h200": (9, 0),
}  # fmt: skip


@pytest.fixture(scope="module")
def calm(tmp_path_factory: pytest.TempPathFactory) -> KitMaker:
    return kit_maker(tmp_path_factory.mktemp("calm"))


@pytest.fixture(scope="module")
def kit(calm: KitMaker) -> Bundle:
    """A kit with all precisions and kernels."""
    return calm.judged(options=calm.with_kernels())


def check_parts(bundle: Bundle, target: str) -> None:
    """Hold a kit against its target and the rules of each TensorRT."""
    kit = bundle.kit
    assert kit is not None
    assert kit.plan is None
    assert [band.name for band in kit.bands] == BANDS[target]
    assert kit.cc == CC[target]
    for band in kit.bands:
        rules = band_from_version(f"{band.first[0]}.{band.first[1]}")
        assert rules.name == band.name
        for attempt in band.attempts:
            assert check_legality(bundle.entries[attempt.graph], (rules,)).legal
            assert attempt.golden in bundle.entries
        # The last resort takes no flags and loses nothing.
        last = band.attempts[-1]
        assert (last.precision, last.graph, last.flags) == ("fp32", "graph/fp32.onnx", ())
    assert {kernel.entry for kernel in kit.kernels} <= set(bundle.entries)
    assert {"contract.json", "golden/input.npy", "golden/output.npy"} <= set(bundle.entries)
    assert bundle.measured["on_the_device"] == "not measured"


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("maker", [demo_maker, flood_maker], ids=["demo", "simplecnn"])
def test_kits_of_all_boards_have_their_parts(
    target: str, maker: Callable[[Path], KitMaker], tmp_path: Path
) -> None:
    made = maker(tmp_path)
    bundle = made.kit(target, precisions=("fp32", "fp16"), options=made.with_kernels())
    check_parts(bundle, target)
    assert bundle.kit is not None
    assert {one.precision for band in bundle.kit.bands for one in band.attempts} == {
        "fp16", "fp32",
    }  # fmt: skip
    assert {one.name for one in bundle.kit.kernels} == {
        f"ingest_{kind}_to_float32" for kind in ("uint8", "int16", "uint16", "float32")
    }


def test_a_kit_in_int8_has_its_parts(kit: Bundle) -> None:
    check_parts(kit, "orin-nano")
    assert kit.kit is not None
    assert {name for name in kit.entries if name.startswith("graph/")} == {
        f"graph/{form}.onnx" for form in ("fp32", "fp16", "int8-s8s8", "int8-s8s8-fp16")
    }
    ranges = ranges_from_document(strict_json(kit.entries["calibration/ranges.json"]))
    assert ranges.graph_sha256 == graph_sha256(kit.entries["graph/fp32.onnx"])
    certificates = kit.measured["certificates"]
    assert isinstance(certificates, list)
    assert [one["form"] for one in certificates] == ["int8-s8s8", "int8-s8s8-fp16", "fp16"]
    for one in certificates:
        assert one["verdict"]["drop"] <= LOOSE
        assert one["engine"].startswith("onnxruntime reference ")
        assert one["on_the_device"].startswith("not measured")


def test_the_same_inputs_give_the_same_bytes(calm: KitMaker, kit: Bundle) -> None:
    again = calm.judged(name="again.edgers", options=calm.with_kernels())
    assert again.bundle_id == kit.bundle_id
    first, second = (calm.folder / name for name in ("kit.edgers", "again.edgers"))
    assert first.read_bytes() == second.read_bytes()


def test_a_report_does_not_change_the_bytes(calm: KitMaker, kit: Bundle, tmp_path: Path) -> None:
    calm.judged(
        name="told.edgers", options=calm.with_kernels(), report=tmp_path / "report"
    )  # fmt: skip
    first, second = (calm.folder / name for name in ("kit.edgers", "told.edgers"))
    assert first.read_bytes() == second.read_bytes()
    assert "int8-s8s8" in (tmp_path / "report" / "report.md").read_text()


def test_a_kit_gives_the_classes_of_the_bundle_for_cpus(
    kit: Bundle, calm: KitMaker, tmp_path: Path
) -> None:
    compile_bundle(calm.graph, calm.contract, tmp_path / "cpu.edgers", engine="onnxruntime")
    scene = scenes(calm.folder, 3)[2]
    maps = []
    for name, bundle in (("kit", kit), ("cpu", open_bundle(tmp_path / "cpu.edgers"))):
        with load_model(bundle) as model:
            done = run_scene(model, scene, tmp_path / name)
        with rasterio.open(done.products[0]) as dataset:
            maps.append(dataset.read(1))
    assert np.array_equal(*maps)
    assert len(np.unique(maps[0])) == 3


def test_fp32_alone_needs_no_scenes(calm: KitMaker) -> None:
    bundle = calm.kit(name="plain.edgers")
    check_parts(bundle, "orin-nano")
    assert [name for name in bundle.entries if name.startswith("graph/")] == ["graph/fp32.onnx"]
    assert "certificates" not in bundle.measured


def test_int8_without_scenes_is_left_out_and_fp16_is_said_to_be_unjudged(calm: KitMaker) -> None:
    bundle = calm.kit(name="half.edgers", precisions=("fp32", "fp16", "int8"))
    assert bundle.kit is not None
    assert {one.precision for band in bundle.kit.bands for one in band.attempts} == {
        "fp16", "fp32",
    }  # fmt: skip
    assert "--calibrate" in str(bundle.measured["left_out"])
    assert "no scenes were given" in str(bundle.measured["not_judged"])
    with pytest.raises(BadInputError, match="int8 needs scenes"):
        calm.kit(name="no.edgers", precisions=("int8",))
    assert not (calm.folder / "no.edgers").exists()


def providers(bundle: Bundle) -> list[tuple[str, str, str]]:
    """Give provider, precision and graph of each engine that stands in."""
    assert {one.name for one in bundle.engines} == {"onnxruntime"}
    return [
        (one.settings.get("provider", "cpu"), one.precision, one.graph) for one in bundle.engines
    ]  # fmt: skip


def test_what_stands_in_begins_with_the_gpu(kit: Bundle, calm: KitMaker) -> None:
    fp32 = [("cuda", "fp32", "graph/fp32.onnx"), ("cpu", "fp32", "graph/fp32.onnx")]
    assert providers(kit) == [("tensorrt", "int8", "graph/int8-s8s8.onnx"), *fp32]
    assert kit.engines[0].golden == "golden/output-int8-s8s8.npy"
    half = calm.kit(name="h.edgers", precisions=("fp32", "fp16"))
    assert providers(half) == [("tensorrt", "fp16", "graph/fp16.onnx"), *fp32]
    # At FP32 TensorRT's provider would compute in TF32.
    assert providers(calm.kit(name="f.edgers")) == fp32


def test_forms_have_golden_answers_of_their_own(kit: Bundle) -> None:
    assert kit.kit is not None
    strong = [one for one in kit.kit.bands[-1].attempts if one.graph != "graph/fp32.onnx"]
    assert len({one.golden for one in strong}) == len(strong) == 3
    assert len({kit.entries[one.golden] for one in strong}) == 3


def test_the_graph_ships_as_it_was_given(kit: Bundle, calm: KitMaker) -> None:
    assert kit.entries["graph/fp32.onnx"] == calm.graph.read_bytes()
    assert onnx.load_from_string(kit.entries["graph/fp32.onnx"]).opset_import[0].version == 17


@pytest.mark.parametrize(
    ("target", "chosen", "words"),
    [
        ("nano", {}, "no TensorRT for NVIDIA Jetson Nano"),
        ("orin-nano", {"precisions": ("bf16",)}, "cannot be compiled to 'bf16'"),
        ("orin-nano", {"options": KitOptions(dla=True, kernels=NO_KERNELS.kernels)}, "has no DLA"),
        ("cpu", {}, "target cpu has no GPU"),
    ],
)
def test_what_a_target_does_not_have_is_refused(
    target: str, chosen: dict[str, object], words: str, tmp_path: Path
) -> None:
    made = kit_maker(tmp_path)
    with pytest.raises(BadInputError, match=words):
        made.kit(target, **chosen)  # type: ignore[arg-type]
    assert not (tmp_path / "kit.edgers").exists()


def test_another_engine_is_refused(calm: KitMaker) -> None:
    with pytest.raises(BadInputError, match="not compiled for openvino"):
        compile_bundle(
            calm.graph, calm.contract, calm.folder / "x.edgers", target="thor", engine="openvino"
        )


def test_a_dla_is_built_for_in_fp16_where_the_release_can(tmp_path: Path) -> None:
    made = kit_maker(tmp_path)
    options = KitOptions(dla=True, kernels=NO_KERNELS.kernels)
    with pytest.raises(BadInputError, match="--precision fp16"):
        made.kit("agx-orin", options=options)
    bundle = made.kit("agx-orin", precisions=("fp32", "fp16", "int8"), options=options)
    kit = bundle.kit
    assert kit is not None
    assert kit.dla
    for band in kit.bands:
        assert band.attempts[0].precision == "fp16"
        assert "int8" not in {one.precision for one in band.attempts}
    left_out = bundle.measured["left_out"]
    assert isinstance(left_out, dict)
    assert left_out["int8"] == "a DLA is built for in FP16 only"
    # Users of JetPack 7.2 with TensorRT 10.16 miss the DLA's compiler.
    assert "10.15–10.16" not in {band.name for band in kit.bands}


def at_opset(opset: int) -> onnx.ModelProto:
    model = calm_net()
    model.opset_import[0].version = opset
    model.ir_version = 9
    return model


def test_a_newer_graph_is_lowered_for_boards_with_an_old_tensorrt(tmp_path: Path) -> None:
    bundle = kit_maker(tmp_path, at_opset(19)).kit("orin-nano")
    check_parts(bundle, "orin-nano")
    assert bundle.measured["graph"] == "lowered from opset 19 to 17"
    with load_model(bundle) as model:
        assert model.golden_error < 1e-5


def test_a_graph_that_changes_when_it_is_lowered_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = onnx.ModelProto()
    other.CopyFrom(at_opset(17))
    entry = other.graph.initializer[0]
    entry.CopyFrom(numpy_helper.from_array(1.1 * numpy_helper.to_array(entry), entry.name))
    monkeypatch.setattr(onnx.version_converter, "convert_version", lambda *_: other)
    with pytest.raises(GraphError, match="lowered from opset 19 to 17"):
        kit_maker(tmp_path, at_opset(19)).kit("orin-nano")
    assert not (tmp_path / "kit.edgers").exists()
