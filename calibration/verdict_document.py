"""A verdict as JSON values, for the certificate, and back."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from edgers.calibration.metrics.registry import METRICS, Metric
from edgers.calibration.metrics.scores import ClassScore, Score, Told
from edgers.calibration.verdict import PartVerdict, Pooled, SceneVerdict, Verdict


def verdict_document(verdict: Verdict) -> dict[str, object]:
    """Write a verdict as JSON values; what follows from others stands there to be read."""
    metric = verdict.metric
    return {
        "metric": metric.name,
        "fp32": verdict.fp32,
        "candidate": verdict.candidate,
        "drop": verdict.drop,
        f"worst_{metric.part}": verdict.worst.name,
        "pooled": [_pooled_document(one) for one in verdict.pooled],
        "scenes": [_scene_document(one, metric) for one in verdict.scenes],
    }


def verdict_from_document(document: Any) -> Verdict:
    """Read a verdict; raises KeyError, TypeError or ValueError where the values are none."""
    metric = METRICS.get(document["metric"])
    if metric is None:
        raise ValueError(f"a metric of {document['metric']!r}")
    pooled = tuple(_pooled(one, metric) for one in document["pooled"])
    if not pooled or not all(one.parts for one in pooled):
        raise ValueError(f"a verdict without {metric.parts}")
    found = Verdict(
        pooled=pooled, scenes=tuple(_scene(one, metric) for one in document["scenes"])
    )  # fmt: skip
    for key in ("fp32", "candidate", "drop"):
        if abs(document[key] - getattr(found, key)) > 1e-9:
            raise ValueError(f"{key} {document[key]} does not follow from the {metric.parts}")
    return found


def _pooled_document(pooled: Pooled) -> dict[str, object]:
    told = [{"fp32": asdict(one), "candidate": asdict(other)} for one, other in pooled.told]
    return {
        **({"told": told} if told else {}),
        "truth": pooled.truth,
        "scenes": pooled.scenes,
        "fp32": pooled.fp32,
        "candidate": pooled.candidate,
        "drop": pooled.drop,
        pooled.metric.parts: [_part_document(one) for one in pooled.parts],
    }


def _part_document(one: PartVerdict) -> dict[str, object]:
    area = {"area_error_ha": one.area_error_ha} if isinstance(one.fp32, ClassScore) else {}
    return {
        "name": one.name,
        "drop": one.drop,
        **area,
        "fp32": _fields(one.fp32),
        "candidate": _fields(one.candidate),
    }


def _fields(score: Score) -> dict[str, object]:
    # A Score is a dataclass, which a Protocol has no way to say.
    found: dict[str, object] = asdict(score)  # type: ignore[call-overload]
    return found


def _scene_document(one: SceneVerdict, metric: Metric) -> dict[str, object]:
    fields = asdict(one)
    counted = fields.pop("counted")
    return {**fields, f"counted_{metric.counted}": counted, "drop": one.drop}


def _pooled(document: Any, metric: Metric) -> Pooled:
    if document["truth"] not in ("labels", "fp32"):
        raise ValueError(f"a truth of {document['truth']!r}")
    return Pooled(
        truth=document["truth"],
        scenes=int(document["scenes"]),
        parts=tuple(
            PartVerdict(
                metric=metric, fp32=metric.score(**one["fp32"]),
                candidate=metric.score(**one["candidate"]),
            )
            for one in document[metric.parts]
        ),
        told=tuple(
            (Told(**one["fp32"]), Told(**one["candidate"])) for one in document.get("told", ())
        ),
    )  # fmt: skip


def _scene(document: Mapping[str, Any], metric: Metric) -> SceneVerdict:
    fields = {key: value for key, value in document.items() if key != "drop"}
    return SceneVerdict(counted=fields.pop(f"counted_{metric.counted}"), **fields)
