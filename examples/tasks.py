"""Scenes and small graphs for the pages in docs/tasks: nothing is trained, all is made up.

python examples/tasks.py PAGE FOLDER
"""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
import rasterio
from affine import Affine
from onnx import TensorProto, helper, numpy_helper

from edgers.kernels import eigen
from edgers.kernels.scene_statistics import Covariance, NoiseCovariance

Cube = npt.NDArray[np.float32]
SIDE_PX = 160
WAVELENGTHS_NM = np.array([450, 490, 530, 560, 600, 640, 665, 700, 740, 780, 860, 950])


class Graph:
    """An ONNX graph in the making: inputs of (n, bands, h, w), nodes one after the other."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.weights: list[onnx.TensorProto] = []

    def constant(self, values: npt.ArrayLike, kind: str = "float32") -> str:
        """Add numbers."""
        name = f"w{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(np.asarray(values, kind), name))
        return name

    def __call__(self, op: str, *inputs: str, **attributes: object) -> str:
        """Add a node; give the tensor it makes."""
        name = f"t{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, list(inputs), [name], **attributes))
        return name

    def mixed(self, x: str, matrix: npt.ArrayLike, offset: npt.ArrayLike) -> str:
        """Multiply each pixel with a matrix, (row, band), and add an offset, as convolution."""
        weights = np.asarray(matrix)[:, :, np.newaxis, np.newaxis]
        return self("Conv", x, self.constant(weights), self.constant(offset))

    def save(self, path: Path, output: str, rank: int = 4, dates: int = 0, **inputs: int) -> None:
        """Write the graph; `inputs` are the bands of each input, a series where there are dates."""
        self.nodes.append(helper.make_node("Identity", [output], ["y"]))
        takes = [
            helper.make_tensor_value_info(
                name, TensorProto.FLOAT, ["n", *([dates] if dates else []), bands, "h", "w"]
            )
            for name, bands in inputs.items()
        ]
        gives = [helper.make_tensor_value_info("y", TensorProto.FLOAT, [None] * rank)]
        graph = helper.make_graph(self.nodes, "made-up", takes, gives, self.weights)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
        model.ir_version = 8
        onnx.save(model, path)


def write(path: Path, samples: npt.NDArray[np.generic], names: Sequence[str] = ()) -> None:
    """Write a scene of 10 m pixels; a cube where no band has a name."""
    profile = {"crs": "EPSG:32633", "transform": Affine(10, 0, 400_000, 0, -10, 5_600_000)}
    with rasterio.open(
        path, "w", driver="GTiff", count=len(samples), height=samples.shape[1],
        width=samples.shape[2], dtype=samples.dtype.name, nodata=0, **profile,
    ) as dataset:  # fmt: skip
        dataset.write(samples)
        dataset.descriptions = names or [f"{nm:g} nm" for nm in WAVELENGTHS_NM]
        for i, nm in enumerate(() if names else WAVELENGTHS_NM, 1):
            dataset.update_tags(i, wavelength=f"{nm:g}", wavelength_units="nanometers", fwhm="12")


def field(seed: int, cells: int = 5) -> npt.NDArray[np.float64]:
    """Give a smooth field of 0 to 1, (height, width)."""
    knots = np.random.default_rng(seed).random((cells, cells))
    at = np.linspace(0, cells - 1, SIDE_PX)
    down = np.array([np.interp(at, np.arange(cells), column) for column in knots.T]).T
    found = np.array([np.interp(at, np.arange(cells), row) for row in down])
    return np.asarray((found - found.min()) / (found.max() - found.min()))


def noise(seed: int, bands: int, level: float) -> npt.NDArray[np.float64]:
    """Give noise of a standard deviation, (band, height, width)."""
    shape = (bands, SIDE_PX, SIDE_PX)
    return np.random.default_rng(seed).normal(0, level, shape)


def shares(seed: int) -> npt.NDArray[np.float64]:
    """Give how much of each pixel is water, plant and soil, (3, height, width)."""
    strength = np.stack([field(seed + i) ** 3 + 0.01 for i in range(3)])
    return np.asarray(strength / strength.sum(axis=0))


def spectra() -> npt.NDArray[np.float64]:
    """Give reflectances of water, plant and soil, (3, band)."""
    nm = WAVELENGTHS_NM
    plant = 0.04 + 0.04 * np.exp(-(((nm - 550) / 40) ** 2)) + 0.42 / (1 + np.exp((715 - nm) / 15))
    return np.stack([0.08 * np.exp(-(nm - 430) / 180), plant, 0.08 + 0.25 * (nm - 400) / 570])


def cube(seed: int, level: float = 0.002) -> Cube:
    """Give a scene of mixed spectra with noise, (band, height, width)."""
    mixed = np.einsum("kb,khw->bhw", spectra(), shares(seed)) + noise(
        seed, len(WAVELENGTHS_NM), level
    )
    return np.clip(mixed, 1e-4, None).astype(np.float32)


def segmentation(folder: Path) -> None:
    """Water, plants and haze: three scores that do not exclude one another."""
    water, plant, _ = shares(1)
    haze = np.clip(field(9) - 0.6, 0, None)
    green, red, nir = (
        base + haze for base in (0.1 - 0.04 * water, 0.12 - 0.07 * plant - 0.06 * water,
                                 0.25 + 0.3 * plant - 0.23 * water)
    )  # fmt: skip
    samples = np.stack([green, red, nir]) + noise(1, 3, 0.003)
    write(folder / "scene.tif", (samples * 10_000).astype(np.uint16), ("B03", "B04", "B08"))
    graph = Graph()
    matrix = np.array([[60, 0, -60], [0, -40, 40], [40, 40, 0]])
    graph.save(folder / "model.onnx", graph.mixed("x", matrix, [0, -8, -10]), x=3)


def change(folder: Path) -> None:
    """Two dates: the score is how far their bands are apart."""
    first = np.stack([0.1 + 0.2 * field(i) for i in range(3)])
    second = first + 0.01
    second[:, 40:70, 50:110] += 0.15
    for year, samples, seed in ((2023, first, 1), (2024, second, 2)):
        stored = ((samples + noise(seed, 3, 0.004)) * 10_000).astype(np.uint16)
        write(folder / f"bay_{year}0601.tif", stored, ("B02", "B03", "B04"))
    graph = Graph()
    apart = graph("Abs", graph("Sub", "after", "before"))
    mean = graph("ReduceMean", apart, axes=[1], keepdims=1)
    score = graph("Mul", graph("Sub", mean, graph.constant(0.08)), graph.constant(100))
    graph.save(folder / "model.onnx", score, before=3, after=3)


def regression(folder: Path) -> None:
    """Four members, each of which gives biomass and the logarithm of its variance."""
    samples = np.stack([0.05 + 0.1 * field(1), 0.3 + 0.3 * field(2)]) + noise(1, 2, 0.002)
    write(folder / "scene.tif", (samples * 10_000).astype(np.uint16), ("B04", "B08"))
    graph, random = Graph(), np.random.default_rng(4)
    members = []
    for _ in range(4):
        matrix = np.array([[-300, 500], [2, 1]]) * random.normal(1, 0.05, (2, 2))
        both = graph.mixed("x", matrix, [0, 2])
        members.append(graph("Unsqueeze", both, graph.constant([1], "int64")))
    graph.save(folder / "model.onnx", graph("Concat", *members, axis=1), rank=5, x=2)


def anomaly(folder: Path) -> None:
    """Reed-Xiaoli: the squared Mahalanobis distance from the scene's own statistics."""
    samples = cube(5)
    for row, column in ((30, 40), (31, 40), (90, 120), (130, 20)):
        samples[:, row, column] += np.linspace(0.01, 0.04, len(samples))[::-1]
    write(folder / "scene.tif", samples)
    seen = Covariance(len(samples))
    seen.add(samples)
    white = eigen.whitening(seen.result.covariance)
    graph = Graph()
    straight = graph.mixed("x", white, -white @ seen.result.mean)
    squares = graph("Mul", straight, straight)
    distance = graph("ReduceSum", squares, graph.constant([1], "int64"), keepdims=1)
    graph.save(folder / "model.onnx", distance, x=len(samples))


