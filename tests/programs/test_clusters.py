"""k-means of a scene: centroids as found plainly, in a stable order, the same every time."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import rasterio
from builders.bundles import make_bundle
from builders.clusters import cluster_document, features_net, plain_k_means
from builders.runs import edgers
from builders.scenes import write_scene
from hypothesis import given, settings
from hypothesis import strategies as st

from edgers.bundle import open_bundle
from edgers.contract import contract_from_document
from edgers.errors import ContractError, SceneError
from edgers.pipeline.model import load_model
from edgers.pipeline.options import RunOptions
from edgers.pipeline.report import SceneReport
from edgers.pipeline.run import run_scene
from edgers.pipeline.scene_clusters import lattice_step
from edgers.programs.clusters import nearest_centroid
from edgers.programs.k_means import by_brightness, by_reference, fit_centroids

BANDS = 3
MEANS = np.array([[300, 100, 50], [900, 800, 700], [200, 600, 2000]], np.float64)


def three_fields(seed: int = 0, height: int = 60, width: int = 70) -> npt.NDArray[np.uint16]:
    """Give stripes of three spectra with some noise; the last columns have no data."""
    random = np.random.default_rng(seed)
    which = np.arange(height)[:, None] // 7 % 3 + np.zeros(width, int)
    cube = MEANS[which].transpose(2, 0, 1) + random.normal(0, 20, (BANDS, height, width))
    cube[:, :, -9:] = 0
    return cube.clip(0).round().astype(np.uint16)


def program(**fields: Any) -> dict[str, Any]:
    return {"k": 3, "sample_px": 1000, **fields}


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("clusters")
    return make_bundle(folder, cluster_document(BANDS, program()), lambda: features_net(BANDS))


def run(bundle: Path, samples: npt.NDArray[Any], folder: Path, **options: Any) -> SceneReport:
    names = [f"b{i + 1}" for i in range(BANDS)]
    scene = write_scene(folder / "scene.tif", samples, names=names, nodata=0)
    with load_model(open_bundle(bundle)) as model:
        return run_scene(model, scene, folder / "out", RunOptions(**options))


def read(report: SceneReport) -> tuple[npt.NDArray[Any], npt.NDArray[np.float64]]:
    with rasterio.open(report.products[0]) as dataset:
        text = dataset.tags()["EDGERS_CENTROIDS"]
        rows = [[float(one) for one in row.split(",")] for row in text[2:-2].split("], [")]
        return dataset.read(1), np.array(rows)


def test_a_scene_is_cut_into_its_clusters_from_dark_to_bright(bundle: Path, tmp_path: Path) -> None:
    samples = three_fields()
    report = run(bundle, samples, tmp_path)
    found, centroids = read(report)
    order = MEANS.mean(axis=1).argsort()
    assert np.abs(centroids - MEANS[order]).max() < 5
    which = np.arange(60)[:, None] // 7 % 3 + np.zeros(61, int)
    assert np.array_equal(found[:, :61], np.argsort(order)[which] + 1)
    assert (found[:, 61:] == 255).all()
    assert [one.name for one in report.found.classes] == ["cluster 1", "cluster 2", "cluster 3"]


def test_tiles_and_threads_change_no_cluster(bundle: Path, tmp_path: Path) -> None:
    samples = np.random.default_rng(3).integers(1, 4000, (BANDS, 50, 64)).astype(np.uint16)
    seen = []
    for i, options in enumerate(({}, {"tile_px": 16, "workers": 3}, {"tile_px": 23})):
        (tmp_path / str(i)).mkdir()
        found, centroids = read(run(bundle, samples, tmp_path / str(i), **options))
        seen.append((found.tobytes(), centroids.tobytes()))
    assert seen[0] == seen[1] == seen[2]


def test_a_run_that_was_stopped_goes_on_with_its_centroids(
    bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    samples = three_fields()
    (tmp_path / "whole").mkdir()
    whole = run(bundle, samples, tmp_path / "whole", tile_px=16)

    class Stops:
        tiles = 0

        def start(self, scene: str, tiles: int, megapixels: float) -> None: ...

        def advance(self, megapixels: float) -> None:
            self.tiles += 1
            if self.tiles == 3:
                raise KeyboardInterrupt

        def finish(self) -> None: ...

    names = [f"b{i + 1}" for i in range(BANDS)]
    scene = write_scene(tmp_path / "scene.tif", samples, names=names, nodata=0)
    with load_model(open_bundle(bundle)) as model:
        options = RunOptions(tile_px=16)
        with pytest.raises(KeyboardInterrupt):
            run_scene(model, scene, tmp_path / "out", options, Stops())
        # What is fitted is not fitted again.
        monkeypatch.setattr("edgers.programs.clusters.fit_centroids", None)
        report = run_scene(model, scene, tmp_path / "out", options)
    assert report.reused_tiles >= 3
    assert report.products[0].read_bytes() == whole.products[0].read_bytes()


def test_reference_centroids_give_their_order(tmp_path: Path) -> None:
    wanted = MEANS[[2, 0, 1]] + 40
    document = cluster_document(BANDS, program(reference=wanted.tolist()))
    bundle = make_bundle(tmp_path, document, lambda: features_net(BANDS))
    _, centroids = read(run(bundle, three_fields(), tmp_path))
    assert np.abs(centroids - MEANS[[2, 0, 1]]).max() < 5


def test_a_scene_without_enough_different_pixels_is_refused(bundle: Path, tmp_path: Path) -> None:
    samples = np.full((BANDS, 20, 20), 7, np.uint16)
    with pytest.raises(SceneError, match="fewer different pixels"):
        run(bundle, samples, tmp_path)
    assert not (tmp_path / "out").exists()


def test_frames_and_strips_have_no_whole_scene(bundle: Path, tmp_path: Path) -> None:
    done = edgers("pushbroom", bundle, tmp_path / "a.hdr", "-o", tmp_path / "out")
    assert done.code == 2
    assert "finds the clusters of a whole scene" in done.err


@pytest.mark.parametrize("fields", [
    {"k": 1}, {"k": 65}, {"sample_px": 2}, {"iterations": 0}, {"reference": [[1, 2, 3]]},
    {"reference": [[1, 2, 3], [1, 2, 3], [1, 2]]}, {"seeds": 1},
])  # fmt: skip
def test_a_program_that_cannot_be_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(ContractError):
        contract_from_document(cluster_document(BANDS, program(**fields)))


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), count=st.integers(8, 80), k=st.integers(2, 6),
       features=st.integers(1, 5), spread=st.sampled_from([0.0, 1.0]))  # fmt: skip
def test_fitted_centroids_are_where_a_plain_k_means_rests(
    seed: int, count: int, k: int, features: int, spread: float
) -> None:
    random = np.random.default_rng(seed)
    samples = random.normal(0, 1, (count, features)) * spread + random.integers(
        0, 9, (count, features)
    )
    if len(np.unique(samples, axis=0)) < k:
        return
    found = fit_centroids(samples, k, seed, 500)
    assert np.array_equal(found, fit_centroids(samples.copy(), k, seed, 500))
    labels = ((samples[:, None] - found) ** 2).sum(axis=2).argmin(axis=1)
    if len(np.unique(labels)) == k:
        assert plain_k_means(samples, found) == pytest.approx(found, abs=1e-9)
    features_of = samples.T.astype(np.float32)[:, :, None]
    near = nearest_centroid(features_of, found.astype(np.float32))[:, 0]
    away = ((samples[:, None] - found) ** 2).sum(axis=2)
    assert away[np.arange(count), near] == pytest.approx(away.min(axis=1), abs=1e-3)


def test_fewer_samples_that_differ_than_clusters_are_told() -> None:
    samples = np.array([[1.0], [2.0]]).repeat(5, axis=0)
    with pytest.raises(ValueError, match="2 differ"):
        fit_centroids(samples, 3, 0, 10)


def test_orders_of_centroids() -> None:
    centroids = np.array([[5.0, 5.0], [0.0, 2.0], [1.0, 1.0]])
    assert by_brightness(centroids).tolist() == [[0, 2], [1, 1], [5, 5]]
    reference = [[1.0, 1.2], [4.0, 9.0], [0.0, 1.9]]
    assert by_reference(centroids, reference).tolist() == [[1, 1], [5, 5], [0, 2]]


def test_pixels_that_are_no_numbers_belong_to_no_cluster() -> None:
    features = np.array([[1.0, np.nan, np.inf, 9.0]], np.float32)[:, None]
    found = nearest_centroid(features, np.array([[0.0], [8.0]], np.float32))
    assert found.tolist() == [[0, -1, -1, 1]]


@given(height=st.integers(1, 3000), width=st.integers(1, 3000), most=st.integers(1, 5000))
def test_a_lattice_has_no_more_pixels_than_allowed_and_not_far_fewer(
    height: int, width: int, most: int
) -> None:
    step = lattice_step(height, width, most)
    count = -(-height // step) * -(-width // step)
    assert count <= most
    if step > 1:
        assert -(-height // (step - 1)) * -(-width // (step - 1)) > most or step == 1
