"""The comparison of CUDA kernels with numpy, all of it but the GPU."""

import hashlib
import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import cast

import numpy as np
import pytest
import rasterio
from affine import Affine
from builders.cuda_fake import FakeDriver, fake_pycuda
from builders.cuda_objects import Event
from builders.toolkits import environments_with

from edgers.bench.gpu_check.__main__ import main
from edgers.bench.gpu_check.case import Case, difference, sum_error
from edgers.bench.gpu_check.launcher import Simulator
from edgers.bench.gpu_check.scene import SMALL, made_scene, scene_from_file
from edgers.bench.gpu_check.table import CASES, row
from edgers.errors import BadInputError
from edgers.kernels.cuda.registry import entries

SCENE = made_scene(SMALL)


@pytest.fixture(scope="module")
def simulator() -> Simulator:
    return Simulator({name: entry.function for name, entry in entries().items()})


@pytest.mark.parametrize("name", CASES)
def test_each_kernel_gives_what_numpy_gives(simulator: Simulator, name: str) -> None:
    case = CASES[name](SCENE)
    assert case.entry == name
    told = row(simulator, SCENE, name)
    assert told["passed"]
    assert "kernel_us" not in told


@pytest.mark.parametrize("name", CASES)
def test_arguments_are_of_the_kinds_that_the_entry_takes(name: str) -> None:
    case, signature = CASES[name](SCENE), entries()[name].signature
    assert len(case.arguments) == len(signature)
    for argument, kind in zip(case.arguments, signature, strict=True):
        if kind.endswith("*"):
            assert isinstance(argument, np.ndarray)
            assert argument.dtype == kind[:-1]
            assert argument.flags.c_contiguous
        else:
            assert isinstance(argument, float if kind.startswith("float") else int)
    assert case.moved_bytes > 0


@pytest.mark.parametrize("name", CASES)
def test_results_are_not_there_before_the_launch(name: str) -> None:
    case = CASES[name](SCENE)
    before = {place: np.asarray(case.arguments[place]) for place in case.results}
    assert difference(case, before).wrong > 0


def case_of(wanted: list[float], **allowed: float) -> Case:
    return Case(
        entry="x", arguments=(np.zeros(len(wanted)),), results={0: np.array(wanted)}, items=1,
        moved_bytes=1, relative=allowed.get("relative", 0), absolute=allowed.get("absolute", 0),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("wanted", "found", "wrong"),
    [
        ([1.0, np.nan, np.inf], [1.0, np.nan, np.inf], 0),
        ([1.0, np.nan], [1.0, 2.0], 1),
        ([1.0, 2.0], [np.nan, np.inf], 2),
        ([np.inf], [-np.inf], 1),
        ([100.0, 1.0], [101.0, 2.1], 1),
        ([100.0], [102.2], 1),
    ],
)
def test_what_counts_as_wrong(wanted: list[float], found: list[float], wrong: int) -> None:
    case = case_of(wanted, relative=0.01, absolute=1.0)
    assert difference(case, {0: np.array(found)}).wrong == wrong


def test_without_a_tolerance_the_last_bit_counts() -> None:
    one = np.ones(1, np.float32)
    case = case_of([1.0])
    assert difference(case, {0: np.nextafter(one, np.float32(2))}).wrong == 1
    assert difference(case, {0: one}).largest == 0


def test_a_sum_may_be_off_by_its_roundings() -> None:
    terms = np.array([[3.0, np.nan], [-1.0, 2.0]])
    assert sum_error(terms) == 2 * 2 * 2.0**-24 * 4


def test_blocks_cover_all_items() -> None:
    case = case_of([1.0])
    assert replace(case, items=257).blocks() == 2
    assert replace(case, items=256).blocks() == 1
    assert replace(case, items=257, by_block=True).blocks() == 257
    assert replace(case, items=65).blocks(32) == 3


def test_a_scene_is_taken_from_the_middle_of_a_raster(tmp_path: Path) -> None:
    path = tmp_path / "scene.tif"
    samples = np.arange(2 * 30 * 40, dtype=np.float32).reshape(2, 30, 40)
    with rasterio.open(
        path, "w", driver="GTiff", height=30, width=40, count=2, dtype="float32",
        crs="EPSG:32630", transform=Affine(10, 0, 0, 0, -10, 0),
    ) as dataset:  # fmt: skip
        dataset.write(samples)
    scene = scene_from_file(path, SMALL)
    assert (scene.stored.shape, scene.cube.shape) == SMALL
    middle = samples[:, 11:19, 15:24] * (10_000 / samples[:, 11:19, 15:24].max())
    assert np.array_equal(scene.stored[:2], middle.astype(np.uint16))
    assert np.array_equal(scene.stored[2], scene.stored[0])
    assert np.isnan(scene.cube).sum() % SMALL[1][0] == 0
    with pytest.raises(BadInputError, match="too small"):
        scene_from_file(path, ((3, 31, 9), (5, 6, 7)))
    with pytest.raises(BadInputError, match="cannot be read"):
        scene_from_file(tmp_path / "none.tif", SMALL)


