"""`edgers targets`: every device is listed and shown, and this one is told for what it is."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from builders.devices import ORIN_NANO, facts_of, gpu_facts
from builders.runs import edgers

from edgers.targets.catalogue import device_files
from edgers.targets.target import target_names


def test_all_are_listed_in_columns_that_survive_a_pipe() -> None:
    done = edgers("targets", "list")
    assert (done.code, done.err) == (0, "")
    lines = done.out.splitlines()
    assert {line.split()[0] for line in lines if line} >= set(device_files())
    assert not [line for line in lines if line != line.rstrip()]
    assert "\x1b" not in done.out
    orin = next(line.split() for line in lines if line.startswith("orin-nano-8gb "))
    assert orin == ["orin-nano-8gb", "8.7", "8", "GB", "33.5", "16.7", "102", "–", "8.5–10.16",
                    "medium"]  # fmt: skip
    assert any(line.startswith("edgx-sterna ") and " orin-nx-16gb " in line for line in lines)


@pytest.mark.parametrize("encoding", ["ascii", "utf-8"])
def test_a_narrow_terminal_without_colours_is_no_trouble(encoding: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "edgers", "targets", "list"], capture_output=True, check=False,
        env={**os.environ, "PYTHONIOENCODING": encoding, "COLUMNS": "40", "NO_COLOR": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert b"agx-orin-industrial " in done.stdout


@pytest.mark.parametrize("name", target_names())
def test_each_is_shown_with_its_sources(name: str) -> None:
    done = edgers("targets", "show", name)
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith(f"target      {name} · ")
    assert "\nsource      " in done.out
    document = json.loads(edgers("targets", "show", name, "--json").out)
    assert document["name"] == name
    assert all(group["source"] and group["confidence"] for group in document["provenance"])


def test_what_is_shown_of_an_orin_nano() -> None:
    out = edgers("targets", "show", "jetson-orin-nano").out
    assert "compute capability 8.7 · 8 multiprocessors" in out
    assert "8 GB shared with the CPU · 5.2 GB of it assumed free for a run" in out
    assert "MAXN_SUPER  25 W · INT8 33.5 TOPS · FP16 16.7 TFLOPS · FP32 2.09 TFLOPS" in out
    assert "25W         25 W · peaks not known · 102 GB/s" in out
    assert "CUDA 12.6 · TensorRT 10.3.0 · Python 3.10" in out
    assert "warning" not in out
    gpu = json.loads(edgers("targets", "show", "orin-nano", "--json").out)["gpu"]
    assert gpu["cc"] == "8.7"
    assert [one["tensorrt"] for one in gpu["software"]][:2] == ["8.5.2", "8.6.2"]
    assert gpu["software"][2]["l4t"] == ["36.4", "36.5"]


def test_a_board_that_is_too_old_is_shown_with_a_warning() -> None:
    out = edgers("targets", "show", "spiral-blue-se-zero").out
    assert "TensorRT 8.2.1 · Python 3.6 · too old for EdgeRS" in out
    assert "warning     no TensorRT plan can be built: JetPack 4.6" in out


def test_a_board_that_is_refused_is_shown_with_the_reason() -> None:
    done = edgers("targets", "show", "myriad-x")
    assert done.code == 0
    assert "refused     an Intel Movidius Myriad X" in done.out
    assert "Myriad X" in json.loads(edgers("targets", "show", "myriad-x", "--json").out)["reason"]


def test_an_unknown_name_ends_with_2() -> None:
    done = edgers("targets", "show", "orin-nono")
    assert (done.code, done.out) == (2, "")
    assert "target 'orin-nono' is not known" in done.err
    assert "Names like it: " in done.err


def test_the_list_as_json_has_everything() -> None:
    document = json.loads(edgers("targets", "list", "--json").out)
    assert [one["name"] for one in document["targets"]] == target_names()
    assert {*target_names(), *(one["name"] for one in document["refused"])} == set(device_files())


def test_this_machine_is_told_and_every_target_has_a_verdict() -> None:
    done = edgers("targets", "detect")
    assert (done.code, done.err) == (0, "")
    words = done.out.replace("\n            ", " ")
    assert all(name in words for name in target_names())
    document = json.loads(edgers("targets", "detect", "--json").out)
    assert [one["target"] for one in document["targets"]] == target_names()
    assert document["device"]["machine"]
    assert bool(document["device"]["gpu"]) != bool(document["device"]["no_gpu"])
    if document["device"]["gpu"] is None:
        assert "GPU         none can be used: " in done.out
        assert "takes a GPU, and none can be used here" in words


def test_a_board_is_told_and_what_to_do_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    facts = facts_of(tmp_path, ORIN_NANO, gpu=gpu_facts())
    monkeypatch.setattr("edgers.cli.targets.device_facts", lambda: facts)
    out = edgers("targets", "detect").out
    assert "module      NVIDIA Jetson Orin Nano" in out
    assert "p3767-0005 · Jetson Linux 36.4.3 · no DLA in its device tree" in out
    assert "GPU         Orin · compute capability 8.7 · 8 GB, 5 GB free · CUDA 12.6" in out
    assert "TensorRT    10.3.0.30" in out
    assert "this is     cpu, orin-nano-8gb\n" in out
    assert "--target orin-nano-8gb -o" in out
    device = json.loads(edgers("targets", "detect", "--json").out)["device"]
    assert (device["tensorrt"], device["gpu"]["cc"]) == ("10.3.0.30", "8.7")


def test_detecting_is_quick_and_imports_nothing_heavy(tmp_path: Path) -> None:
    code = (
        "import sys\nfrom edgers.cli.main import main\ntry: main()\n"
        "finally: print([n for n in ('numpy', 'rasterio', 'onnx', 'rich', 'tensorrt', 'pycuda')"
        " if n in sys.modules])"
    )
    command = [sys.executable, "-c", code, "targets", "detect"]
    laps = []
    for _ in range(3):
        start = time.perf_counter()
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        laps.append(time.perf_counter() - start)
    assert done.stdout.splitlines()[-1] == "[]"
    # 0.19 s on an idle machine, interpreter and all; tests run beside others.
    assert min(laps) < 1
