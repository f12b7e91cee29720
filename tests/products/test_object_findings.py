"""What an alert tells of objects."""

import numpy as np
import pytest
from builders.features import NOWHERE, UTM, a_feature
from rasterio.warp import transform as warp_points

from edgers.products.feature import Feature
from edgers.products.object_findings import object_findings


def test_classes_are_counted_and_the_best_tells_place_and_confidence() -> None:
    scores = (0.5, 0.9, 0.7)
    features = [a_feature(i, class_name="ship", score=one) for i, one in enumerate(scores)]
    features.append(a_feature(3, class_name="plane", score=0.4))
    plane, ship = object_findings(iter(features), UTM)
    assert (plane.name, plane.objects, plane.confidence) == ("plane", 1, 0.4)
    assert (ship.name, ship.objects, ship.confidence) == ("ship", 3, 0.9)
    x, y = UTM.transform @ (70, 65)
    (lon,), (lat,) = warp_points(UTM.crs, "EPSG:4326", [x], [y])
    assert ship.lonlat == pytest.approx((lon, lat), abs=1e-9)


def test_of_equal_classes_and_scores_the_order_is_fixed() -> None:
    features = [a_feature(i, class_name=name) for i, name in enumerate("bcab")]
    assert [one.name for one in object_findings(features, UTM)] == ["a", "c", "b"]
    first = object_findings(features[:1], UTM)[0]
    assert object_findings([features[0], features[3]], UTM)[0].lonlat == first.lonlat


def test_what_is_not_known_is_none() -> None:
    broken = Feature(
        geometry=np.full((4, 2), np.nan), properties={"class_name": "x", "score": None}
    )  # fmt: skip
    for features, place in (([broken], UTM), ([a_feature(score=float("nan"))], NOWHERE)):
        (one,) = object_findings(features, place)
        assert one.lonlat is None
        assert one.confidence is None
        assert one.objects == 1
    assert object_findings([], UTM) == []
