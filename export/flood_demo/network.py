"""The flood network in torch: a small U-Net of 19 856 MAC a pixel.

Counted by `plan.macs_per_px` (biases left out); 196 979 parameters with batch norm folded in.
Only training imports this module; the shipped network is the ONNX file.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from edgers.export.flood_demo.plan import PLAN, Kind, Layer

Weights = dict[str, npt.NDArray[np.float32]]
"""Arrays by name: "<layer>.weight" and "<layer>.bias" for every layer that has weights."""


class FloodUNet(nn.Module):  # type: ignore[misc]  # torch is untyped to the checker
    """The U-Net of `plan.PLAN`; input [n, 6, h, w] float32, output [n, 3, h, w] logits.

    Height and width must be multiples of `plan.SIZE_MULTIPLE_PX`; torch raises RuntimeError
    at the join otherwise.
    """

    def __init__(self) -> None:
        """Build the layers with torch's default initialisation."""
        super().__init__()
        self.steps = nn.ModuleDict({layer.name: _step(layer) for layer in PLAN})

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the logits of a batch of scaled scenes."""
        kept: list[torch.Tensor] = []
        for layer in PLAN:
            if layer.kind is Kind.POOL:
                kept.append(x)
            x = self.steps[layer.name](x)
            if layer.kind is Kind.UP:
                x = torch.cat((x, kept.pop()), dim=1)
        return x


def _step(layer: Layer) -> nn.Module:
    if layer.kind is Kind.POOL:
        return nn.MaxPool2d(2)
    if layer.kind is Kind.UP:
        return nn.ConvTranspose2d(layer.channels_in, layer.channels_out, 2, stride=2)
    if layer.kind is Kind.HEAD:
        return nn.Conv2d(layer.channels_in, layer.channels_out, 1)
    return nn.Sequential(
        nn.Conv2d(layer.channels_in, layer.channels_out, 3, padding=1, bias=False),
        nn.BatchNorm2d(layer.channels_out),
        nn.ReLU(inplace=True),
    )


def folded_weights(network: FloodUNet) -> Weights:
    """Return the weights of the network as it runs in eval mode, batch norm folded in.

    Convolutions are [out, in, 3, 3], transposed ones [in, out, 2, 2], biases [out], float32;
    the folding itself is done in float64.
    """
    weights: Weights = {}
    for layer in PLAN:
        step = network.steps[layer.name]
        if isinstance(step, nn.Sequential):
            weight, bias = _folded(step[0], step[1])
        elif isinstance(step, nn.Conv2d | nn.ConvTranspose2d):
            weight, bias = step.weight, step.bias
        else:
            continue
        weights[f"{layer.name}.weight"] = weight.detach().numpy().astype(np.float32)
        weights[f"{layer.name}.bias"] = bias.detach().numpy().astype(np.float32)
    return weights


def _folded(convolution: nn.Conv2d, norm: nn.BatchNorm2d) -> tuple[torch.Tensor, torch.Tensor]:
    gain = norm.weight.double() / torch.sqrt(norm.running_var.double() + norm.eps)
    weight = convolution.weight.double() * gain[:, None, None, None]
    bias = norm.bias.double() - norm.running_mean.double() * gain
    return weight.contiguous(), bias
