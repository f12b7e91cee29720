"""Names of bands that their file does not name: from the file's own name."""

import re
from dataclasses import replace
from pathlib import Path

from edgers.scene.bands import SceneBand

IN_S1_NAME = re.compile(r"^s1[a-d]-\w+-\w+-(vv|vh|hh|hv)-", re.I)
"""Polarization in the name of a Sentinel-1 measurement, as `s1a-iw-grd-vv-…` (S1 Product
Specification)."""

AT_THE_END = re.compile(
    r"[_\-. ](SCL|AOT|WVP|CLD|QA_PIXEL|QA_RADSAT|QA_AEROSOL|BQA|Fmask|"
    r"coastal|blue|green|red|rededge\d*|nir|nir08|nir09|cirrus|swir16|swir22|lwir11|lwir12)"
    r"(?:_\d+m)?$",
    re.I,
)
"""Layers of Sentinel-2, Landsat and HLS that are no spectral band, and STAC common names."""


def named_after_file(bands: tuple[SceneBand, ...], path: Path) -> tuple[SceneBand, ...]:
    """Name the only band of a file after it: by a known part of its name, else by all of it."""
    if len(bands) != 1 or bands[0].name:
        return bands
    match = IN_S1_NAME.search(path.stem) or AT_THE_END.search(path.stem)
    return (replace(bands[0], name=match.group(1) if match else path.stem),)
