"""The training code learns, and exports what it learnt."""

import numpy as np
import onnxruntime
import pytest

from edgers.export.flood_demo.onnx_graph import onnx_bytes
from edgers.export.flood_demo.plan import PLAN, Kind
from edgers.export.flood_demo.samples import draw_batch, spec_of_seed
from edgers.export.flood_demo.scene import NODATA, FloodScene, make_flood_scene

torch = pytest.importorskip("torch")


@pytest.fixture(scope="module")
def scenes() -> list[FloodScene]:
    return [make_flood_scene(spec_of_seed(seed, 128)) for seed in (500, 501, 502)]


def test_patches_hide_the_unseen(scenes: list[FloodScene]) -> None:
    batch = draw_batch(np.random.default_rng(0), scenes, patches=12, side_px=64)
    again = draw_batch(np.random.default_rng(0), scenes, patches=12, side_px=64)
    np.testing.assert_array_equal(batch.values, again.values)
    assert batch.values.shape == (12, 6, 64, 64)
    unseen = batch.labels == NODATA
    assert 0.0 < unseen.mean() < 0.9
    assert (np.moveaxis(batch.values, 1, -1)[unseen] == 0.0).all()
    with pytest.raises(ValueError, match="do not fit"):
        draw_batch(np.random.default_rng(0), scenes, patches=1, side_px=129)


def test_loss_falls_and_the_exported_graph_agrees(scenes: list[FloodScene]) -> None:
    from edgers.export.flood_demo.network import FloodUNet, folded_weights
    from edgers.export.flood_demo.optimisation import Schedule, fit

    torch.manual_seed(0)
    network = FloodUNet()
    schedule = Schedule(steps=14, patches=4, side_px=64, warm_up_steps=3)
    losses = fit(network, scenes, schedule, seed=0)
    assert len(losses) == 14
    assert np.mean(losses[-4:]) < 0.8 * np.mean(losses[:2])
    network.eval()
    weights = folded_weights(network)
    assert len(weights) == 2 * sum(layer.kind is not Kind.POOL for layer in PLAN)
    values = draw_batch(np.random.default_rng(1), scenes, patches=2, side_px=64).values
    session = onnxruntime.InferenceSession(onnx_bytes(weights), providers=["CPUExecutionProvider"])
    (exported,) = session.run(None, {"x": values})
    with torch.no_grad():
        trained = network(torch.from_numpy(values)).numpy()
    np.testing.assert_allclose(exported, trained, atol=1e-4)
