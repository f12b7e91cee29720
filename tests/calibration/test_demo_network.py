"""The shipped U-Net in 8 bits, on a generated scene: size, and how near FP32 it stays."""

from importlib.resources import files

import numpy as np
import pytest
from builders.calibration import ListTiles, plain_ranges

from edgers.calibration.output_error import output_error
from edgers.calibration.quantization import QuantizationPlan, quantized
from edgers.calibration.ranges import Ranges
from edgers.calibration.simulation import Simulation
from edgers.engines import ENGINES, Engine
from edgers.export.flood_demo.bands import BANDS
from edgers.export.flood_demo.scene import NODATA, FloodSceneSpec, make_flood_scene

GRAPH = (files("edgers.export.flood_demo") / "flood_unet.onnx").read_bytes()


def scene_tiles(seed: int) -> ListTiles:
    """A scene of 256 × 256 px in four tiles; missing pixels are the mean."""
    scene = make_flood_scene(FloodSceneSpec(width_px=256, height_px=256, seed=seed))
    mean, stddev = (
        np.array([getattr(band, name) for band in BANDS], np.float32).reshape(-1, 1, 1)
        for name in ("mean", "stddev")
    )
    scaled = np.where(scene.truth == NODATA, 0, (scene.counts - mean) / stddev)
    halves = (slice(0, 128), slice(128, 256))
    cuts = [scaled[np.newaxis, :, rows, columns] for rows in halves for columns in halves]
    return ListTiles([{"x": np.ascontiguousarray(cut, np.float32)} for cut in cuts])


@pytest.fixture(scope="module")
def ranges() -> Ranges:
    return plain_ranges(GRAPH, scene_tiles(1))


@pytest.mark.parametrize(
    ("plan", "most"),
    [
        (QuantizationPlan(form="u8s8"), 0.28),
        (QuantizationPlan(form="s8s8"), 0.28),
        (QuantizationPlan(form="s8s8", rest="fp16"), 0.28),
    ],
    ids=["u8s8", "s8s8", "s8s8 fp16"],
)
def test_the_file_is_little_more_than_a_quarter_and_the_answer_near(
    plan: QuantizationPlan, most: float, ranges: Ranges
) -> None:
    made = quantized(GRAPH, ranges, plan)
    assert len(made) <= most * len(GRAPH)
    tiles = scene_tiles(2)
    engines: list[Engine] = [Simulation(made)]
    if plan.rest == "fp32":
        # With FP16 scales ONNX Runtime's fusions cost 15 dB here (1.32); the graph is TensorRT's.
        engines += [maker(made) for maker in ENGINES.values()]
    for engine in engines:
        error = output_error(Simulation(GRAPH), engine, tiles, "logits", 1)
        assert error.sqnr_db > (32 if plan.form == "u8s8" else 26), engine.info
        assert error.changed_share < 0.02
