"""`edgers votes` on what `edgers run` wrote: classes, probabilities, and values."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from builders.bundles import BAND_NAMES, make_bundle
from builders.networks import band_net, plain_contract
from builders.runs import edgers, largest_band
from builders.scenes import TRANSFORM, noise, write_scene
from rasterio.warp import transform_geom


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The products of a run, and one field of 20 rows and 30 columns."""
    folder = tmp_path_factory.mktemp("votes")
    bundle = make_bundle(folder, plain_contract(), band_net)
    write_scene(folder / "scene.tif", noise(3, 60, 80) % 5, names=BAND_NAMES)
    run = ("run", bundle, folder / "scene.tif", "-o", folder / "out", "--probabilities")
    assert edgers(*run).code == 0
    corners = [(10, 5), (40, 5), (40, 25), (10, 25), (10, 5)]
    field = {"type": "Polygon", "coordinates": [[TRANSFORM @ corner for corner in corners]]}
    feature = {
        "type": "Feature", "properties": {"field": "north"},
        "geometry": transform_geom("EPSG:32630", "EPSG:4326", field),
    }  # fmt: skip
    (folder / "fields.geojson").write_text(json.dumps(feature))
    return folder


def votes(folder: Path, product: str, out: Path) -> dict[str, str]:
    done = edgers("votes", folder / "out" / product, folder / "fields.geojson", "-o", out)
    assert done.code == 0, done.err
    with out.open(newline="") as file:
        (row,) = csv.DictReader(file)
    return row


def test_a_class_map_tells_the_pixels_of_each_class(folder: Path, tmp_path: Path) -> None:
    row = votes(folder, "scene_tiny-net.tif", tmp_path / "v.csv")
    under = largest_band(noise(3, 60, 80) % 5)[5:25, 10:40]
    counts = [int((under == i).sum()) for i in range(3)]
    assert [int(row[f"n_{name}"]) for name in ("land", "water", "cloud")] == counts
    assert (row["field"], row["pixels"], row["nodata_share"]) == ("north", "600", "0.0")
    assert int(row["majority"]) == int(np.argmax(counts))


def test_probabilities_tell_their_mean(folder: Path, tmp_path: Path) -> None:
    row = votes(folder, "scene_tiny-net_probabilities.tif", tmp_path / "v.csv")
    means = [float(row[f"{name}_mean"]) for name in ("land", "water", "cloud")]
    assert sum(means) == pytest.approx(1, abs=1e-6)
    assert all(float(row[f"{name}_min"]) >= 0 for name in ("land", "water", "cloud"))