def test_the_command_without_a_gpu_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    if "pycuda" in sys.modules:
        pytest.skip("PyCUDA is here")
    assert main(["--kernels", "project"]) == 2
    assert "no GPU" in capsys.readouterr().err


def test_a_kernel_without_a_case_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--simulator", "--kernels", "projekt"]) == 2
    assert "no case for projekt" in capsys.readouterr().err


def test_the_command_writes_what_it_found(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "found.json"
    words = ["--simulator", "--kernels", "project", "scatter", "--json", str(out)]
    assert main(words) == 0
    found = json.loads(out.read_text())
    assert [line["kernel"] for line in found["kernels"]] == ["project", "scatter"]
    assert found["about"]["device"] == "simulator"
    assert "kernel project" in capsys.readouterr().out


def test_a_wrong_result_is_exit_code_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    right = CASES["project"]

    def wrong(scene: object) -> Case:
        case = right(SCENE)
        return replace(case, results={4: case.results[4] + 1})

    monkeypatch.setitem(CASES, "project", wrong)
    assert main(["--simulator", "--kernels", "scatter", "project", "apply_gains"]) == 1
    assert "passed False" in capsys.readouterr().out


@pytest.fixture
def gpu(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeDriver]:
    """A fake of PyCUDA; all it was asked for is given back at the end."""
    modules = fake_pycuda()
    for name, module in modules.items():
        monkeypatch.setitem(sys.modules, name, module)
    driver = cast(FakeDriver, modules["pycuda.driver"])
    monkeypatch.setattr("edgers.bench.gpu_check.__main__.LARGE", SMALL)
    monkeypatch.setattr(Event, "time_till", lambda *_: 0.25)
    # Each thread of a launch is one of this process here.
    for name, count in (("ROUNDS", 2), ("LAUNCHES", 2), ("WARM_UP", 1)):
        monkeypatch.setattr(f"edgers.bench.gpu_check.device.{name}", count)
    yield driver
    assert driver.memory == {}
    assert driver.depth == driver.retained == 0


NAMES = ["filter_score", "gather_uint16", "ingest_uint16_to_uint8"]


@pytest.fixture(scope="module")
def cubins(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A build whose kernels are no code: names, forms and hashes alone."""
    return fake_build(tmp_path_factory.mktemp("cubins"), "8.7", "sm_87")


def fake_build(folder: Path, name: str, arch: str) -> Path:
    (folder / arch).mkdir()
    kernels = {}
    for kernel in NAMES:
        data = f".version 7.4\n.target {arch}\n.entry {kernel}()\n".encode()
        (folder / arch / f"{kernel}.ptx").write_bytes(data)
        kernels[kernel] = {
            "signature": entries()[kernel].signature, "registers": 20,
            "files": {"ptx": {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}},
        }  # fmt: skip
    built = {"arch": arch, "kernels": kernels, "ptx_since_cuda": "11.4", "cubin_since_cuda": None}
    index = {"format": 1, "capabilities": {name: built}}
    (folder / "index.json").write_text(json.dumps(index))
    return folder


def test_kernels_are_loaded_launched_and_timed_beside_a_copy(
    gpu: FakeDriver, cubins: Path, tmp_path: Path
) -> None:
    out = tmp_path / "found.json"
    assert main(["--cubins", str(cubins), "--kernels", *NAMES, "--json", str(out)]) == 0
    found = json.loads(out.read_text())
    assert found["about"]["device"] == "simulated GPU"
    assert found["about"]["compute capability"] == "8.7"
    assert found["about"]["cuda"] == "12.6"
    assert [line["kernel"] for line in found["kernels"]] == NAMES
    for line in found["kernels"]:
        # Two in a quarter of a millisecond.
        assert line["kernel_us"] == line["copy_us"] == 125.0
        assert line["copy speed reached"] == 1.0
    # Once for its results, and two in each round.
    assert gpu.launches.count("filter_score") == 1 + 2 * (2 + 1)


def test_a_build_for_another_device_is_refused(
    gpu: FakeDriver, cubins: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    gpu.cc = (7, 2)
    assert main(["--cubins", str(cubins), "--kernels", *NAMES]) == 2
    assert "not for compute capability 7.2" in capsys.readouterr().err


def test_a_device_that_kernels_are_not_built_for_is_told(
    gpu: FakeDriver, capsys: pytest.CaptureFixture[str]
) -> None:
    gpu.cc = (3, 5)
    assert main(["--kernels", *NAMES]) == 2
    assert "not built for compute capability 3.5" in capsys.readouterr().err


def test_no_device_is_told(gpu: FakeDriver, capsys: pytest.CaptureFixture[str]) -> None:
    gpu.devices = 0
    assert main(["--kernels", *NAMES]) == 2
    assert "no GPU was found" in capsys.readouterr().err


def test_kernels_are_built_for_the_device_where_none_are_given(gpu: FakeDriver) -> None:
    folder = environments_with("cuda-11.8", "cuda-12.9")
    # The stand-in loads what is code for the device, and nothing else.
    assert main(["--kernels", "filter_score", "--environments", str(folder)]) == 0
    assert gpu.launches.count("filter_score") == 1 + 2 * (2 + 1)
