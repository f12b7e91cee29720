"""The training code learns, and exports what it learnt."""

from collections.abc import Iterator

import numpy as np
import onnxruntime
import pytest

from edgers.export.detector_demo.onnx_graph import onnx_bytes
from edgers.export.detector_demo.plan import HEADS
from edgers.export.detector_demo.scene import SceneSpec, make_scene

torch = pytest.importorskip("torch")


@pytest.fixture
def one_thread() -> Iterator[None]:
    """Several wait for each other where the processors have other work."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def test_loss_falls_and_the_exported_graph_agrees(one_thread: None) -> None:
    from edgers.export.detector_demo.network import Detector, folded_weights
    from edgers.export.detector_demo.optimisation import Schedule, fit

    torch.manual_seed(0)
    scenes = [make_scene(SceneSpec(width_px=160, height_px=160, seed=9, sort="town"))]
    network, told = Detector(), []
    schedule = Schedule(steps=12, patches=2, side_px=96, warm_up_steps=2)
    losses = fit(network, scenes, schedule, 0, lambda step, loss: told.append((step, loss)))
    assert told == list(enumerate(losses))
    assert np.mean(losses[-3:]) < 0.8 * np.mean(losses[:3])
    network.eval()
    model = onnx_bytes(folded_weights(network))
    assert model == onnx_bytes(folded_weights(network))
    values = np.random.default_rng(0).normal(size=(2, 4, 64, 96)).astype(np.float32)
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    with torch.no_grad():
        wanted = network(torch.from_numpy(values))
    for (name, channels), one in zip(HEADS, wanted, strict=True):
        (found,) = session.run([name], {"x": values})
        assert found.shape == (2, channels, 16, 24)
        np.testing.assert_allclose(found, one.numpy(), atol=1e-4)
