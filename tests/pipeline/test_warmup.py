"""What is run of a bundle before its first scene."""

from pathlib import Path
from typing import Any

import pytest
from builders.bundles import contract_document, make_bundle

from edgers.bundle import open_bundle
from edgers.contract import Band, ModelInput
from edgers.pipeline import warmup
from edgers.pipeline.preprocess import Preprocessor
from edgers.scene.raster import SceneWindow
from edgers.tasks.segmentation import SegmentationDecoder


def test_a_bundle_preprocesses_and_decodes_as_its_runs_will(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, decoded = [], []
    tensor, classes = Preprocessor.tensor, SegmentationDecoder.settle

    def seen_tensor(self: Preprocessor, window: SceneWindow, shape: tuple[int, int]) -> Any:
        found = tensor(self, window, shape)
        made.append((window.samples.dtype.name, found.shape, found.dtype.name))
        return found

    def seen_classes(self: SegmentationDecoder, scores: Any) -> Any:
        found = classes(self, scores)
        decoded.append((scores.dtype.name, len(scores), found.probabilities is not None))
        return found

    monkeypatch.setattr(Preprocessor, "tensor", seen_tensor)
    monkeypatch.setattr(SegmentationDecoder, "settle", seen_classes)
    warmup.warm_up_bundle(open_bundle(make_bundle(tmp_path, contract_document())))
    assert made == [
        (kind, (1, 3, side, side), "float32")
        for kind in ("uint8", "int16", "uint16", "float32") for side in (1, 2)
    ]  # fmt: skip
    assert decoded == [("float32", 3, False), ("float32", 3, True)]


def test_a_series_of_any_number_of_dates_is_preprocessed(monkeypatch: pytest.MonkeyPatch) -> None:
    made, tensor = [], Preprocessor.tensor

    def seen(self: Preprocessor, window: SceneWindow, shape: tuple[int, int]) -> Any:
        made.append(tensor(self, window, shape).shape)

    monkeypatch.setattr(Preprocessor, "tensor", seen)
    series = ModelInput(
        name="x", bands=(Band(name="B02"), Band(name="B03")), shape=(1, -1, 2, -1, -1),
        dim_order=("batch", "time", "channel", "height", "width"), data_type="float32",
    )  # fmt: skip
    warmup.warm_up_input(series, warmup.SAMPLE_TYPES)
    assert set(made) == {(1, 1, 2, 1, 1), (1, 1, 2, 2, 2)}
