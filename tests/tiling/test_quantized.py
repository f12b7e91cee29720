"""Quantized and FP16 graphs in tiles: the halo is the float graph's, and tiled equals untiled."""

import onnx
import pytest
from builders.calibration import noise_tiles, plain_ranges
from builders.graphs import GraphBuilder, image_input
from builders.quantizable import NETWORKS

from edgers.calibration.half import half_graph
from edgers.calibration.quantization import QuantizationPlan, quantized
from edgers.engines import ENGINES
from edgers.export.proof import compare_tiled
from edgers.tiling.axis_tiles import plan_axis, smallest_tile_px
from edgers.tiling.graph import halo_from_graph
from edgers.tiling.grid import Grid
from edgers.tiling.halo import AxisHalo

AXES = ("batch", "class", "height", "width")
FORMS = {
    "u8s8": QuantizationPlan(form="u8s8"),
    "s8s8": QuantizationPlan(form="s8s8"),
    "s8s8 fp16": QuantizationPlan(form="s8s8", rest="fp16"),
}


def lowered(name: str, form: str) -> tuple[onnx.ModelProto, bytes]:
    model = NETWORKS[name]()
    graph = model.SerializeToString()
    if form == "fp16":
        return model, half_graph(graph)
    return model, quantized(graph, plain_ranges(graph, noise_tiles(1)), FORMS[form])


def three_tiles(halo: AxisHalo) -> int:
    return smallest_tile_px(halo) + 2 * halo.align_px


@pytest.mark.parametrize("form", [*FORMS, "fp16"])
@pytest.mark.parametrize("name", ["residual", "depthwise", "U-Net"])
def test_tiled_equals_untiled_to_the_last_bit(name: str, form: str) -> None:
    model, graph = lowered(name, form)
    found = halo_from_graph(onnx.load_model_from_string(graph), image_input(), "y")
    assert found == halo_from_graph(model, image_input(), "y")
    tile_px = three_tiles(found.height)
    axis = plan_axis(2 * tile_px, tile_px, found.height)
    grid = Grid(rows=axis, columns=axis)
    assert len(grid) >= 4
    for maker in ENGINES.values():
        engine = maker(graph)
        proof = compare_tiled(engine, image_input(), "y", AXES, grid)
        assert proof.difference == 0, engine.info
        assert proof.scale > 0
        engine.close()


def test_rounding_reaches_no_further_than_its_pixel() -> None:
    graph = GraphBuilder()
    scale, zero = graph.constant(0.1), graph.constant(0, "int8")
    forth = graph.node("QuantizeLinear", ["x", scale, zero])
    back = graph.node("DequantizeLinear", [forth, scale, zero])
    half = graph.node("Cast", [back], to=onnx.TensorProto.FLOAT16)
    plain = graph.node("Cast", [half], to=onnx.TensorProto.FLOAT)
    halo = halo_from_graph(graph.model(graph.node("Identity", [plain])), image_input(), "y")
    assert halo.is_exact
    assert halo.height.before_px == halo.height.after_px == halo.width.after_px == 0
