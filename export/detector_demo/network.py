"""The detector in torch; only training imports this, the shipped network is the ONNX file."""

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from edgers.export.detector_demo.plan import HEADS, PLAN, Kind, Layer

Weights = dict[str, npt.NDArray[np.float32]]
"""Arrays by name: "<layer>.weight" and "<layer>.bias" for every layer that has weights."""

PRIOR = -4.0
"""Bias of the scores to begin with: nearly every cell is empty (Lin and others, 2017)."""


class Detector(nn.Module):  # type: ignore[misc]  # torch is untyped to the checker
    """The network of `plan.PLAN`.

    Input [n, 4, h, w] float32, h and w multiples of `plan.SIZE_MULTIPLE_PX`; outputs scores
    [n, 3, h/4, w/4] before the sigmoid and boxes [n, 6, h/4, w/4], see `contract`.
    """

    def __init__(self) -> None:
        """Build the layers with torch's default initialisation."""
        super().__init__()
        self.steps = nn.ModuleDict({one.name: _step(one) for one in PLAN if one.kind != Kind.KEEP})
        self.heads = nn.ModuleDict(
            {name: nn.Conv2d(PLAN[-1].channels_out, channels, 1) for name, channels in HEADS}
        )
        nn.init.constant_(self.heads["scores"].bias, PRIOR)

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Give scores and boxes of a batch of scaled patches."""
        kept: list[torch.Tensor] = []
        for layer in PLAN:
            if layer.kind is Kind.KEEP:
                kept.append(x)
                continue
            x = self.steps[layer.name](x)
            if layer.kind is Kind.UP:
                x = torch.cat((x, kept.pop()), dim=1)
        return self.heads["scores"](x), self.heads["boxes"](x)


def _step(layer: Layer) -> nn.Module:
    if layer.kind is Kind.UP:
        return nn.ConvTranspose2d(layer.channels_in, layer.channels_out, 2, stride=2)
    stride = 2 if layer.kind is Kind.DOWN else 1
    return nn.Sequential(
        nn.Conv2d(layer.channels_in, layer.channels_out, 3, stride, padding=1, bias=False),
        nn.BatchNorm2d(layer.channels_out),
        nn.ReLU(inplace=True),
    )


def folded_weights(network: Detector) -> Weights:
    """Give the weights of the network as it runs in eval mode, batch norm folded in.

    Convolutions are [out, in, side, side], transposed ones [in, out, 2, 2], biases [out], float32;
    the folding itself is done in float64.
    """
    weights: Weights = {}
    for name, step in (*network.steps.items(), *network.heads.items()):
        is_normed = isinstance(step, nn.Sequential)
        pair = _folded(step[0], step[1]) if is_normed else (step.weight, step.bias)
        weights[f"{name}.weight"], weights[f"{name}.bias"] = (
            one.detach().numpy().astype(np.float32) for one in pair
        )
    return weights


def _folded(convolution: nn.Conv2d, norm: nn.BatchNorm2d) -> tuple[torch.Tensor, torch.Tensor]:
    gain = norm.weight.double() / torch.sqrt(norm.running_var.double() + norm.eps)
    weight = convolution.weight.double() * gain[:, None, None, None]
    bias = norm.bias.double() - norm.running_mean.double() * gain
    return weight.contiguous(), bias
