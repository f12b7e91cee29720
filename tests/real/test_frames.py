"""Real pictures as frames."""

import json
import shutil
import warnings
from pathlib import Path

import numpy as np
import rasterio
from builders.bundles import make_bundle
from builders.networks import plain_contract, unet
from builders.runs import edgers
from rasterio.errors import NotGeoreferencedWarning


def classes(path: Path) -> np.ndarray:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        with rasterio.open(path) as dataset:
            found: np.ndarray = dataset.read(1)
    return found


def test_pictures_as_frames_give_the_maps_of_scenes(real_data: Path, tmp_path: Path) -> None:
    """One from orbit without a place, and one from an aircraft that has its own."""
    folder, bundle = tmp_path / "in", make_bundle(tmp_path, plain_contract(), unet)
    folder.mkdir()
    for name in ("space/opssat_img_1597559030639.png", "detect/OSBS_029.tif"):
        shutil.copy(real_data / name, folder)
    done = edgers("watch", bundle, folder, "-o", tmp_path / "out", "--json")
    assert done.code == 0, done.err
    report = json.loads(done.out)
    assert (report["done"], report["placed"]) == (2, {"none": 1, "file": 1})
    scenes = sorted(folder.iterdir())
    assert edgers("run", bundle, *scenes, "-o", tmp_path / "ref").code == 0
    for line in map(json.loads, (tmp_path / "out" / "frames.jsonl").read_text().splitlines()):
        name = Path(line["key"]["source"]).stem
        found = tmp_path / "out" / line["product"]
        wanted = tmp_path / "ref" / f"{name}_tiny-net.tif"
        assert np.array_equal(classes(found), classes(wanted))
        if line["geo"] == "file":
            with rasterio.open(found) as one, rasterio.open(wanted) as other:
                assert (one.crs, one.transform) == (other.crs, other.transform)
            item = json.loads(wanted.with_suffix(".json").read_text())
            areas = [one["area_km2"] for one in item["properties"]["edgers:classes"]]
            assert np.allclose([one["area_m2"] / 1e6 for one in line["classes"]], areas, rtol=1e-6)
            assert line["footprint"] == item["geometry"]
