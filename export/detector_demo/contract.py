"""The contract of the detector: what it needs, and what its numbers mean.

Of a cell of 4 x 4 pixels `scores` says how sure it is of each class, before the sigmoid, and
`boxes`: where in the cell the middle of the object is, right and down, in cells; the logarithms of
length and width in cells; and cosine and sine of twice the angle.
"""

from typing import Any

from edgers.export.detector_demo.palette import BANDS, MEAN_DN, STDDEV_DN
from edgers.export.detector_demo.plan import HEADS, STRIDE_PX
from edgers.export.detector_demo.scene import GSD_M
from edgers.export.detector_demo.stage import CLASS_NAMES

COLOURS = ("2B6CB0", "B83280", "D69E2E")
"""Colour of each class."""

TILE_PX = 1024
"""Side of a tile: the network looks 155 px around a pixel, and smaller ones are mostly rim."""

SCORE_THRESHOLD = 0.15
"""Least score of an object: low, as average precision needs the doubtful ones too."""

MOST = 10_000
"""Most objects of a tile: a car park has hundreds, and a scene in one tile must not lose any."""


def detector_contract() -> dict[str, Any]:
    """Give the contract as a STAC MLM document."""
    axes = ["batch", "channel", "height", "width"]
    return {
        "stac_extensions": ["https://stac-extensions.github.io/mlm/v1.6.0/schema.json"],
        "mlm:name": "rendered objects",
        "mlm:architecture": "centre points on one grid",
        "mlm:tasks": ["object-detection"],
        "mlm:input": [
            {
                "name": "x",
                "bands": [
                    {
                        "name": name, "common_name": common, "center_wavelength": wavelength,
                        "data_type": "uint16",
                    }
                    for name, common, wavelength in BANDS
                ],
                "input": {
                    "shape": [-1, len(BANDS), -1, -1], "dim_order": axes, "data_type": "float32",
                },
                "value_scaling": [
                    {"type": "z-score", "mean": mean, "stddev": stddev}
                    for mean, stddev in zip(MEAN_DN, STDDEV_DN, strict=True)
                ],
                "edgers:nodata": {"pixel": "any", "fill": "mean"},
                "edgers:gsd_m": GSD_M,
                "edgers:tile_px": TILE_PX,
            }
        ],
        "mlm:output": [
            {
                "name": "boxes",
                "tasks": ["object-detection"],
                "result": {
                    "shape": [-1, dict(HEADS)["boxes"], -1, -1], "dim_order": axes,
                    "data_type": "float32",
                },
                "classification:classes": [
                    {"value": value, "name": name, "color_hint": colour}
                    for value, (name, colour) in enumerate(zip(CLASS_NAMES, COLOURS, strict=True))
                ],
                "edgers:boxes": {
                    "format": "cxcywh", "columns": ["box", "direction"],
                    "tensors": {"scores": "scores"}, "activation": "sigmoid",
                    "offsets": "exp", "levels": [{"stride": STRIDE_PX}],
                    "score_threshold": SCORE_THRESHOLD, "iou_threshold": 0.3,
                    "most": MOST,
                },
            },
            {
                "name": "scores",
                "tasks": ["object-detection"],
                "result": {
                    "shape": [-1, len(CLASS_NAMES), -1, -1], "dim_order": axes,
                    "data_type": "float32",
                },
            },
        ],
    }  # fmt: skip
