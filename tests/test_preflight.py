"""What a bundle asks of a device, and which of its ways runs there."""

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from builders.bundles import contract_document
from builders.judged_devices import BOARD, LAPTOP, MODULE, board
from builders.planned_bundles import BUILT, GRAPH, KIT, PLAN, make_planned

from edgers.build_kit import KitKernel
from edgers.errors import BundleError
from edgers.manifest import Engine, Manifest, open_manifest
from edgers.preflight import installed_engines, needs_from_kit, outlook, tiles_bytes
from edgers.targets.needs import KernelForm

INSTALLED = {"onnxruntime": "1.20.1"}
SIZES = {GRAPH: 7_000}
BOTH = {**INSTALLED, "openvino": "2025.0.0"}
ORT = Engine(
    name="onnxruntime", version="1.20.1", precision="fp32", provider="", graph_bytes=10**6
)  # fmt: skip
OPENVINO = replace(ORT, name="openvino", version="2025.0.0")


def manifest(kit: Any = None, *engines: Engine) -> Manifest:
    return Manifest(
        bundle_id="0", target="cpu", engines=engines or (ORT,), kit=kit,
        contract=contract_document(), sizes=SIZES,
    )  # fmt: skip


def test_needs_of_a_plan_are_those_of_the_plan() -> None:
    needs = needs_from_kit(BUILT, contract_document(), SIZES, None)
    assert (needs.cc, needs.tensorrt, needs.cuda) == ((8, 7), (10, 3, 0), (12, 6))
    assert (needs.module, needs.device, needs.plan_bytes) == (MODULE, "Orin", 50 * 10**6)
    assert [kernel.name for kernel in needs.kernels] == ["ingest_uint16_to_float32"]
    assert not needs.wants_dla


def test_needs_of_a_kit_are_what_is_known_before_it_is_built() -> None:
    needs = needs_from_kit(KIT, contract_document(), SIZES, (10, 3, 0))
    assert (needs.tensorrt, needs.cuda, needs.module, needs.device) == (None, None, "", "")
    assert needs.plan_bytes == 7_000
    assert [band.name for band in needs.bands] == ["10.0–10.16"]
    assert needs_from_kit(replace(KIT, dla=True), contract_document(), SIZES, None).wants_dla
    assert needs_from_kit(replace(KIT, bands=()), contract_document(), SIZES, None).plan_bytes == 0


def test_forms_of_one_kernel_are_gathered() -> None:
    text = KitKernel(
        name="ingest_uint16_to_float32", entry="k.ptx", kind="ptx", since_cuda=(11, 4),
        signature=(),
    )  # fmt: skip
    both = replace(KIT, kernels=(*KIT.kernels, text))
    (kernel,) = needs_from_kit(both, contract_document(), SIZES, None).kernels
    assert kernel.forms == (
        KernelForm(kind="cubin", since_cuda=(12, 6)),
        KernelForm(kind="ptx", since_cuda=(11, 4)),
    )


def test_tiles_in_flight_are_counted_as_stored_as_tensors_and_as_answers() -> None:
    # Two tiles, of three bands as stored (4 bytes) and as float32, and three scores in float32.
    assert tiles_bytes(contract_document(), 100) == 2 * 100 * 100 * (3 * 4 + 3 * 4 + 3 * 4)
    item = {"properties": contract_document()}
    assert tiles_bytes(item, 100) == tiles_bytes(contract_document(), 100)
    wide = contract_document()
    wide["mlm:input"][0]["input"]["shape"] = [-1, -1, 64, 64]
    wide["mlm:output"][0]["result"]["data_type"] = "uint8"
    assert tiles_bytes(wide, 100) == 2 * (64 * 64 * (3 * 4 + 3 * 4) + 100 * 100 * 3)


def test_a_plan_on_its_board_runs_as_it_was_made() -> None:
    found = outlook(manifest(BUILT, Engine(**{**_fields(ORT), "name": "tensorrt"}), ORT), BOARD,
                    INSTALLED)  # fmt: skip
    assert found.fits
    assert [way.title for way in found.ways] == ["tensorrt fp32", "onnxruntime fp32"]


