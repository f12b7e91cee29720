"""What a build kit holds, line by line."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

from edgers.build_kit import Attempt, BuildKit, KitBand
from edgers.bundle import Bundle
from edgers.calibration.verdict_document import verdict_from_document
from edgers.calibration.verdict_lines import verdict_text

KIT_KEYS = ("graph", "legality", "on_the_device")
"""What of a bundle's measurements these lines tell."""


def kit_lines(bundle: Bundle, title: str = "") -> list[tuple[str, str]]:
    """Tell what each TensorRT is fed with, the forms of the graph and the kernels.

    `title` names the target for people. Empty for a bundle that has no kit.
    """
    kit = bundle.kit
    if kit is None:
        return []
    sides, cc = kit.sides, ".".join(map(str, kit.cc))
    lines = [
        ("for", f"{title or bundle.target} · compute capability {cc}"
         + (" · DLA" if kit.dla else "")),
        ("tiles", f"{sides.least_px} to {sides.most_px} px a side, {sides.usual_px} px as a rule"),
    ]  # fmt: skip
    if "graph" in bundle.measured:
        lines.append(("graph", str(bundle.measured["graph"])))
    lines += _labelled("TensorRT", _columns([_band_row(band) for band in kit.bands]))
    lines += _labelled("form", _columns(list(_form_rows(bundle, kit))))
    lines += _labelled("remark", _remarks(bundle))
    lines += _labelled("kernels", _kernel_texts(bundle, kit))
    if "on_the_device" in bundle.measured and kit.plan is None:
        lines.append(
            ("on device", f"{bundle.measured['on_the_device']}: neither speed nor answers")
        )
    return lines


def _labelled(label: str, texts: Iterable[str]) -> list[tuple[str, str]]:
    """Put a label before the first of some lines."""
    return [(label if i == 0 else "", text) for i, text in enumerate(texts)]


def _columns(rows: Sequence[Sequence[str]]) -> list[str]:
    """Set rows of words in columns; the last one is as wide as it is."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]


def _band_row(band: KitBand) -> tuple[str, str]:
    return band.name, " → ".join(_attempt_text(one) for one in band.attempts)


def _attempt_text(attempt: Attempt) -> str:
    """Name an attempt: precision, scales, and who decides types."""
    words = [f"{attempt.scales} scales"] if attempt.scales else []
    words.append("strongly typed" if attempt.typing == "strong" else " + ".join(attempt.flags))
    text = ", ".join(word for word in words if word)
    return f"{attempt.precision} ({text})" if text else attempt.precision


def _form_rows(bundle: Bundle, kit: BuildKit) -> Iterable[tuple[str, str, str, str]]:
    """Give for each form its size, the bands that are fed with it, and what it loses."""
    certificates = cast(list[Mapping[str, Any]], bundle.measured.get("certificates", []))
    lost = {
        one["form"]: verdict_text(verdict_from_document(one["verdict"])) for one in certificates
    }
    for entry in sorted(name for name in bundle.entries if name.startswith("graph/")):
        name = entry.removeprefix("graph/").removesuffix(".onnx")
        fed = [
            band.name for band in kit.bands if any(one.graph == entry for one in band.attempts)
        ]  # fmt: skip
        size = f"{len(bundle.entries[entry]) / 1e6:.2f} MB"
        yield name, size, f"for {', '.join(fed)}" if fed else "stands in", lost.get(name, "")


def _remarks(bundle: Bundle) -> list[str]:
    """Give what is worth knowing of a form though it is legal."""
    legality = cast(Mapping[str, Mapping[str, Any]], bundle.measured.get("legality", {}))
    found: dict[str, list[str]] = {}
    for form, bands in legality.items():
        for band, verdict in bands.items():
            for remark in verdict["remarks"] if verdict["legal"] else ():
                found.setdefault(f"{form}: {remark}", []).append(band)
    return [f"{text} ({', '.join(bands)})" for text, bands in found.items()]


def _kernel_texts(bundle: Bundle, kit: BuildKit) -> list[str]:
    """Count the kernels by form and CUDA version."""
    found: dict[tuple[str, tuple[int, int]], list[str]] = {}
    for one in kit.kernels:
        found.setdefault((one.kind, one.since_cuda), []).append(one.entry)
    texts = []
    for (kind, since), entries in found.items():
        size = sum(len(bundle.entries[entry]) for entry in entries) / 1e3
        word = "machine code" if kind == "cubin" else "PTX, which the driver assembles"
        texts.append(
            f"{len(entries)} as {word} · {size:.0f} kB · from CUDA {since[0]}.{since[1]} on"
        )
    return texts or ["none: inputs are prepared on the CPU"]
