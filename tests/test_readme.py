"""What the README tells a new user to type works, and what it points to is there."""

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import onnx
from builders.bundles import BAND_NAMES, tiny_net
from builders.scenes import noise, write_scene

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
BIN = Path(sys.executable).parent


def told_commands() -> list[str]:
    """Give the `edgers` lines of the README's code blocks, comments cut off."""
    blocks = re.findall(r"^```\n(.*?)^```", README, re.M | re.S)
    lines = [line.partition("#")[0].strip() for block in blocks for line in block.splitlines()]
    return [line for line in lines if line.startswith("edgers ")]


def fill_in(contract: Path) -> None:
    """Do what the README asks for in words: replace every '?'."""
    document = json.loads(contract.read_text())
    source = document["mlm:input"][0]
    source["edgers:value_scaling"] = [{"type": "scale", "value": 2000}]
    source["edgers:gsd_m"] = 10
    for band, name in zip(source["bands"], BAND_NAMES, strict=True):
        band["name"] = name
        del band["common_name"]
    for entry in document["mlm:output"][0]["classification:classes"]:
        entry["name"] = f"class {entry['value']}"
    contract.write_text(json.dumps(document))


def test_the_quick_start_works_line_by_line(tmp_path: Path) -> None:
    onnx.save(tiny_net(), tmp_path / "MODEL.onnx")
    write_scene(tmp_path / "SCENE.tif", noise(3, 90, 120), names=BAND_NAMES)
    commands = told_commands()
    assert len(commands) == 4
    for line in commands:
        program, *arguments = shlex.split(line)
        done = subprocess.run(
            [BIN / program, *arguments], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{line}\n{done.stderr}"
        if "init" in arguments:
            fill_in(tmp_path / "MODEL.json")
    products = {path.name for path in (tmp_path / "out").iterdir()}
    assert products == {"SCENE_model.tif", "SCENE_model.json", "SCENE_model.png"}


def test_make_targets_are_there() -> None:
    makefile = (ROOT / "Makefile").read_text()
    for target in re.findall(r"^make (\w+)", README, re.M):
        assert f"\n{target}:" in makefile


def test_links_and_files_named_are_there() -> None:
    named = re.findall(r"\]\(((?!http)[^)]+)\)", README)
    named += re.findall(r"`((?:edgers|export|docs|tests|kernels)/[\w/.]+)`", README)
    assert len(named) > 8
    missing = [name for name in named if not (ROOT / name).exists()]
    assert missing == []


def example(name: str, folder: Path) -> str:
    """Run an example; give what it prints."""
    done = subprocess.run(
        [sys.executable, "-W", "error", ROOT / "examples" / name, folder],
        capture_output=True, text=True, check=False, env={**os.environ, "PYTHONPATH": ""},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_flood_example_finds_water(tmp_path: Path) -> None:
    assert re.search(r"water +\d+\.\d%", example("flood.py", tmp_path))


def test_the_example_of_little_memory_goes_on_where_it_stopped(tmp_path: Path) -> None:
    assert "done    3 of 35 tiles were made before" in example("little_memory.py", tmp_path)


def test_the_example_of_int8_prints_a_certificate(tmp_path: Path) -> None:
    told = example("int8.py", tmp_path)
    assert re.search(r"^certificate int8 on onnxruntime \d", told, re.M)
    assert re.search(r"^mIoU +fp32 0\.\d{3} → 0\.\d{3} .* on 1 scene against labels$", told, re.M)


def test_the_example_of_a_kit_makes_one_and_runs_it_here(tmp_path: Path) -> None:
    told = example("kit.py", tmp_path)
    assert re.search(r"^TensorRT +8\.5 +int8 \(fp32 scales, INT8 \+ FP16\) → fp16", told, re.M)
    assert re.search(r"^fallback +tensorrt: this is a build kit for orin-nano", told, re.M)
    assert re.search(r"^water +\d+\.\d%", told, re.M)