def test_elsewhere_the_first_way_that_fits_stands_in() -> None:
    found = outlook(manifest(BUILT, replace(ORT, name="openvino"), ORT), LAPTOP, INSTALLED)
    assert not found.fits
    assert found.fallback is not None
    assert found.fallback.title == "onnxruntime fp32"
    assert "openvino is not installed" in found.ways[1].verdict.reason
    assert outlook(manifest(BUILT), LAPTOP, {}).fallback is None


@pytest.mark.parametrize(
    ("engine", "facts", "installed", "outcome", "words"),
    [
        (ORT, LAPTOP, {}, "no", "onnxruntime is not installed: pip install onnxruntime."),
        (ORT, LAPTOP, {"onnxruntime": "1.23.0"}, "warning", "checked with 1.20.1"),
        (ORT, LAPTOP, {"onnxruntime": ""}, "ok", "onnxruntime 1.20.1 is installed"),
        (replace(ORT, precision="int8"), LAPTOP, INSTALLED, "ok", "products of 8 bits."),
        (replace(ORT, precision="int8"), replace(LAPTOP, cpu_flags=frozenset({"avx2"})),
         INSTALLED, "warning", "may be slower than FP32"),
        (replace(OPENVINO, precision="bf16"), LAPTOP, BOTH, "no", "does not compute in bf16"),
        (replace(OPENVINO, precision="fp16"), BOARD, BOTH, "ok", "computes in fp16"),
        (replace(ORT, precision="fp16"), LAPTOP, BOTH, "ok", "onnxruntime 1.20.1 is installed"),
        (ORT, replace(LAPTOP, free_bytes=10**5), INSTALLED, "no", "The model alone takes 1 MB"),
        (replace(ORT, provider="cuda"), LAPTOP, INSTALLED, "no", "to run on a GPU through cuda"),
        (replace(ORT, provider="cuda"), BOARD, INSTALLED, "no", "was built without cuda"),
        (replace(ORT, provider="cuda"), BOARD, {**INSTALLED, "onnxruntime cuda": "1.20.1"}, "ok",
         "Orin answers"),
    ],
)  # fmt: skip
def test_a_runtime_that_takes_graphs_as_they_are_is_judged_too(
    engine: Engine, facts: Any, installed: dict[str, str], outcome: str, words: str
) -> None:
    (way,) = outlook(manifest(None, engine), facts, installed).ways
    told = [check for check in way.verdict.checks if words in check.text]
    assert [check.outcome for check in told] == [outcome]
    assert way.verdict.fits == (outcome != "no")


def test_nothing_is_said_of_what_the_system_does_not_tell() -> None:
    silent = replace(LAPTOP, cpu_flags=frozenset(), free_bytes=0)
    (way,) = outlook(manifest(None, replace(ORT, precision="int8")), silent, INSTALLED).ways
    assert [check.name for check in way.verdict.checks] == ["engine"]


def test_what_is_installed_is_told_with_its_version() -> None:
    import onnxruntime

    found = installed_engines()
    assert found["onnxruntime"] == onnxruntime.__version__
    has_cuda = "CUDAExecutionProvider" in onnxruntime.get_available_providers()
    assert ("onnxruntime cuda" in found) == has_cuda


def test_a_provider_is_known_by_its_library(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder = tmp_path / "onnxruntime" / "capi"
    folder.mkdir(parents=True)
    (folder.parent / "__init__.py").touch()
    (folder / "libonnxruntime_providers_cuda.so").touch()
    monkeypatch.delitem(sys.modules, "onnxruntime", raising=False)
    monkeypatch.syspath_prepend(tmp_path)
    assert "onnxruntime cuda" in installed_engines()
    assert "onnxruntime tensorrt" not in installed_engines()


def test_a_kit_that_makes_no_sense_is_refused_in_words(tmp_path: Path) -> None:
    odd: Any = replace(BUILT, plan=replace(PLAN, memory_bytes="much"))  # type: ignore[arg-type]
    opened = open_manifest(make_planned(tmp_path, odd))
    with pytest.raises(BundleError, match="cannot be made sense of"):
        outlook(opened, board(), INSTALLED)
    hollow = replace(manifest(KIT), contract=json.loads('{"mlm:input": [{}]}'))
    with pytest.raises(BundleError, match="cannot be made sense of"):
        outlook(hollow, BOARD, INSTALLED)


def _fields(engine: Engine) -> dict[str, Any]:
    return {name: getattr(engine, name) for name in Engine.__slots__}
