"""Several inputs as one scene: on one grid, each with its own samples and rule."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import rasterio
from affine import Affine
from builders.scenes import TRANSFORM, noise, place_by_points
from builders.stacks import OPTICAL, SAR, fusion_document, image
from rasterio.warp import Resampling, reproject, transform

from edgers.contract import ModelInput, contract_from_document
from edgers.errors import BandError, SceneError
from edgers.scene.open import environment
from edgers.scene.scene import Scene, StackWindow, scene_paths

SIDE = 60
DEM = ("elevation",)


def inputs_of(**fields: Any) -> Sequence[ModelInput]:
    return contract_from_document(fusion_document(**fields)).inputs


def files(folder: Path, **fields: Any) -> dict[str, list[Path]]:
    """Write a file for each input; `fields` go into the file of their name."""
    return {
        name: [image(folder, name, bands, SIDE, **fields.get(name, {}))]
        for name, bands in (("optical", OPTICAL), ("sar", SAR), ("dem", DEM))
    }


def opened(
    paths: Mapping[str, Sequence[Path]], inputs: Sequence[ModelInput] | None = None, **maps: str
) -> AbstractContextManager[Scene]:
    return Scene(paths, inputs or inputs_of(), maps)


def whole(scene: Scene) -> StackWindow:
    with environment():
        return scene.read(0, 0, scene.height_px, scene.width_px)


def stored(path: Path) -> npt.NDArray[Any]:
    with rasterio.open(path) as dataset:
        samples: npt.NDArray[Any] = dataset.read()
    return samples


def test_inputs_of_one_grid_are_read_as_they_are(tmp_path: Path) -> None:
    paths = files(tmp_path)
    with opened(paths) as scene:
        window = whole(scene)
        for name, (path,) in paths.items():
            assert np.array_equal(window.inputs[name].samples, stored(path))
        assert np.array_equal(window.main.samples, stored(paths["optical"][0]))
        assert not window.nodata.any()
        assert (scene.name, scene.height_px, scene.width_px) == ("optical", SIDE, SIDE)
        assert (scene.layers, scene.stored_bytes_per_px) == (6, 24)
        assert not scene.is_resampled


def test_other_grids_are_warped_onto_that_of_the_main_input(tmp_path: Path) -> None:
    place = {"transform": TRANSFORM @ Affine.scale(3) @ Affine.translation(-2, -3), "side": 40}
    (x,), (y,) = transform("EPSG:32630", "EPSG:32629", [TRANSFORM.c], [TRANSFORM.f])
    zone = {"crs": "EPSG:32629", "transform": Affine(10, 0, x - 300, 0, -10, y + 300)}
    paths = files(tmp_path)
    paths["dem"] = [image(tmp_path, "coarse", DEM, **place)]
    paths["sar"] = [image(tmp_path, "zone", SAR, side=300, **zone)]
    with opened(paths) as scene:
        window = whole(scene)
        assert scene.place.transform == TRANSFORM
    for name in ("dem", "sar"):
        with rasterio.open(paths[name][0]) as dataset:
            wanted = np.zeros((dataset.count, SIDE, SIDE), np.float32)
            reproject(
                rasterio.band(dataset, dataset.indexes), wanted, dst_crs="EPSG:32630",
                dst_transform=TRANSFORM, resampling=Resampling.bilinear, tolerance=1e-6,
            )  # fmt: skip
        assert not window.inputs[name].missing.any()
        # A millionth of a pixel counts between samples of up to 4000.
        assert np.allclose(window.inputs[name].samples, wanted, atol=0.5)


def test_a_window_is_the_same_part_of_the_whole(tmp_path: Path) -> None:
    paths = files(tmp_path)
    paths["dem"] = [
        image(tmp_path, "coarse", DEM, 20, transform=TRANSFORM @ Affine.scale(3.3, 3.1))
    ]
    with opened(paths) as scene:
        full = whole(scene)
        with environment():
            part = scene.read(7, 13, 30, 40)
    here = (slice(None), slice(7, 37), slice(13, 53))
    for name, window in part.inputs.items():
        assert np.array_equal(window.samples, full.inputs[name].samples[here])
        assert np.array_equal(window.missing, full.inputs[name].missing[here])
    assert np.array_equal(part.nodata, full.nodata[here[1:]])


def with_hole(bands: Sequence[str], row: int) -> npt.NDArray[Any]:
    samples = noise(len(bands), SIDE, SIDE).astype(np.float32)
    samples[:, row] = np.nan
    return samples


@pytest.mark.parametrize(
    ("rules", "rows"),
    [
        ({}, [10, 20, 30]),
        ({"dem": {"edgers:nodata": {"counts": False}}}, [10, 20]),
        ({"sar": {"edgers:optional": {"fill": 0}}}, [10, 30]),
        (
            {"sar": {"edgers:optional": {"fill": 0}, "edgers:nodata": {"counts": True}}},
            [10, 20, 30],
        ),
    ],
)
def test_the_inputs_that_count_decide_what_is_nodata(
    tmp_path: Path, rules: dict[str, Any], rows: list[int]
) -> None:
    names = (("optical", OPTICAL, 10), ("sar", SAR, 20), ("dem", DEM, 30))
    paths = {
        name: [image(tmp_path, name, bands, samples=with_hole(bands, row))]
        for name, bands, row in names
    }
    with opened(paths, inputs_of(**rules)) as scene:
        window = whole(scene)
    assert np.flatnonzero(window.nodata.any(axis=1)).tolist() == rows
    assert window.nodata[rows].all()
    assert all(one.missing.any() for one in window.inputs.values())


def test_each_input_has_its_own_rule_for_nodata(tmp_path: Path) -> None:
    samples = noise(3, SIDE, SIDE)
    samples[0, 5], samples[:, 8] = 0, 0
    paths = files(tmp_path, optical={"samples": samples, "nodata": 0})
    sar = noise(2, SIDE, SIDE).astype(np.int16)
    sar[1, 11] = -9999
    paths["sar"] = [image(tmp_path, "radar", SAR, samples=sar, nodata=-9999)]
    with opened(paths, inputs_of(sar={"edgers:nodata": {"pixel": "any"}})) as scene:
        window = whole(scene)
    assert np.flatnonzero(window.nodata.all(axis=1)).tolist() == [8, 11]
    assert window.inputs["sar"].samples.dtype == np.int16


def test_an_optional_input_may_be_left_out(tmp_path: Path) -> None:
    paths = files(tmp_path)
    del paths["sar"]
    with opened(paths, inputs_of(sar={"edgers:optional": {"fill": 0}})) as scene:
        assert set(whole(scene).inputs) == {"optical", "dem"}
        assert set(scene.listing) == {"optical", "dem"}


def test_the_order_of_files_says_which_input_they_are_for(tmp_path: Path) -> None:
    one, other = (image(tmp_path, name, OPTICAL) for name in ("a", "b"))
    document = fusion_document()
    document["mlm:input"][1]["bands"] = document["mlm:input"][0]["bands"]
    document["mlm:input"][1]["input"]["shape"][1] = 3
    document["mlm:input"] = document["mlm:input"][:2]
    inputs = contract_from_document(document).inputs
    with opened({"optical": [one], "sar": [other]}, inputs) as scene:
        assert scene.files == [one, other]
        assert scene.listing == {"optical": [["a.tif"]], "sar": [["b.tif"]]}
    with opened({"optical": [other], "sar": [one]}, inputs) as scene:
        assert scene.files == [other, one]


def test_all_inputs_may_come_from_one_folder(tmp_path: Path) -> None:
    written = files(tmp_path)
    inputs = inputs_of()
    with opened(scene_paths(inputs, [tmp_path], {}), inputs) as scene:
        window = whole(scene)
        assert scene.name == tmp_path.name
    for name, (path,) in written.items():
        assert np.array_equal(window.inputs[name].samples, stored(path))


def test_the_main_input_may_stand_anywhere_in_the_contract(tmp_path: Path) -> None:
    paths = files(tmp_path)
    paths["dem"] = [image(tmp_path, "coarse", DEM, 30, transform=TRANSFORM @ Affine.scale(2))]
    fields = {"optical": {"edgers:optional": {"fill": 0}}, "sar": {"edgers:optional": {"fill": 0}}}
    with opened(paths, inputs_of(**fields)) as scene:
        assert (scene.name, scene.height_px) == ("coarse", 30)
        assert whole(scene).inputs["optical"].samples.shape == (3, 30, 30)


def test_bands_are_renamed_for_one_input_or_all(tmp_path: Path) -> None:
    paths = files(tmp_path)
    paths["dem"] = [image(tmp_path, "heights", ("z",))]
    with pytest.raises(BandError, match="no band that fits band elevation"):
        opened(paths)
    for key in ("elevation", "dem:elevation"):
        with opened(paths, None, **{key: "z"}) as scene:
            assert scene.stacks["dem"].bands[0].name == "z"
    for key in ("height", "sar:elevation", "dem:z"):
        with pytest.raises(BandError, match="which the model does not have"):
            opened(paths, None, **{key: "z"})


def test_an_input_without_a_place_is_refused_unless_it_has_the_same_grid(tmp_path: Path) -> None:
    paths = files(tmp_path, dem={"crs": None})
    with pytest.raises(SceneError, match="cannot be put onto one grid"):
        opened(paths)
    bare = {"crs": None}
    with opened(files(tmp_path, optical=bare, sar=bare, dem=bare)) as scene:
        assert scene.place.kind == "none"


def test_swath_inputs_of_one_grid_are_one_scene(tmp_path: Path) -> None:
    bare = {"crs": None}
    paths = files(tmp_path, optical=bare, sar=bare, dem=bare)
    for (path,) in paths.values():
        place_by_points(path)
    with opened(paths) as scene:
        assert scene.place.kind == "gcps"
        window = whole(scene)
    assert np.array_equal(window.inputs["sar"].samples, stored(paths["sar"][0]))


def test_the_gsd_of_each_input_is_held_against_its_own(tmp_path: Path) -> None:
    paths = files(tmp_path)
    paths["dem"] = [image(tmp_path, "coarse", DEM, 20, transform=TRANSFORM @ Affine.scale(3))]
    with opened(paths, inputs_of(optical={"edgers:gsd_m": 10}, dem={"edgers:gsd_m": 30})):
        pass
    with pytest.raises(SceneError, match=r"coarse.tif has another ground sample distance"):
        opened(paths, inputs_of(dem={"edgers:gsd_m": 10}))
    allowed = {"edgers:gsd_m": 10, "edgers:gsd_rule": "resample"}
    with opened(paths, inputs_of(dem=allowed)) as scene:
        assert scene.height_px == SIDE


def test_a_file_that_does_not_fit_closes_the_others(tmp_path: Path) -> None:
    paths = files(tmp_path)
    paths["dem"] = [tmp_path / "nothing.tif"]
    # A dataset left open raises a warning, which fails the test.
    with pytest.raises(SceneError, match=r"nothing.tif cannot be read"):
        opened(paths)


def test_files_are_shared_out_among_inputs() -> None:
    inputs = inputs_of(dem={"edgers:optional": {"fill": 0}})
    one, other = Path("one"), Path("other")
    assert scene_paths(inputs, [one], {}) == {"optical": (one,), "sar": (one,)}
    named = {"sar": [other]}
    assert scene_paths(inputs, [one], named) == {"optical": (one,), "sar": (other,)}
    both = {"sar": [other], "dem": [other]}
    assert scene_paths(inputs, [one], both) == {
        "optical": (one,), "sar": (other,), "dem": (other,)
    }  # fmt: skip


@pytest.mark.parametrize(
    ("scenes", "named", "text"),
    [
        ([], {"optical": ["a"]}, "input 'sar' has no file"),
        ([], {"optical": ["a"], "radar": ["b"]}, "the model has no input 'radar'"),
        (["c"], {"optical": ["a"], "sar": ["b"]}, "scene c is for no input"),
        ([], {"optical": [], "sar": ["b"]}, "input 'optical' has no file"),
    ],
)
def test_files_that_do_not_fit_the_inputs_are_refused(
    scenes: list[str], named: dict[str, list[str]], text: str
) -> None:
    inputs = inputs_of(dem={"edgers:optional": {"fill": 0}})
    given = {name: [Path(path) for path in paths] for name, paths in named.items()}
    with pytest.raises(SceneError, match=text):
        scene_paths(inputs, [Path(path) for path in scenes], given)
