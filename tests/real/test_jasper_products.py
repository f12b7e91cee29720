"""Jasper Ridge through `run`: anomalies, abundances against the truth, and noise taken off."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import pytest
import rasterio
from builders.bundles import make_bundle
from builders.cube_models import cube_document, matrix_net, write_cube
from builders.graphs import GraphBuilder
from PIL import Image
from scipy.io import loadmat

from edgers.bundle import open_bundle
from edgers.calibration.metrics.image import ImageMetric
from edgers.calibration.metrics.regression import RegressionMetric
from edgers.kernels import eigen
from edgers.kernels.cpu import anomaly
from edgers.kernels.scene_statistics import Covariance
from edgers.pipeline.model import load_model
from edgers.pipeline.options import RunOptions
from edgers.pipeline.report import SceneReport
from edgers.pipeline.run import run_scene
from edgers.scene.envi import read_header

Cube = npt.NDArray[np.float32]
PEAK = 5000
"""`maxValue` of the file: DN of a reflectance of 1."""
SCALED = {"edgers:value_scaling": [{"type": "scale", "value": PEAK}]}
COMPONENTS = 8
"""Kept of 198. The noise that is added is even, so these are the least noisy too; differences of
neighbours, by which MNF tells noise, are mostly roofs and streets here."""
STRIPES, NOISE = 60.0, 75.0
"""Standard deviations of what is added, DN: of a column in each band, and of each sample."""


@pytest.fixture(scope="module")
def truth(real_data: Path) -> dict[str, npt.NDArray[Any]]:
    return dict(loadmat(real_data / "hsi/jasperRidge2_R198.mat"))


@pytest.fixture(scope="module")
def samples(truth: dict[str, npt.NDArray[Any]]) -> npt.NDArray[np.uint16]:
    cube = truth["Y"].reshape(198, 100, 100, order="F")
    return np.ascontiguousarray(cube, np.uint16)


@pytest.fixture(scope="module")
def wavelengths_um(truth: dict[str, npt.NDArray[Any]]) -> list[float]:
    """About those of AVIRIS: 224 bands from 0.38 to 2.5 µm, of which 198 were kept."""
    numbers = truth["SlectBands"].ravel().astype(int)
    return [round(float(um), 6) for um in np.linspace(0.38, 2.5, 224)[numbers - 1]]


def run_net(
    folder: Path, scene: Path, document: dict[str, Any], net: Callable[[], onnx.ModelProto],
    **options: Any,
) -> SceneReport:  # fmt: skip
    folder.mkdir(exist_ok=True)
    with load_model(open_bundle(make_bundle(folder, document, net))) as model:
        return run_scene(model, scene, folder / "out", RunOptions(tile_px=40, **options))


def read(path: Path) -> npt.NDArray[Any]:
    with rasterio.open(path) as dataset:
        found: npt.NDArray[Any] = dataset.read()
    return found


def statistics_of(cube: npt.NDArray[Any]) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    seen = Covariance(len(cube))
    seen.add(cube.astype(np.float32))
    return seen.result.covariance, seen.result.mean


def test_anomaly_scores_of_tiles_are_those_of_the_kernel_on_the_whole(
    samples: npt.NDArray[np.uint16], wavelengths_um: list[float], tmp_path: Path
) -> None:
    scene = write_cube(tmp_path / "jasper.tif", samples, wavelengths_um)
    scaled = samples.astype(np.float32) / np.float32(PEAK)
    covariance, mean = statistics_of(scaled)
    white = eigen.whitening(covariance)

    def squares(graph: GraphBuilder, x: str) -> str:
        both = graph.node("Mul", [x, x])
        return graph.node("ReduceSum", [both, graph.constant([1], "int64")], keepdims=1)

    wanted = anomaly.mahalanobis(scaled, mean, white)
    limit = float(np.quantile(wanted, 0.99))
    values = [{"name": "distance", "threshold": limit}]
    report = run_net(
        tmp_path / "rx", scene,
        cube_document(wavelengths_um, 1, SCALED, **{"edgers:values": values}),
        lambda: matrix_net(white, -white @ mean, squares),
    )  # fmt: skip
    found, flags = read(report.products[0])[0], read(report.products[1])[0]
    # The mean is taken off in one step more than in the kernel.
    assert np.abs(found - wanted).max() < 0.02 * wanted.max()
    assert np.array_equal(flags, found >= np.float32(limit))
    area = report.found.values[0].found
    assert area is not None
    assert 60 <= area.pixels <= 140


def test_abundances_are_near_the_truth(
    truth: dict[str, npt.NDArray[Any]], samples: npt.NDArray[np.uint16],
    wavelengths_um: list[float], tmp_path: Path,
) -> None:  # fmt: skip
    scene = write_cube(tmp_path / "jasper.tif", samples, wavelengths_um)
    ends = truth["M"].astype(np.float64)
    inverse = np.linalg.pinv(np.vstack([ends, np.full(4, 10.0)]))

    def stretched(graph: GraphBuilder, x: str) -> str:
        positive = graph.node("Relu", [x])
        total = graph.node("ReduceSum", [positive, graph.constant([1], "int64")], keepdims=1)
        return graph.node("Div", [positive, total])

    names = ("tree", "water", "soil", "road")
    values = {"edgers:values": [{"name": name} for name in names], "edgers:sum_to_one": 1e-4}
    report = run_net(
        tmp_path / "shares", scene, cube_document(wavelengths_um, 4, SCALED, **values),
        lambda: matrix_net(inverse[:, :-1], inverse[:, -1] * 10, stretched),
    )  # fmt: skip
    assert report.found.sums is not None
    assert report.found.sums.off_px == 0
    found = read(report.products[0])
    wanted = truth["A"].reshape(4, 100, 100, order="F")
    errors = {}
    for name, one, other in zip(names, wanted, found, strict=True):
        metric = RegressionMetric()
        metric.add(one, other)
        errors[name] = round(metric.rmse() or 0.0, 4)
    whole = RegressionMetric()
    whole.add(wanted, found)
    seen = f"RMSE {whole.rmse():.4f}, {errors}"
    assert (whole.rmse() or 1.0) < 0.065, seen
    assert max(errors.values()) < 0.075, seen
    picture = np.asarray(Image.open(report.products[1]))
    assert len(np.unique(picture.reshape(-1, 3), axis=0)) > 1000


def test_noise_and_stripes_are_taken_off(
    samples: npt.NDArray[np.uint16], wavelengths_um: list[float], tmp_path: Path
) -> None:
    random = np.random.default_rng(3)
    stripes = random.normal(0, STRIPES, (198, 1, 100))
    spoilt = samples + stripes + random.normal(0, NOISE, samples.shape)
    spoilt = np.clip(np.rint(spoilt), 1, 65_535).astype(np.uint16)
    scene = write_cube(tmp_path / "jasper.tif", spoilt, wavelengths_um)
    scaled = spoilt.astype(np.float32) / np.float32(PEAK)
    covariance, mean = statistics_of(scaled)
    few = eigen.pca(covariance, mean, COMPONENTS)
    matrix = few.inverse.matrix.astype(np.float64) @ few.forward.matrix
    document = cube_document(wavelengths_um, 198, SCALED, **{"edgers:restores": {"input": "x"}})
    report = run_net(
        tmp_path / "clean", scene, document, lambda: matrix_net(matrix, mean - matrix @ mean),
        cube="envi",
    )  # fmt: skip
    header = read_header(report.products[1])
    rows = np.fromfile(report.products[0], header.stored_type).reshape(100, 198, 100)
    found = rows.transpose(1, 0, 2)
    before, after = ImageMetric(PEAK), ImageMetric(PEAK)
    before.add(samples, spoilt)
    after.add(samples, found)
    was_db, is_db = before.psnr_db() or 0.0, after.psnr_db() or 0.0
    was_deg, is_deg = before.sam_deg() or 0.0, after.sam_deg() or 90.0
    seen = f"PSNR {was_db:.2f} → {is_db:.2f} dB, SAM {was_deg:.2f} → {is_deg:.2f}°"
    assert is_db > was_db + 7.5, seen
    assert is_deg < 0.4 * was_deg, seen
    assert [band.wavelength_um for band in header.bands] == pytest.approx(wavelengths_um, abs=1e-6)
