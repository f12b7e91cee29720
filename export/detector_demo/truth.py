"""The truth of a scene as a file of polygons, in longitude and latitude."""

import json
import os

from affine import Affine
from rasterio.warp import transform as between

from edgers.export.detector_demo.scene import CRS, GSD_M, ORIGIN_M, ObjectScene
from edgers.export.detector_demo.stage import CLASS_NAMES
from edgers.kernels.boxes import corners_from_boxes


def write_truth(path: str | os.PathLike[str], scene: ObjectScene) -> None:
    """Write the objects of a scene as GeoJSON, one polygon each with its `class_name`."""
    east, north = ORIGIN_M
    grid = Affine(GSD_M, 0, east, 0, -GSD_M, north)
    features = []
    for corners, kind in zip(corners_from_boxes(scene.boxes), scene.kinds, strict=True):
        x, y = zip(*(grid @ (float(column), float(row)) for column, row in corners), strict=True)
        longitudes, latitudes = between(CRS, "EPSG:4326", x, y)
        # Clockwise on the image is clockwise on the map: turned, as RFC 7946 wants it.
        ring = [list(pair) for pair in zip(longitudes, latitudes, strict=True)][::-1]
        features.append(
            {
                "type": "Feature",
                "properties": {"class_name": CLASS_NAMES[kind]},
                "geometry": {"type": "Polygon", "coordinates": [[*ring, ring[0]]]},
            }
        )
    with open(path, "w", encoding="utf-8") as file:
        json.dump({"type": "FeatureCollection", "features": features}, file)