def unmixing(folder: Path) -> None:
    """Least squares with shares that sum up to 1; negative ones become 0, the rest is stretched."""
    write(folder / "scene.tif", cube(7))
    ends = spectra().T
    # The sum is one more band, with a large weight.
    weighted = np.vstack([ends, np.full(3, 10.0)])
    inverse = np.linalg.pinv(weighted)
    graph = Graph()
    found = graph("Relu", graph.mixed("x", inverse[:, :-1], inverse[:, -1] * 10.0))
    total = graph("ReduceSum", found, graph.constant([1], "int64"), keepdims=1)
    graph.save(folder / "model.onnx", graph("Div", found, total), x=len(ends))


def denoising(folder: Path) -> None:
    """Minimum noise fraction: to a few components and back, as one matrix."""
    samples = cube(11, level=0.01)
    write(folder / "scene.tif", samples)
    seen, grain = Covariance(len(samples)), NoiseCovariance(len(samples))
    seen.add(samples)
    grain.add(samples)
    few = eigen.mnf(seen.result.covariance, grain.result, seen.result.mean, 4)
    matrix = few.inverse.matrix @ few.forward.matrix
    mean = seen.result.mean
    graph = Graph()
    graph.save(
        folder / "model.onnx", graph.mixed("x", matrix, mean - matrix @ mean), x=len(samples)
    )


