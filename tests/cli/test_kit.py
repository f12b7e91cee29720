"""`edgers compile` for a board, and what the other commands say of a kit."""

from pathlib import Path

import pytest
from builders.frames import colours, write_image
from builders.judged import scenes, smooth_samples
from builders.kernel_build import kernel_build
from builders.kits import LOOSE, KitMaker, kit_maker
from builders.runs import Outcome, edgers
from builders.strips import write_strip


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> KitMaker:
    return kit_maker(tmp_path_factory.mktemp("kit"))


def compiled(made: KitMaker, name: str, *arguments: object) -> Outcome:
    return edgers(
        "compile", made.graph, "--contract", made.contract, "-o", made.folder / name, *arguments
    )


@pytest.fixture(scope="module")
def told(made: KitMaker) -> Outcome:
    """Compile with all precisions and kernels into `told.edgers`."""
    first, second, third = scenes(made.folder, 3)
    return compiled(
        made, "told.edgers", "--target", "agx-orin", "--precision", "auto", "--calibrate", first,
        "--calibrate", second, "--judge", third, "--tiles", 8, "--max-drop", LOOSE,
        "--kernels", kernel_build(made.folder / "kernels"),
    )  # fmt: skip


@pytest.fixture(scope="module")
def kit(made: KitMaker) -> Path:
    assert compiled(made, "kit.edgers", "--target", "orin-nano", "--no-kernels").code == 0
    return made.folder / "kit.edgers"


def sections(text: str) -> dict[str, list[str]]:
    """Sort lines by label; those without one belong to the label above."""
    found: dict[str, list[str]] = {}
    label = ""
    for line in text.splitlines():
        label = line[:12].strip() or label
        found.setdefault(label, []).append(line[12:])
    return found


def test_compiling_says_what_each_tensorrt_is_fed_with(told: Outcome, made: KitMaker) -> None:
    assert (told.code, told.err) == (0, "")
    lines = sections(told.out)
    assert lines["for"] == ["NVIDIA Jetson AGX Orin 64 GB · compute capability 8.7"]
    assert lines["tiles"] == ["1 to 256 px a side, 256 px as a rule"]
    feeds = {text.split()[0]: text.split(maxsplit=1)[1] for text in lines["TensorRT"]}
    assert feeds["8.5"] == "int8 (fp32 scales, INT8 + FP16) → fp16 (FP16) → fp32"
    assert feeds["11.0–11.4"] == (
        "int8 (fp16 scales, strongly typed) → int8 (fp32 scales, strongly typed) → "
        "fp16 (strongly typed) → fp32 (strongly typed)"
    )
    forms = {text.split()[0]: text for text in lines["form"]}
    assert set(forms) == {"fp32", "fp16", "int8-s8s8", "int8-s8s8-fp16"}
    assert "for 8.5, 8.6, 10.0–10.5" in forms["int8-s8s8"]
    assert "(−0.0" in forms["int8-s8s8"]
    assert any("10.16.2 failed to build on Orin" in text for text in lines["remark"])
    assert lines["kernels"][0].startswith("4 as machine code")
    assert len(lines["certificate"]) == 3
    assert lines["judged on"] == lines["judged on"][:1]
    assert all("not measured" in text for text in lines["on device"])
    assert any("JetPack 5.0" in text or "it has TensorRT 8.4.1" in text
               for text in lines["left out"])  # fmt: skip
    assert lines["engine"] == [
        "tensorrt once it is built · else onnxruntime int8 (provider tensorrt), "
        "onnxruntime fp32 (provider cuda), onnxruntime fp32"
    ]
    assert lines["next"] == [
        f"edgers build {made.folder / 'told.edgers'}   (on the device, or on a twin of it)"
    ]


def test_inspect_says_the_same_of_a_kit(told: Outcome, made: KitMaker) -> None:
    lines = sections(told.out)
    found = sections(edgers("inspect", made.folder / "told.edgers").out)
    for label in ("TensorRT", "form", "kernels", "certificate", "left out"):
        assert found[label] == lines[label]
    # What has lines of its own is not printed as it lies in the bundle.
    assert {text.split(" = ")[0] for text in found["measured"]} == {
        "machine", "system", "tiled_minus_untiled",
    }  # fmt: skip


def test_a_run_of_a_kit_begins_with_a_notice(kit: Path, made: KitMaker, tmp_path: Path) -> None:
    done = edgers("run", kit, scenes(made.folder, 1)[0], "-o", tmp_path)
    assert (done.code, done.err) == (0, "")
    lines = sections(done.out)
    assert list(lines)[:2] == ["model", "fallback"]
    (notice,) = lines["fallback"]
    assert notice.startswith("running fp32 on onnxruntime ")
    assert "this is a build kit for orin-nano-8gb, 'edgers build' on the device" in notice


def test_no_fallback_refuses_a_kit_in_every_command(
    kit: Path, made: KitMaker, tmp_path: Path
) -> None:
    strip = write_strip(tmp_path / "s.bil", smooth_samples(1))
    out = tmp_path / "out"
    for arguments in (
        ("run", kit, scenes(made.folder, 1)[0], "-o", out),
        ("watch", kit, tmp_path, "-o", out),
        ("pushbroom", kit, strip, "-o", out),
        ("verify", kit),
    ):
        done = edgers(*arguments, "--no-fallback")
        assert done.code == 2, arguments
        assert "build kit for orin-nano-8gb, and its plan is not built" in done.err
        assert "edgers build" in done.err
        assert not out.exists()


def test_the_other_commands_give_notice_too(kit: Path, tmp_path: Path) -> None:
    assert "fallback    running fp32" in edgers("verify", kit).out
    strip = write_strip(tmp_path / "s.bil", smooth_samples(1))
    done = edgers("pushbroom", kit, strip, "-o", tmp_path / "rows", "--idle", 0)
    assert "fallback    running fp32" in done.out
    stated = next((tmp_path / "rows").glob("*.json")).read_text()
    assert "this is a build kit for orin-nano-8gb" in stated
    frames = tmp_path / "frames"
    frames.mkdir()
    write_image(frames / "a.png", colours(24, 32))
    done = edgers("watch", kit, frames, "-o", tmp_path / "maps")
    assert "fallback    running fp32" in done.out


def test_choices_that_contradict_each_other_are_refused(made: KitMaker) -> None:
    done = compiled(made, "x.edgers", "--target", "thor", "--kernels", "k", "--no-kernels")
    assert done.code == 2
    assert "contradict" in done.err
    done = compiled(made, "x.edgers", "--no-kernels")
    assert done.code == 2
    assert "target cpu has no GPU" in done.err
    assert not (made.folder / "x.edgers").exists()
