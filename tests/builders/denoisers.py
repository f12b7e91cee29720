"""Small denoisers of random weights, in torch and as the same graph, for samplers."""

from typing import Any

import numpy as np
import onnx
from builders.programs import close
from onnx import TensorProto, helper, numpy_helper

HIDDEN = 6
FROM_TIME = 1e-3


class Denoiser:
    """Two convolutions with a bias that grows with the step; `rank` 2 or 3 image axes."""

    def __init__(self, takes: int, gives: int, rank: int = 2, seed: int = 0) -> None:
        random = np.random.default_rng(seed)
        kernel = (3,) * rank
        self.rank, self.takes, self.gives = rank, takes, gives
        self.first = random.normal(0, 0.3, (HIDDEN, takes, *kernel)).astype(np.float32)
        self.second = random.normal(0, 0.3, (gives, HIDDEN, *kernel)).astype(np.float32)

    def torch(self, tensor: Any, time: int) -> Any:
        """Run it in torch on (1, channel, …)."""
        import torch

        conv = torch.nn.functional.conv2d if self.rank == 2 else torch.nn.functional.conv3d
        hidden = torch.tanh(conv(tensor, torch.from_numpy(self.first), padding=1)
                            + FROM_TIME * time)  # fmt: skip
        return conv(hidden, torch.from_numpy(self.second), padding=1)

    def graph(self, inputs: dict[str, int], time_type: int = TensorProto.INT64) -> onnx.ModelProto:
        """Write it as a graph whose `inputs`, channels by name, are joined in their order."""
        sides = ["d", "h", "w"][-self.rank :]
        nodes = [
            helper.make_node("Concat", list(inputs), ["seen"], axis=1),
            helper.make_node("Cast", ["t"], ["time"], to=TensorProto.FLOAT),
            helper.make_node("Mul", ["time", "scale"], ["bias"]),
            helper.make_node("Conv", ["seen", "first"], ["a"], pads=[1] * 2 * self.rank),
            helper.make_node("Add", ["a", "bias"], ["b"]),
            helper.make_node("Tanh", ["b"], ["c"]),
            helper.make_node("Conv", ["c", "second"], ["y"], pads=[1] * 2 * self.rank),
        ]
        weights = [
            numpy_helper.from_array(np.array([FROM_TIME], np.float32), "scale"),
            numpy_helper.from_array(self.first, "first"),
            numpy_helper.from_array(self.second, "second"),
        ]
        shapes = {name: ["n", count, *sides] for name, count in inputs.items()}
        return close(
            nodes, {**shapes, "t": ["n"]}, {"y": ["n", self.gives, *sides]}, weights,
            {"t": time_type},
        )  # fmt: skip
