"""A kit has the kernels that prepare its inputs, in the forms that its drivers load."""

from dataclasses import replace
from pathlib import Path

import pytest
from builders.bundles import contract_document
from builders.kernel_build import kernel_build
from builders.toolkits import environments_with

from edgers.contract import Contract, contract_from_document
from edgers.errors import BadInputError
from edgers.export.kit_kernels import KitKernels, kit_kernels, needed_kernels
from edgers.export.kit_options import KernelSource
from edgers.kernels.aot.capabilities import capability_from_cc
from edgers.kernels.aot.cubin import check_cubin
from edgers.kernels.aot.environment import ToolkitError
from edgers.kernels.cuda.ingest import ENTRIES
from edgers.targets.gpu import Gpu, Software
from edgers.targets.target import target_from_name

TYPES = ("uint8", "int16", "uint16", "float32")


def contract(**fields: object) -> Contract:
    return contract_from_document(contract_document(**fields))


def gpu_of(target: str) -> Gpu:
    found = target_from_name(target).gpu
    assert found is not None
    return found


def release(cuda: tuple[int, int], name: str = "made up") -> Software:
    return replace(gpu_of("orin-nano").software[-1], name=name, cuda=cuda)


def packed(
    target: str, *cuda: tuple[int, int], source: KernelSource, told: list[str] | None = None
) -> KitKernels:
    tell = (told if told is not None else []).append
    return kit_kernels(contract(), gpu_of(target), [release(one) for one in cuda], source, tell)


@pytest.fixture(scope="module")
def build(tmp_path_factory: pytest.TempPathFactory) -> KernelSource:
    return KernelSource(folder=kernel_build(tmp_path_factory.mktemp("kernels")))


def test_every_sample_type_has_its_kernel_and_no_other_is_there(build: KernelSource) -> None:
    assert set(needed_kernels(contract())) == {f"ingest_{one}_to_float32" for one in TYPES}
    found = packed("orin-nano", (12, 6), source=build)
    assert [one.name for one in found.kernels] == sorted(needed_kernels(contract()))
    signatures = {one.name: one.signature for one in ENTRIES}
    for one in found.kernels:
        assert (one.kind, one.since_cuda) == ("cubin", (11, 4))
        assert one.signature == signatures[one.name]
        assert found.entries[one.entry] == f"cubin of {one.name} for sm_87".encode()
    assert set(found.entries) == {one.entry for one in found.kernels}


def test_drivers_of_two_ages_get_a_form_each(build: KernelSource) -> None:
    found = packed("xavier-nx", (10, 2), (11, 4), source=build)
    forms = {(one.kind, one.since_cuda) for one in found.kernels}
    assert forms == {("ptx", (10, 0)), ("cubin", (11, 0))}
    assert len(found.kernels) == len(found.entries) == 2 * len(TYPES)


def test_a_driver_that_loads_none_is_told_and_the_others_get_theirs(build: KernelSource) -> None:
    found = packed("dgpu-h200", (11, 4), (12, 0), source=build)
    assert {one.kind for one in found.kernels} == {"cubin"}
    assert "CUDA 11.4 loads none for sm_90" in found.left_out["kernels for made up"]


def test_without_kernels_it_is_said_who_prepares_inputs() -> None:
    found = packed("thor", (13, 0), source=KernelSource(wanted=False))
    assert (found.kernels, found.entries) == ((), {})
    assert found.left_out == {"kernels": "--no-kernels: inputs are prepared on the CPU"}


def test_an_input_of_another_type_has_no_kernel(build: KernelSource) -> None:
    document = contract_document()
    document["mlm:input"][0]["input"]["data_type"] = "float64"
    found = kit_kernels(
        contract_from_document(document), gpu_of("thor"), [release((13, 0))], build, lambda _: None
    )
    assert found.kernels == ()
    assert "none that give float64" in found.left_out["kernels"]


def test_a_build_that_lacks_the_capability_is_refused(tmp_path: Path) -> None:
    folder = kernel_build(tmp_path / "k", ENTRIES[:1])
    with pytest.raises(BadInputError, match="do not include ingest_"):
        packed("thor", (13, 0), source=KernelSource(folder=folder))
    with pytest.raises(BadInputError, match=r"index\.json"):
        packed("thor", (13, 0), source=KernelSource(folder=tmp_path / "nothing"))


def test_toolkits_that_cannot_be_had_leave_two_ways(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_network(*_: object, **__: object) -> None:
        raise ToolkitError("the toolkit cuda-12.9 cannot be set up.", seen="No network.")

    monkeypatch.setattr("edgers.export.kit_kernels.build", no_network)
    told: list[str] = []
    with pytest.raises(BadInputError, match=r"No network(.|\n)*--kernels(.|\n)*--no-kernels"):
        packed("orin-nano", (12, 6), source=KernelSource(toolkits=tmp_path), told=told)
    assert "CUDA kernels for 8.7" in told[0]


def test_kernels_are_built_where_none_are_given() -> None:
    toolkits = environments_with("cuda-11.8", "cuda-12.9")
    found = packed("orin-nano", (11, 4), (12, 6), source=KernelSource(toolkits=toolkits))
    assert len(found.kernels) == len(TYPES)
    for one in found.kernels:
        check_cubin(found.entries[one.entry], one.name, capability_from_cc((8, 7)))


def test_toolkits_are_kept_where_the_user_keeps_caches(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert KernelSource().toolkit_folder == tmp_path / "cache" / "edgers" / "toolkits"
    (tmp_path / ".venv-aot").mkdir()
    assert KernelSource().toolkit_folder == Path(".venv-aot")
    assert KernelSource(toolkits=tmp_path).toolkit_folder == tmp_path
