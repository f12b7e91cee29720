"""What `edgers compile` makes for a GPU, `edgers build` builds there, and it runs."""

from pathlib import Path

import numpy as np
import pytest
import rasterio
from builders.kits import kit_maker
from builders.plans import board
from builders.runs import edgers as cli
from builders.small_kits import orin_facts, orin_gpu

from edgers.bundle import open_bundle
from edgers.cli import build
from edgers.engines import KNOWN
from edgers.kernels.cache_folder import user_folder
from edgers.pipeline import model

PLACES = [
    ("orin-nano", "8.6.1", (8, 7)), ("orin-nano", "10.3.0", (8, 7)),
    ("thor", "10.13.3", (11, 0)), ("dgpu-h200", "11.4.0", (9, 0)),
]  # fmt: skip
"""Target, TensorRT on it, compute capability."""


@pytest.mark.parametrize(("target", "version", "cc"), PLACES)
def test_a_compiled_kit_is_built_and_gives_the_classes_of_the_cpu(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch,
    target: str, version: str, cc: tuple[int, int],
) -> None:  # fmt: skip
    monkeypatch.setenv("EDGERS_KERNEL_CACHE", str(user_folder()))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
    maker = kit_maker(tmp_path)
    kit = maker.judged(target)
    scene = tmp_path / "scene2.tif"
    assert cli("run", tmp_path / "kit.edgers", scene, "-o", tmp_path / "cpu").code == 0
    made = board(monkeypatch, version, cc=cc)
    facts = orin_facts(gpu=orin_gpu(cc=cc), tensorrt=made.trt.world.version)
    monkeypatch.setattr(build, "device_facts", lambda: facts)
    monkeypatch.setattr(model, "device_facts", lambda: facts)
    monkeypatch.setattr(model, "ENGINES", KNOWN)
    done = cli("build", tmp_path / "kit.edgers", "-o", tmp_path / "built.edgers")
    assert done.code == 0, done.err
    bundle = open_bundle(tmp_path / "built.edgers")
    assert bundle.kit is not None
    assert bundle.kit.plan is not None
    assert [one.outcome for one in bundle.kit.plan.tried] == ["built"]
    assert bundle.engines[0].precision == "int8"
    assert bundle.engines[1:] == kit.engines
    ran = cli("run", tmp_path / "built.edgers", scene, "-o", tmp_path / "gpu", "--no-fallback")
    assert ran.code == 0, ran.err
    assert "int8 on tensorrt" in ran.out
    maps = []
    for folder in ("cpu", "gpu"):
        (path,) = (tmp_path / folder).glob("*_tiny-net.tif")
        with rasterio.open(path) as dataset:
            maps.append(dataset.read(1))
    # INT8 may lose what the kit's own judging allowed.
    assert np.mean(maps[0] == maps[1]) > 0.95
