"""The whole build with real toolkits; no GPU is needed, and none is used."""

import hashlib
import json
import re
from pathlib import Path
from typing import Any

import pytest

from edgers.errors import BadInputError, EdgersError, OutputError
from edgers.kernels.aot.__main__ import main
from edgers.kernels.aot.build import build
from edgers.kernels.aot.capabilities import CAPABILITIES, Capability, capability_from_cc
from edgers.kernels.aot.cubin import check_cubin
from edgers.kernels.aot.signature import ptx_types
from edgers.kernels.cuda.registry import entries

HERE = Path(__file__).parent
SAMPLES: dict[str, Any] = {"package": "sample_kernels", "search_path": HERE / "samples"}
BROKEN: dict[str, Any] = {"package": "broken_kernels", "search_path": HERE / "broken"}
NAMES = ["decibel", "histogram", "scale_uint16", "scale_uint8", "turn"]
ORIN, THOR = capability_from_cc((8, 7)), capability_from_cc((11, 0))


@pytest.fixture(scope="module")
def built(environments: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every sample kernel for every capability."""
    folder = tmp_path_factory.mktemp("built") / "kernels"
    build(folder, environments=environments, **SAMPLES)
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.mark.parametrize("capability", CAPABILITIES, ids=lambda c: c.arch)
def test_each_capability_has_every_kernel_with_its_entry_target_and_parameters(
    built: Path, capability: Capability
) -> None:
    index = json.loads((built / "index.json").read_text())
    kernels = index["capabilities"][capability.name]["kernels"]
    assert sorted(kernels) == NAMES
    kinds = ["cubin", "ptx"] if capability.cubin_since else ["ptx"]
    folder = built / capability.arch
    assert sorted(p.name for p in folder.iterdir()) == sorted(
        f"{name}.{kind}" for name in NAMES for kind in kinds
    )
    for name, kernel in kernels.items():
        text = (folder / f"{name}.ptx").read_text()
        assert f"\n.target {capability.arch}\n" in text
        assert f".entry {name}(" in text
        taken = re.findall(rf"\.param \.(\w+) .*\b{name}_param_\d+", text)
        assert tuple(taken) == ptx_types(tuple(kernel["signature"]))
        if capability.cubin_since:
            check_cubin((folder / f"{name}.cubin").read_bytes(), name, capability)
        for kind, told in kernel["files"].items():
            data = (folder / f"{name}.{kind}").read_bytes()
            assert told == {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
        assert 0 < kernel["registers"] <= 128
    assert kernels["turn"]["stack_bytes"] > 0
    assert kernels["histogram"]["shared_bytes"] >= 64 * 4


def test_another_process_makes_the_same_bytes(
    built: Path, environments: Path, tmp_path: Path
) -> None:
    chosen, names = [ORIN, THOR], ["turn", "histogram", "scale_uint8"]
    # Fewer kernels, so that Numba's counters stand elsewhere.
    build(tmp_path / "again", chosen, names, environments=environments, jobs=1, **SAMPLES)
    again, first = contents(tmp_path / "again"), contents(built)
    del again["index.json"]
    assert len(again) == len(chosen) * len(names) * 2
    assert {name: first[name] for name in again} == again


def test_nothing_of_this_machine_is_written(built: Path) -> None:
    written = b"".join(contents(built).values())
    for path in (HERE.parents[2], built.parent, Path.home()):
        if len(path.parts) > 2:
            assert str(path).encode() not in written


def test_products_and_sums_are_rounded_one_by_one(built: Path) -> None:
    for capability in CAPABILITIES:
        text = (built / capability.arch / "scale_uint16.ptx").read_text()
        assert "mul.rn.f32" in text
        assert "add.rn.f32" in text
        assert "fma" not in text


def test_all_kernels_that_fail_are_named_and_nothing_is_written(
    environments: Path, tmp_path: Path
) -> None:
    with pytest.raises(EdgersError) as caught:
        build(tmp_path / "out", [ORIN], environments=environments, **BROKEN)
    assert re.search(r"^calls_a_function: ", caught.value.seen, re.MULTILINE)
    assert re.search(r"^no_such_type: ValueError: .*int33", caught.value.seen, re.MULTILINE)
    assert "right" not in caught.value.seen
    assert list(tmp_path.iterdir()) == []


def test_an_earlier_build_stays_until_the_new_one_is_whole(
    environments: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    build(out, [ORIN], ["right"], environments=environments, **BROKEN)
    first = contents(out)
    with pytest.raises(EdgersError):
        build(out, [ORIN], environments=environments, **BROKEN)
    assert contents(out) == first
    build(out, [ORIN], ["decibel"], environments=environments, **SAMPLES)
    assert sorted(contents(out)) == ["index.json", "sm_87/decibel.cubin", "sm_87/decibel.ptx"]
    assert list(tmp_path.iterdir()) == [out]


def test_a_toolkit_that_does_not_reach_a_capability_is_no_silent_downgrade(
    environments: Path, tmp_path: Path
) -> None:
    # CUDA 12.9 gives code for 10.3 when asked for 11.0.
    unreached = Capability(
        cc=(11, 0), boards="", toolkit="cuda-12.9", assembler="cuda-13.0", ptx_isa=(9, 0),
        ptx_since=(13, 0), cubin_since=(13, 0),
    )  # fmt: skip
    with pytest.raises(EdgersError, match=r"not compiled for sm_110(.|\n)*for sm_103"):
        build(tmp_path / "out", [unreached], ["decibel"], environments=environments, **SAMPLES)


def test_an_unknown_kernel_is_told_with_those_there_are(environments: Path, tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match=r"called dezibel(.|\n)*decibel, histogram"):
        build(tmp_path / "out", [ORIN], ["dezibel"], environments=environments, **SAMPLES)


def test_a_folder_with_something_else_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "photo.tif").write_text("")
    with pytest.raises(OutputError, match="no earlier build"):
        build(tmp_path, [ORIN])
    assert [path.name for path in tmp_path.iterdir()] == ["photo.tif"]


@pytest.mark.parametrize(("capabilities", "kernels"), [([], None), ([ORIN], [])])
def test_nothing_to_build_is_refused(
    tmp_path: Path, capabilities: list[Capability], kernels: list[str] | None
) -> None:
    with pytest.raises(BadInputError, match="nothing to build"):
        build(tmp_path / "out", capabilities, kernels)


def test_the_command_builds_every_real_kernel(
    environments: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--cc", "8.7", "--environments", str(environments), "-o", str(tmp_path / "out")]
    assert main(words) == 0
    told = capsys.readouterr().out
    built = json.loads((tmp_path / "out" / "index.json").read_text())["capabilities"]["8.7"]
    assert sorted(built["kernels"]) == list(entries())
    assert f"sm_87   {len(entries())} kernels" in told


def test_the_command_tells_errors_in_words(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--cc", "8.8", "-o", str(tmp_path / "out")]) == 2
    assert capsys.readouterr().err.startswith("error: CUDA kernels are not built for")
