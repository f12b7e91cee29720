"""A kit opened, and a built bundle taken back to its kit."""

from pathlib import Path

import pytest
from builders.bundles import make_bundle
from builders.small_kits import make_kit

from edgers.build_kit import PLAN_ENTRY, Plan, Tried
from edgers.building.closing_kit import close_kit
from edgers.building.open_kit import BUILT, BUILT_FROM, open_kit
from edgers.bundle import Bundle, EngineChoice, bundle_bytes, open_bundle
from edgers.errors import BundleError, OutputError

TRIED = Tried(precision="int8", scales="fp32", typing="weak", outcome="built")
PLAN = Plan(
    entry=PLAN_ENTRY, precision="int8", tensorrt=(10, 3, 0), cc=(8, 7), device="Orin",
    module="a module", cuda=(12, 6), memory_bytes=1000, dla_core=None, tried=(TRIED,),
)  # fmt: skip
CHOICE = EngineChoice(
    name="tensorrt", version="10.3.0", precision="int8", graph=PLAN_ENTRY,
    golden="golden/trt-int8-fp32.npy", settings={"profile": "fixed"},
)  # fmt: skip


def built(folder: Path) -> Bundle:
    kit = open_kit(make_kit(folder))
    return close_kit(kit, b"plan", PLAN, CHOICE, {"seconds": 3}, folder / "b.edgers")


def test_the_parts_of_a_kit_give_its_bytes_again(tmp_path: Path) -> None:
    path = make_kit(tmp_path)
    kit = open_kit(path)
    assert kit.kit_id == open_bundle(path).bundle_id
    assert bundle_bytes(kit.entries, kit.facts, kit.measured) == path.read_bytes()


def test_a_built_bundle_holds_its_kit_and_the_plan(tmp_path: Path) -> None:
    bundle = built(tmp_path)
    kit = open_kit(tmp_path / "k.edgers")
    assert bundle.kit is not None
    assert bundle.kit.plan == PLAN
    assert bundle.entries[PLAN_ENTRY] == b"plan"
    assert {name: bundle.entries[name] for name in kit.entries} == kit.entries
    assert bundle.engines == (CHOICE, *kit.bundle.engines)
    assert bundle.facts[BUILT_FROM] == kit.kit_id
    assert bundle.bundle_id != kit.kit_id
    assert bundle.measured == {**kit.measured, BUILT: {"seconds": 3}}


def test_a_built_bundle_is_the_kit_again_for_another_build(tmp_path: Path) -> None:
    built(tmp_path)
    again = open_kit(tmp_path / "b.edgers", is_rebuild=True)
    data = bundle_bytes(again.entries, again.facts, again.measured)
    assert data == (tmp_path / "k.edgers").read_bytes()
    assert again.kit_id == open_kit(tmp_path / "k.edgers").kit_id


def test_what_is_built_already_is_refused_and_by_what_is_said(tmp_path: Path) -> None:
    built(tmp_path)
    with pytest.raises(BundleError, match=r"TensorRT 10\.3\.0 built it on a module") as caught:
        open_kit(tmp_path / "b.edgers")
    assert "--rebuild" in caught.value.fix


def test_a_bundle_for_a_cpu_is_no_kit(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match=r"is no build kit\.\nIt is for target cpu"):
        open_kit(make_bundle(tmp_path))


def test_an_altered_kit_is_refused(tmp_path: Path) -> None:
    path = make_kit(tmp_path)
    path.write_bytes(path.read_bytes()[:-1] + b"\1")
    with pytest.raises(BundleError, match="damaged or was altered"):
        open_kit(path)


def test_a_bundle_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    kit = open_kit(make_kit(tmp_path))
    with pytest.raises(OutputError):
        close_kit(kit, b"plan", PLAN, CHOICE, {}, tmp_path / "none" / "b.edgers")
    assert [path.name for path in tmp_path.iterdir()] == ["k.edgers"]
