"""`edgers build` on a board that is not there: fakes of its driver and of each TensorRT."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import rasterio
from builders.bundles import BAND_NAMES
from builders.plans import VERSIONS, Board, board
from builders.runs import edgers as cli
from builders.scenes import noise, write_scene
from builders.small_kits import make_kit, orin_facts, orin_gpu
from builders.tensorrt_plan import plan_from

from edgers.bundle import open_bundle
from edgers.cli import build
from edgers.engines import KNOWN
from edgers.kernels.cache_folder import user_folder
from edgers.pipeline import model
from edgers.targets.device_facts import DeviceFacts


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    # Timings go into a folder of their own; kernels stay where they are kept.
    monkeypatch.setenv("EDGERS_KERNEL_CACHE", str(user_folder()))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))


def on_the_board(
    monkeypatch: pytest.MonkeyPatch, version: str = "10.3.0", facts: DeviceFacts | None = None
) -> Board:
    made = board(monkeypatch, version)
    found = replace(facts or orin_facts(), tensorrt=made.trt.world.version)
    monkeypatch.setattr(build, "device_facts", lambda: found)
    monkeypatch.setattr(model, "device_facts", lambda: found)
    monkeypatch.setattr(model, "ENGINES", KNOWN)
    return made


@pytest.mark.parametrize("version", VERSIONS)
def test_a_kit_is_built_verified_and_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str
) -> None:
    kit = make_kit(tmp_path)
    scene = write_scene(tmp_path / "s.tif", noise(3, 90, 120), names=BAND_NAMES)
    assert cli("run", kit, scene, "-o", tmp_path / "cpu").code == 0
    made = on_the_board(monkeypatch, version)
    done = cli("build", kit)
    assert done.code == 0, done.err
    built = tmp_path / "k-built.edgers"
    bundle = open_bundle(built)
    for words in (
        "tiny net for orin-nano-8gb", f"TensorRT {made.trt.__version__}", "timings     ",
        "int8, fp", "· built", "golden tile passes", "ms a tile", "not measured on this device",
        bundle.bundle_id[:12], f"edgers run {built} SCENE.tif -o out/",
    ):  # fmt: skip
        assert words in done.out, done.out
    checked = cli("verify", built)
    assert (checked.code, checked.err) == (0, "")
    assert f"passes on tensorrt {made.trt.__version__}" in checked.out
    assert cli("run", built, scene, "-o", tmp_path / "gpu", "--tile", 64).code == 0
    # INT8 against FP32 on noise: most pixels agree, and not by chance (one in three would).
    assert agreement(tmp_path) > 0.9


def agreement(folder: Path) -> float:
    """Give the share of pixels to which CPU and GPU give the same class."""
    classes = []
    for name in ("cpu", "gpu"):
        with rasterio.open(folder / name / "s_tiny-net.tif") as dataset:
            classes.append(dataset.read(1))
    return float(np.mean(classes[0] == classes[1]))


def test_inspect_tells_how_a_bundle_was_built(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kit = make_kit(tmp_path)
    assert "'edgers build' makes it" in cli("inspect", kit).out
    on_the_board(monkeypatch)
    cli("build", kit, "-o", tmp_path / "b.edgers")
    told = cli("inspect", tmp_path / "b.edgers").out
    for words in (
        "plan        int8 · TensorRT 10.3.0 on NVIDIA Jetson Orin Nano Developer Kit",
        "tried       int8, fp32 scales, weakly typed · built",
        f"built from  {open_bundle(kit).bundle_id}",
        "accuracy    not measured on this device",
        "certificate_of_the_ground = kept",
    ):
        assert words in told, told
    assert "accuracy_on_this_device" not in told


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        (orin_facts(gpu=None, no_gpu="NVIDIA's driver is not installed."), "driver is not"),
        (orin_facts(gpu=orin_gpu(cc=(7, 2))), "the kit is for another GPU"),
        (orin_facts(free_bytes=10**8), "too little memory to build"),
    ],
)
def test_a_device_that_does_not_fit_is_refused_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, facts: DeviceFacts, words: str
) -> None:
    kit = make_kit(tmp_path)
    on_the_board(monkeypatch, facts=facts)
    done = cli("build", kit)
    assert (done.code, done.out) == (2, "")
    assert words in done.err
    assert [path.name for path in tmp_path.iterdir()] == ["k.edgers"]


def test_what_would_be_in_vain_is_refused_before_anything_is_built(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kit = make_kit(tmp_path)
    made = on_the_board(monkeypatch)
    for options, words in (
        (("-o", kit), "is what is built from"),
        (("-o", tmp_path / "none" / "b.edgers"), "is missing or read-only"),
        (("-o", tmp_path), "It is a folder"),
        (("--dla",), "--dla asks for DLA 0"),
        (("--dla", "1"), "--dla asks for DLA 1"),
        (("--workspace", "much"), "no amount of memory"),
        (("--precision", "int4"), "int4"),
    ):
        done = cli("build", kit, *options)
        assert done.code == 2, done
        assert words in done.err, done.err
    assert made.trt.world.attempts == []
    assert [path.name for path in tmp_path.iterdir()] == ["k.edgers"]


def test_a_built_bundle_is_built_anew_only_when_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kit = make_kit(tmp_path)
    on_the_board(monkeypatch)
    assert cli("build", kit).code == 0
    built = tmp_path / "k-built.edgers"
    refused = cli("build", built)
    assert refused.code == 2
    assert "has its plan already" in refused.err
    again = cli("build", built, "--rebuild", "-o", tmp_path / "again.edgers", "--precision", "fp32")
    assert again.code == 0, again.err
    bundle = open_bundle(tmp_path / "again.edgers")
    assert bundle.engines[0].precision == "fp32"
    assert [one.name for one in bundle.engines].count("tensorrt") == 1
    assert bundle.facts["built_from"] == open_bundle(kit).bundle_id


@pytest.mark.parametrize("version", VERSIONS[1:])
def test_a_plan_without_weights_is_filled_from_its_graph(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str
) -> None:
    kit = make_kit(tmp_path)
    on_the_board(monkeypatch, version)
    done = cli("build", kit, "--strip")
    assert done.code == 0, done.err
    bundle = open_bundle(tmp_path / "k-built.edgers")
    assert bundle.engines[0].weights.startswith("graph/trt-int8")
    plan = plan_from(bundle.entries["plan/model.engine"])
    assert plan is not None
    assert plan.stripped
    assert "REFIT_IDENTICAL" in plan.flags
    assert "passes on tensorrt" in cli("verify", tmp_path / "k-built.edgers").out
    told = cli("inspect", tmp_path / "k-built.edgers").out
    assert f"weights     of {bundle.engines[0].weights}: they are put into the plan" in told


@pytest.mark.parametrize("version", VERSIONS)
def test_a_plan_for_a_dla_is_built_and_loaded_for_that_core(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str
) -> None:
    kit = make_kit(tmp_path)
    made = on_the_board(monkeypatch, version, orin_facts(dla_cores=2))
    made.trt.world.dla_cores = 2
    done = cli("build", kit, "--dla", "1")
    assert done.code == 0, done.err
    assert "DLA         core 1 in FP16, the GPU for layers that it does not take" in done.out
    choice = open_bundle(tmp_path / "k-built.edgers").engines[0]
    assert (choice.precision, choice.settings["dla_core"]) == ("fp16", "1")
    assert "passes on tensorrt" in cli("verify", tmp_path / "k-built.edgers").out
    # All tiles are of the one size that it was built for, whatever the scene's.
    scene = write_scene(tmp_path / "s.tif", noise(3, 90, 130), names=BAND_NAMES)
    ran = cli("run", tmp_path / "k-built.edgers", scene, "-o", tmp_path / "gpu", "--no-fallback")
    assert ran.code == 0, ran.err
    assert cli("run", kit, scene, "-o", tmp_path / "cpu").code == 0
    assert agreement(tmp_path) > 0.99


def test_a_tensorrt_before_10_builds_no_plan_without_weights(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kit = make_kit(tmp_path)
    on_the_board(monkeypatch, "8.6.1")
    done = cli("build", kit, "--strip")
    assert done.code == 2
    assert "It lacks STRIP_PLAN, REFIT_IDENTICAL." in done.err


def test_a_named_timing_cache_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kit = make_kit(tmp_path)
    on_the_board(monkeypatch)
    cache = tmp_path / "t.cache"
    assert f"{cache} · new" in cli("build", kit, "--timing-cache", cache).out
    assert f"{cache} · used" in cli("build", kit, "--timing-cache", cache).out


def test_without_a_gpu_the_real_device_is_refused(tmp_path: Path) -> None:
    done = cli("build", make_kit(tmp_path))
    if done.code == 0:
        pytest.skip("this machine has the GPU and TensorRT of the kit")
    assert done.code == 2
    assert "error  " in done.err
    assert "Traceback" not in done.err


def test_the_command_imports_neither_onnx_nor_an_engine_before_it_refuses(tmp_path: Path) -> None:
    code = (
        "import sys\nfrom edgers.cli.main import main\n"
        "try: main()\n"
        "finally: print([one for one in ('onnx', 'onnxruntime', 'tensorrt') if one in sys.modules])"
    )
    command = [sys.executable, "-c", code, "build", str(make_kit(tmp_path, cc=(5, 3)))]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 2, done.stderr
    assert done.stdout == "[]\n"
