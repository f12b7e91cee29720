"""Classical models of pixels, held against other people's libraries."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import rasterio
from builders.networks import index_contract
from builders.programs import class_document, load, make_program, run_bundle, value_document
from builders.scenes import noise
from builders.trees import cluster_net, component_net, forest_net, spectrum_net

from edgers.engines import ENGINES
from edgers.errors import ContractError, EngineError

cluster = pytest.importorskip("sklearn.cluster")
decomposition = pytest.importorskip("sklearn.decomposition")
ensemble = pytest.importorskip("sklearn.ensemble")

PIXELS = {"kind": "per-pixel"}


def rows(samples: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    return samples.reshape(3, -1).T.astype(np.float32)


def read(path: Path) -> npt.NDArray[Any]:
    with rasterio.open(path) as dataset:
        found: npt.NDArray[Any] = dataset.read()
    return found


def grown_forest(samples: npt.NDArray[Any]) -> Any:
    truth = samples.reshape(3, -1).argmax(axis=0)
    return ensemble.RandomForestClassifier(7, max_depth=5, random_state=0).fit(rows(samples), truth)


@pytest.mark.parametrize("tile_px", [17, 512])
def test_a_forest_of_trees_maps_a_scene_as_scikit_learn_does(tmp_path: Path, tile_px: int) -> None:
    samples = noise(3, 40, 50, "uint16")
    forest = grown_forest(samples)
    document = class_document(PIXELS, **{"edgers:activation": "none"})
    bundle = make_program(tmp_path, document, forest_net(forest))
    report = run_bundle(tmp_path, bundle, samples, tile_px=tile_px)
    assert np.array_equal(read(report.products[0])[0].ravel(), forest.predict(rows(samples)))


def test_clusters_map_a_scene_as_scikit_learn_does(tmp_path: Path) -> None:
    samples = noise(3, 40, 50, "uint16")
    found = cluster.KMeans(3, n_init=1, random_state=0).fit(rows(samples))
    net = cluster_net(found.cluster_centers_)
    document = {**index_contract(), "edgers:program": PIXELS}
    report = run_bundle(tmp_path, make_program(tmp_path, document, net), samples, tile_px=17)
    same = read(report.products[0])[0].ravel() == found.predict(rows(samples))
    # Pixels halfway between two centres are decided by the last bit.
    assert same.mean() > 0.999


def test_components_are_those_of_scikit_learn(tmp_path: Path) -> None:
    samples = noise(3, 40, 50, "uint16")
    found = decomposition.PCA(2).fit(rows(samples))
    net = component_net(found.mean_, found.components_)
    bundle = make_program(tmp_path, value_document(PIXELS, channels=2), net)
    report = run_bundle(tmp_path, bundle, samples, tile_px=17)
    wanted = found.transform(rows(samples)).T.reshape(2, 40, 50)
    np.testing.assert_allclose(read(report.products[0]), wanted, atol=1e-5 * np.abs(wanted).max())


@pytest.mark.parametrize("engine", sorted({"onnxruntime", "openvino"} & set(ENGINES)))
def test_a_pixel_needs_nothing_around_it_on_any_engine(tmp_path: Path, engine: str) -> None:
    net = component_net(np.ones(3), np.eye(3)[:2])
    bundle = make_program(tmp_path, value_document(PIXELS, channels=2), net, engine=engine)
    with load(bundle) as model:
        halo = model.bundle.halo
        assert halo.is_exact
        assert (halo.height.before_px, halo.width.after_px, halo.height.align_px) == (0, 0, 1)
        pixels = np.random.default_rng(0).standard_normal((1, 3, 5, 9)).astype(np.float32)
        np.testing.assert_allclose(model.infer({"x": pixels})["y"], pixels[:, :2] - 1, atol=1e-6)


def test_a_pixel_may_be_a_spectrum_with_a_channel(tmp_path: Path) -> None:
    document = value_document({**PIXELS, "pixel_shape": [1, -1]})
    samples = noise(3, 20, 30, "uint16").astype(np.int64)
    report = run_bundle(
        tmp_path, make_program(tmp_path, document, spectrum_net()), samples.astype(np.uint16)
    )  # fmt: skip
    padded = np.pad(samples, ((1, 1), (0, 0), (0, 0)))
    assert np.array_equal(read(report.products[0]), padded[:-2] - 2 * padded[1:-1] + padded[2:])


def test_what_does_not_fit_is_refused(tmp_path: Path) -> None:
    net = component_net(np.ones(3), np.eye(3)[:2])
    with pytest.raises(ContractError, match="axes"):
        make_program(tmp_path, value_document({**PIXELS, "pixel_shape": [1, 3]}, 2), net)
    with pytest.raises(EngineError, match="shape the contract states"):
        make_program(tmp_path, value_document({**PIXELS, "pixel_shape": [4]}, 2), net)
    assert not (tmp_path / "b.edgers").exists()
