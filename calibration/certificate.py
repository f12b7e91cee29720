"""The certificate: what the shipped precision costs on scenes, and how that was found out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from edgers.calibration.ranges import SampledScene
from edgers.calibration.verdict import Verdict
from edgers.calibration.verdict_document import verdict_document, verdict_from_document
from edgers.calibration.verdict_lines import drop_text, verdict_lines

if TYPE_CHECKING:
    # These measure, and need packages that are not on every board.
    from edgers.calibration.search import SearchResult
    from edgers.calibration.sensitivity import Sensitivity

FORMAT = 1
"""Version of the document."""

NAMED = 5
"""Layers and scenes named in a line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantized:
    """How a graph came to INT8."""

    scenes: tuple[SampledScene, ...]
    """What its ranges were measured on."""
    tile_px: tuple[int, int]
    """Height and width of the tiles."""
    seed: int
    """What tiles were drawn with."""
    variants: Sequence[Mapping[str, object]]
    """Ways to quantize that were tried, each with what it costs."""
    precisions: Mapping[str, str]
    """Precision of each layer with weights, in the order of the graph."""
    sensitivity: "Sensitivity | None" = None
    """What each layer loses alone, where that was measured."""
    search: "SearchResult | None" = None
    """How layers to keep in higher precision were found, where some had to be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """What is known of the accuracy of what ships."""

    engine: str
    """Runtime it was judged on, with its version."""
    precision: str
    """Precision that ships."""
    max_drop: float
    """What it was allowed to lose."""
    verdict: Verdict
    """What it loses."""
    machine: Mapping[str, str]
    """Where that was measured."""
    labels: Mapping[str, str] = field(default_factory=dict)
    """File of the labels by scene."""
    quantized: Quantized | None = None
    """How it was quantized; None for a precision that needs no calibration."""
    form: str = ""
    """Which form of the graph it is of, where a bundle has several; else empty."""
    device: str = ""
    """What is known from the device itself, where it was judged elsewhere; else empty."""

    @property
    def seen_before(self) -> tuple[str, ...]:
        """Scenes it was judged on that it was also calibrated on."""
        known = {one.sha256 for one in self.quantized.scenes} if self.quantized else set()
        return tuple(one.scene for one in self.verdict.scenes if one.sha256 in known)


def certificate_document(certificate: Certificate) -> dict[str, object]:
    """Write a certificate as JSON values; times are left out, so that it can be made again."""
    found: dict[str, object] = {
        "format": FORMAT,
        "engine": certificate.engine,
        "precision": certificate.precision,
        "max_drop": certificate.max_drop,
        "verdict": verdict_document(certificate.verdict),
        "judged_on_calibration_scenes": list(certificate.seen_before),
        "labels": dict(certificate.labels),
        "measured_on": dict(certificate.machine),
    }
    if certificate.form:
        found["form"] = certificate.form
    if certificate.device:
        found["on_the_device"] = certificate.device
    if certificate.quantized is not None:
        found["quantized"] = _quantized_document(certificate.quantized)
    return found


def _quantized_document(one: Quantized) -> dict[str, object]:
    found: dict[str, object] = {
        "scenes": [{"name": s.name, "sha256": s.sha256, "tiles": s.tiles} for s in one.scenes],
        "tile_px": list(one.tile_px),
        "seed": one.seed,
        "variants": [dict(variant) for variant in one.variants],
        # A list: the order of the graph says which layer comes first.
        "layers": [{"name": name, "precision": word} for name, word in one.precisions.items()],
    }
    if one.sensitivity is not None:
        found["sensitivity"] = {
            "tiles": one.sensitivity.tiles,
            "not_measured": list(one.sensitivity.unmeasured),
            "layers": [
                {
                    "name": effect.layer,
                    "own_sqnr_db": round(effect.own_sqnr_db, 2),
                    "output_sqnr_db": round(effect.output_sqnr_db, 2),
                    "changed_share": round(effect.changed_share, 6),
                }
                for effect in one.sensitivity.measured
            ],
        }
    if one.search is not None:
        found["search"] = {
            "out_of_time": one.search.is_out_of_time,
            "attempts": [
                {"kept": list(a.kept), "drop": a.verdict.drop, "passes": a.passes}
                for a in one.search.attempts
            ],
        }
    return found


def certificate_lines(document: Any) -> list[tuple[str, str]]:
    """Tell a certificate as people read it; raises KeyError, TypeError or ValueError for others."""
    verdict = verdict_from_document(document["verdict"])
    form = f" ({document['form']})" if "form" in document else ""
    lines = [
        ("certificate", f"{document['precision']}{form} on {document['engine']} · "
         f"{document['max_drop']:g} may be lost"),
        *verdict_lines(verdict),
    ]  # fmt: skip
    if seen := document["judged_on_calibration_scenes"]:
        lines.append(
            ("warning", f"judged on scenes it was calibrated on: {_some(seen)}; "
             "others may come out worse")
        )  # fmt: skip
    if quantized := document.get("quantized"):
        lines += _quantized_lines(quantized)
    where = document["measured_on"]
    lines.append(("judged on", f"{where['processor']} ({where['machine']}, {where['system']})"))
    if "on_the_device" in document:
        lines.append(("on device", document["on_the_device"]))
    return lines


def _quantized_lines(document: Any) -> list[tuple[str, str]]:
    scenes, (height_px, width_px) = document["scenes"], document["tile_px"]
    tiles = sum(one["tiles"] for one in scenes)
    chosen = next(one for one in document["variants"] if one["chosen"])
    extras = [word for word in ("equalised", "bias_corrected") if chosen[word]]
    words = [f"ranges by {chosen['method']}", *(word.replace("_", " ") for word in extras)]
    lines = [
        ("calibrated", f"{tiles} tiles of {width_px} × {height_px} px of "
         f"{_some([one['name'] for one in scenes])} · seed {document['seed']}"),
        ("quantized", " · ".join(words)),
        ("layers", _layers_text(document["layers"])),
    ]  # fmt: skip
    for attempt in document.get("search", {}).get("attempts", ()):
        kept = f"{len(attempt['kept'])} layers kept in higher precision"
        passes = "passes" if attempt["passes"] else "does not pass"
        lines.append(("tried", f"{kept}: {drop_text(attempt['drop'])}, {passes}"))
    return lines


def _layers_text(layers: Sequence[Mapping[str, str]]) -> str:
    higher = [f"{one['name']} {one['precision']}" for one in layers if one["precision"] != "int8"]
    text = f"{len(layers) - len(higher)} of {len(layers)} in int8"
    return f"{text} · {_some(higher)}" if higher else text


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more