def gap_filling(folder: Path) -> None:
    """The mean of what there is within 12 pixels."""
    samples = (np.stack([0.1 + 0.2 * field(i) for i in range(3)]) * 10_000).astype(np.uint16)
    down, across = np.mgrid[:SIDE_PX, :SIDE_PX]
    samples[:, (down - 80) ** 2 + (across - 60) ** 2 < 11**2] = 0
    samples[:, :, 120:124] = 0
    write(folder / "scene.tif", samples, ("B02", "B03", "B04"))
    graph, reach = Graph(), 12
    there = graph("Cast", graph("Greater", "x", graph.constant(0.0)), to=TensorProto.FLOAT)
    box = graph.constant(np.ones((3, 1, 2 * reach + 1, 2 * reach + 1)))
    sums = [
        graph("Conv", one, box, group=3, pads=[reach] * 4)
        for one in (graph("Mul", "x", there), there)
    ]
    count = graph("Max", sums[1], graph.constant(1.0))
    graph.save(folder / "model.onnx", graph("Div", sums[0], count), x=3)


def time_series(folder: Path) -> None:
    """Scenes of April to September, two in May, none in July; when it is green tells the crop."""
    early = field(3) > 0.5
    days = ("20240412", "20240506", "20240521", "20240610", "20240815", "20240918")
    for i, day in enumerate(days):
        month = int(day[4:6])
        green = np.where(early, np.exp(-((month - 5) ** 2)), np.exp(-((month - 8) ** 2)))
        samples = np.stack([0.12 - 0.08 * green, 0.2 + 0.3 * green]) + noise(i, 2, 0.01)
        stored = (samples * 10_000).astype(np.uint16)
        # A cloud passes.
        stored[:, 20 * i : 20 * i + 30, 40:90] = 0
        write(folder / f"field_{day}.tif", stored, ("B04", "B08"))
    graph = Graph()
    by_band = graph("Transpose", "x", perm=[0, 2, 1, 3, 4])
    # (class, band, date, 1, 1): other, green in May, green in August.
    weights = np.zeros((3, 2, 6, 1, 1))
    for kind, month, other in ((1, 5, 8), (2, 8, 5)):
        weights[kind, 1, [month - 4, other - 4], 0, 0] = 8, -8
    score = graph("Conv", by_band, graph.constant(weights), graph.constant([1, 0, 0]))
    graph.save(folder / "model.onnx", graph("Squeeze", score, graph.constant([2], "int64")),
               dates=6, x=2)  # fmt: skip


PAGES: dict[str, Callable[[Path], None]] = {
    "segmentation": segmentation, "change": change, "regression": regression, "anomaly": anomaly,
    "unmixing": unmixing, "denoising": denoising, "gap-filling": gap_filling,
    "time-series": time_series,
}  # fmt: skip

if __name__ == "__main__":
    place = Path(sys.argv[2])
    place.mkdir(parents=True, exist_ok=True)
    PAGES[sys.argv[1]](place)
