"""A verdict as JSON values, for the certificate, and back."""

from dataclasses import asdict
from typing import Any

from edgers.calibration.metrics.registry import METRICS, Metric
from edgers.calibration.metrics.segmentation import ClassScore
from edgers.calibration.verdict import ClassVerdict, Pooled, SceneVerdict, Verdict


def verdict_document(verdict: Verdict) -> dict[str, object]:
    """Write a verdict as JSON values; what follows from others stands there to be read."""
    return {
        "metric": verdict.metric.name,
        "fp32": verdict.fp32,
        "candidate": verdict.candidate,
        "drop": verdict.drop,
        "worst_class": verdict.worst.name,
        "pooled": [_pooled_document(one) for one in verdict.pooled],
        "scenes": [{**asdict(one), "drop": one.drop} for one in verdict.scenes],
    }


def verdict_from_document(document: Any) -> Verdict:
    """Read a verdict; raises KeyError, TypeError or ValueError where the values are none."""
    found = Verdict(
        metric=_metric(document["metric"]),
        pooled=tuple(_pooled(one) for one in document["pooled"]),
        scenes=tuple(
            SceneVerdict(**{key: value for key, value in one.items() if key != "drop"})
            for one in document["scenes"]
        ),
    )
    if not found.pooled or not all(one.classes for one in found.pooled):
        raise ValueError("a verdict without classes")
    for key in ("fp32", "candidate", "drop"):
        if abs(document[key] - getattr(found, key)) > 1e-9:
            raise ValueError(f"{key} {document[key]} does not follow from the classes")
    return found


def _pooled_document(pooled: Pooled) -> dict[str, object]:
    return {
        "truth": pooled.truth,
        "scenes": pooled.scenes,
        "fp32": pooled.fp32,
        "candidate": pooled.candidate,
        "drop": pooled.drop,
        "classes": [
            {
                "name": one.name,
                "drop": one.drop,
                "area_error_ha": one.area_error_ha,
                "fp32": asdict(one.fp32),
                "candidate": asdict(one.candidate),
            }
            for one in pooled.classes
        ],
    }


def _pooled(document: Any) -> Pooled:
    if document["truth"] not in ("labels", "fp32"):
        raise ValueError(f"a truth of {document['truth']!r}")
    return Pooled(
        truth=document["truth"],
        scenes=int(document["scenes"]),
        classes=tuple(
            ClassVerdict(fp32=ClassScore(**one["fp32"]), candidate=ClassScore(**one["candidate"]))
            for one in document["classes"]
        ),
    )


def _metric(name: Any) -> Metric:
    found = next((metric for metric in METRICS.values() if metric.name == name), None)
    if found is None:
        raise ValueError(f"a metric of {name!r}")
    return found
