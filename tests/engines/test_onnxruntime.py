"""What ONNX Runtime is told, and how its failures read."""

import os
import subprocess
import sys

import numpy as np
import onnxruntime as ort
import pytest
from builders.bundles import tiny_net
from builders.networks import fixed_net

from edgers.engines.onnxruntime import OnnxRuntimeEngine
from edgers.errors import EngineError


def test_it_is_the_installed_runtime() -> None:
    info = OnnxRuntimeEngine(tiny_net().SerializeToString()).info
    assert (info.version, info.device) == (ort.__version__, "cpu")


def test_one_thread_works_on_a_tile() -> None:
    pixels = np.zeros((1, 3, 256, 256), np.float32)
    before = len(os.listdir("/proc/self/task"))
    engine = OnnxRuntimeEngine(tiny_net().SerializeToString())
    engine.infer({"x": pixels})
    assert len(os.listdir("/proc/self/task")) == before


def test_a_failure_tells_the_shape_and_the_runtimes_words() -> None:
    engine = OnnxRuntimeEngine(fixed_net().SerializeToString())
    with pytest.raises(EngineError) as caught:
        engine.infer({"x": np.zeros((1, 3, 8, 9), np.float32)})
    assert caught.value.exit_code == 1
    assert "x (1, 3, 8, 9)" in str(caught.value)
    assert str(caught.value).count("\n") == 1


def test_the_runtime_is_silent_on_a_broken_graph() -> None:
    code = (
        "from edgers.engines import ENGINES\n"
        "from edgers.errors import EngineError\n"
        "try: ENGINES['onnxruntime'](b'no graph')\n"
        "except EngineError: print('refused')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("refused\n", "")
