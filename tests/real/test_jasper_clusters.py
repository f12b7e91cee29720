"""Clusters of Jasper Ridge: those of a plain k-means, and near what is known of the ground."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import rasterio
from builders.bundles import make_bundle
from builders.clusters import cluster_document, features_net, plain_k_means
from builders.cube_models import write_cube
from scipy.io import loadmat

from edgers.bundle import open_bundle
from edgers.pipeline.model import load_model
from edgers.pipeline.options import RunOptions
from edgers.pipeline.run import run_scene

BANDS = 198
PEAK = 5000
"""DN of a reflectance of 1."""


@pytest.fixture(scope="module")
def truth(real_data: Path) -> dict[str, npt.NDArray[Any]]:
    return dict(loadmat(real_data / "hsi/jasperRidge2_R198.mat"))


def test_clusters_are_those_of_a_plain_k_means_and_tell_the_materials_apart(
    truth: dict[str, npt.NDArray[Any]], tmp_path: Path
) -> None:
    cube = truth["Y"].reshape(BANDS, 100, 100, order="F").astype(np.uint16)
    wavelengths_um = np.round(np.linspace(0.38, 2.5, BANDS), 5).tolist()
    scene = write_cube(tmp_path / "jasper.tif", cube, wavelengths_um)
    document = cluster_document(
        BANDS, {"k": 4, "seed": 1, "sample_px": 2500},
        wavelengths_um=wavelengths_um,
        **{"edgers:value_scaling": [{"type": "scale", "value": PEAK}]},
    )  # fmt: skip
    bundle = make_bundle(tmp_path, document, lambda: features_net(BANDS))
    with load_model(open_bundle(bundle)) as model:
        report = run_scene(model, scene, tmp_path / "out", RunOptions(tile_px=64))
    with rasterio.open(report.products[0]) as dataset:
        found = dataset.read(1)
        centroids = np.array(eval(dataset.tags()["EDGERS_CENTROIDS"]), np.float32)
    scaled = cube.astype(np.float32) / np.float32(PEAK)
    pixels = scaled.reshape(BANDS, -1).T.astype(np.float64)
    # Every other pixel of every other row: 2500 of 10 000, as the contract allows.
    lattice = scaled[:, 1::2, 1::2].reshape(BANDS, -1).T.astype(np.float64)
    wanted = plain_k_means(lattice, centroids.astype(np.float64))
    assert np.abs(wanted - centroids).max() < 1e-5
    labels = ((pixels[:, None] - wanted) ** 2).sum(axis=2).argmin(axis=1).reshape(100, 100)
    assert (found - 1 == labels).mean() > 0.9995
    # Tree, water, soil, road: the darkest cluster is the water.
    shares = truth["A"].reshape(4, 100, 100, order="F")
    water = shares[1] > 0.5
    assert ((found == 1) == water).mean() > 0.97
