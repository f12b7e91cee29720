"""Contracts for the two ml4floods networks, from the constants of the data folder's README."""

from typing import Any

MEAN_STDDEV = {
    "B1": (3787.0604973, 2634.44474043),
    "B2": (3758.07467509, 2794.09579088),
    "B3": (3238.08247208, 2549.4940614),
    "B4": (3418.90147615, 2811.78109878),
    "B5": (3450.23315812, 2776.93269704),
    "B6": (4030.94700446, 2632.13814197),
    "B7": (4164.17468251, 2657.43035126),
    "B8": (3981.96268494, 2500.47885249),
    "B8A": (4226.74862547, 2589.29159887),
    "B9": (1868.29658114, 1820.90184704),
    "B10": (399.3878948, 761.3640411),
    "B11": (2391.66101119, 1500.02533014),
    "B12": (1790.32497137, 1241.9817628),
}
"""Mean and standard deviation of each Sentinel-2 L1C band in DN, as the networks were trained."""

COMMON_NAMES = {
    "B1": "coastal",
    "B2": "blue",
    "B3": "green",
    "B4": "red",
    "B8": "nir",
    "B8A": "nir08",
    "B9": "nir09",
    "B10": "cirrus",
    "B11": "swir16",
    "B12": "swir22",
}


def ml4floods_contract(name: str) -> dict[str, Any]:
    """Give the contract of `simplecnn` or `linear` as a plain STAC MLM document."""
    return {
        "stac_extensions": ["https://stac-extensions.github.io/mlm/v1.6.0/schema.json"],
        "mlm:name": f"ml4floods {name}",
        "mlm:architecture": name,
        "mlm:tasks": ["semantic-segmentation"],
        "mlm:input": [
            {
                "name": "x",
                "bands": [
                    {"name": band, "unit": "DN", "data_type": "uint16"}
                    | ({"common_name": COMMON_NAMES[band]} if band in COMMON_NAMES else {})
                    for band in MEAN_STDDEV
                ],
                "input": {
                    "shape": [-1, 13, -1, -1],
                    "dim_order": ["batch", "channel", "height", "width"],
                    "data_type": "float32",
                },
                "value_scaling": [
                    {"type": "z-score", "mean": mean, "stddev": stddev}
                    for mean, stddev in MEAN_STDDEV.values()
                ],
                "edgers:gsd_m": 10,
            }
        ],
        "mlm:output": [
            {
                "name": "logits",
                "tasks": ["semantic-segmentation"],
                "result": {
                    "shape": [-1, 3, -1, -1],
                    "dim_order": ["batch", "class", "height", "width"],
                    "data_type": "float32",
                },
                "classification:classes": [
                    {"value": 0, "name": "land", "color_hint": "B5A886"},
                    {"value": 1, "name": "water", "color_hint": "2B6CB0"},
                    {"value": 2, "name": "cloud", "color_hint": "E2E8F0"},
                ],
            }
        ],
    }
