"""Bias correction takes away the mean shift of each layer."""

from dataclasses import replace

import numpy as np
import onnx
import pytest
from builders.calibration import noise_tiles, plain_ranges
from builders.quantizable import NETWORKS

from edgers.calibration.bias_correction import bias_corrected, mean_shifts
from edgers.calibration.layers import layers_of
from edgers.calibration.quantization import QuantizationPlan, quantized

TILES = noise_tiles(4, seed=3)
PLANS = [
    QuantizationPlan(form="u8s8", bias_corrected=True),
    QuantizationPlan(form="s8s8", bias_corrected=True),
    QuantizationPlan(form="s8s8", rest="fp16", bias_corrected=True),
]


@pytest.mark.parametrize("plan", PLANS, ids=lambda plan: f"{plan.form} {plan.rest}")
@pytest.mark.parametrize("name", ["chain", "normed", "residual", "U-Net", "depthwise"])
def test_the_mean_shift_of_every_layer_goes(name: str, plan: QuantizationPlan) -> None:
    graph = NETWORKS[name]().SerializeToString()
    before = quantized(graph, plain_ranges(graph, TILES), plan)
    after = bias_corrected(before, graph, TILES)
    shifts, left = mean_shifts(before, graph, TILES), mean_shifts(after, graph, TILES)
    assert set(shifts) == set(left)
    count = sum(layer.op != "ConvTranspose" for layer in layers_of(NETWORKS[name]()))
    assert len(shifts) >= count >= 2
    assert "y" in shifts
    # FP16 rounds a bias of about 1 by up to 2^-12.
    most = 1e-3 if plan.rest == "fp16" else 1e-4
    for tensor, shift in shifts.items():
        assert np.abs(left[tensor]).max() < max(most, 0.1 * np.abs(shift).max()), tensor
    times = 2 if plan.rest == "fp16" else 3
    assert max(np.abs(shift).max() for shift in shifts.values()) > times * max(
        np.abs(one).max() for one in left.values()
    )


def test_only_biases_change() -> None:
    graph = NETWORKS["chain"]().SerializeToString()
    before = quantized(graph, plain_ranges(graph, TILES), PLANS[0])
    after = bias_corrected(before, graph, TILES)
    one, two = (onnx.load_model_from_string(data).graph for data in (before, after))
    assert [node.SerializeToString() for node in one.node] == [
        node.SerializeToString() for node in two.node
    ]
    changed = {
        entry.name
        for entry, other in zip(one.initializer, two.initializer, strict=True)
        if entry.SerializeToString() != other.SerializeToString()
    }
    assert changed == {"w1.w", "w3.w", "w5.w"}
    assert bias_corrected(before, graph, TILES) == after


def test_every_convolution_has_a_bias_to_correct() -> None:
    graph = NETWORKS["normed"]().SerializeToString()
    ranges = plain_ranges(graph, TILES)
    for plan in (PLANS[0], replace(PLANS[0], bias_corrected=False)):
        model = onnx.load_model_from_string(quantized(graph, ranges, plan))
        for node in model.graph.node:
            if node.op_type == "Conv":
                assert len(node.input) == 3
    unet = NETWORKS["U-Net"]().SerializeToString()
    model = onnx.load_model_from_string(quantized(unet, plain_ranges(unet, TILES), PLANS[0]))
    ups = [node for node in model.graph.node if node.op_type == "ConvTranspose"]
    assert all(len(node.input) == 3 for node in ups)
