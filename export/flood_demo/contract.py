"""The contract of the flood network: which bands it needs, how they are scaled, what it gives."""

from edgers.export.flood_demo.bands import BANDS

CLASSES = ((0, "land", "B5A886"), (1, "water", "2B6CB0"), (2, "cloud", "E2E8F0"))
"""Value in the truth and in the class map, name, colour."""


def flood_contract() -> dict[str, object]:
    """Give the contract as a STAC MLM document."""
    axes = ["batch", "channel", "height", "width"]
    return {
        "stac_extensions": ["https://stac-extensions.github.io/mlm/v1.6.0/schema.json"],
        "mlm:name": "synthetic flood",
        "mlm:architecture": "U-Net",
        "mlm:tasks": ["semantic-segmentation"],
        "mlm:input": [
            {
                "name": "x",
                "bands": [
                    {
                        "name": band.name,
                        "common_name": band.common_name,
                        "center_wavelength": band.center_wavelength_um,
                        "data_type": "uint16",
                    }
                    for band in BANDS
                ],
                "input": {
                    "shape": [-1, len(BANDS), -1, -1],
                    "dim_order": axes,
                    "data_type": "float32",
                },
                "value_scaling": [
                    {"type": "z-score", "mean": band.mean, "stddev": band.stddev} for band in BANDS
                ],
                "edgers:nodata": {"pixel": "any", "fill": "mean"},
                "edgers:gsd_m": 10,
            }
        ],
        "mlm:output": [
            {
                "name": "logits",
                "tasks": ["semantic-segmentation"],
                "result": {
                    "shape": [-1, len(CLASSES), -1, -1],
                    "dim_order": ["batch", "class", "height", "width"],
                    "data_type": "float32",
                },
                "classification:classes": [
                    {"value": value, "name": name, "color_hint": colour}
                    for value, name, colour in CLASSES
                ],
            }
        ],
    }
