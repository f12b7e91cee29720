"""The forms of a graph in a build kit, and which of them a TensorRT is fed with, in which order."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from edgers.build_kit import Attempt, KitBand
from edgers.bundle import GOLDEN_OUTPUT
from edgers.calibration.legality import Band, TypingMode, require_legal
from edgers.errors import GraphError

FP32, FP16, INT8, INT8_HALF = "fp32", "fp16", "int8-s8s8", "int8-s8s8-fp16"
"""Names of the forms: FP32; FP16; INT8 with scales in FP32; INT8 with all else in FP16."""

PRECISIONS = {FP32: "fp32", FP16: "fp16", INT8: "int8", INT8_HALF: "int8"}
"""What a form is computed in."""

Scales = Literal["fp32", "fp16", ""]

SCALES: Mapping[str, Scales] = {FP32: "", FP16: "", INT8: "fp32", INT8_HALF: "fp16"}
"""Type of the scales of a form."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """A form of a graph."""

    name: str
    """One of the names above."""
    graph: bytes
    """Serialized ONNX graph."""
    answer: bytes
    """What it gives for the golden tile, as a bundle entry."""

    @property
    def entry(self) -> str:
        """Give the entry of the graph."""
        return f"graph/{self.name}.onnx"

    @property
    def golden(self) -> str:
        """Give the entry of what it gives for the golden tile."""
        return GOLDEN_OUTPUT if self.name == FP32 else f"golden/output-{self.name}.npy"


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """A way to build that a band offers."""

    form: str
    """Form it is fed with."""
    precision: str
    """What the plan computes in."""
    typing: Literal["weak", "strong"]
    """Who decides types."""
    flags: tuple[str, ...] = ()
    """Flags of the builder."""


_FP32 = Way(form=FP32, precision="fp32", typing="weak")
_INT8 = Way(form=INT8, precision="int8", typing="weak", flags=("INT8", "FP16"))
_HALF = Way(form=FP16, precision="fp16", typing="strong")
_INT8_HALF = Way(form=INT8_HALF, precision="int8", typing="strong")
_WEAK_HALF = Way(form=FP32, precision="fp16", typing="weak", flags=("FP16",))

WAYS: Mapping[TypingMode, tuple[Way, ...]] = {
    TypingMode.WEAK: (_INT8, _WEAK_HALF, _FP32),
    # 10.16.2 failed on Orin with scales in FP16 (NVIDIA/TensorRT issue 4832): those come second.
    TypingMode.EITHER: (_INT8, _INT8_HALF, _HALF, _FP32),
    # With scales in FP32 all that is not quantized is computed in FP32: slower, so second.
    TypingMode.STRONG: (
        _INT8_HALF,
        Way(form=INT8, precision="int8", typing="strong"),
        _HALF,
        Way(form=FP32, precision="fp32", typing="strong"),
    ),
}
"""Ways to build by how a band types networks, the best first."""

DLA_WAYS: Mapping[TypingMode, tuple[Way, ...]] = {
    TypingMode.WEAK: (_WEAK_HALF, _FP32),
    # That 10 takes strongly typed networks for a DLA was not found stated.
    TypingMode.EITHER: (_WEAK_HALF, _HALF, _FP32),
    TypingMode.STRONG: WAYS[TypingMode.STRONG][2:],
}
"""Ways to build for a DLA: FP16. INT8 there takes a calibration table before 11."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What a kit may be made of."""

    forms: Mapping[str, Form]
    """Forms that pass, by name; FP32 always is among them."""
    precisions: Collection[str]
    """Precisions that may ship; FP32 may, as the last resort."""
    weak_half: str = ""
    """Why the builder may not choose FP16 where it decides types; empty where it may."""
    weak_int8_half: str = ""
    """Why it may not choose FP16 for what is not quantized; empty where it may."""
    dla: bool = False
    """Whether it is for a DLA."""


def kit_bands(bands: Sequence[Band], offer: Offer) -> tuple[tuple[KitBand, ...], dict[str, str]]:
    """Say what each band is fed with, and why other ways are left out.

    Raises GraphError where no band takes any form.
    """
    found, left_out = [], dict[str, str]()
    for band in bands:
        attempts = []
        for way in _ways(band, offer):
            form = offer.forms[way.form]
            why = _objection(band, way, form, offer)
            if why:
                left_out[f"TensorRT {band.name} {way.precision} ({form.name})"] = why
                continue
            attempts.append(
                Attempt(
                    precision=way.precision, scales=SCALES[way.form], graph=form.entry,
                    golden=form.golden, typing=way.typing, flags=_flags(way, offer),
                )
            )  # fmt: skip
        if attempts:
            found.append(
                KitBand(
                    name=band.name, first=band.first, last=band.last, attempts=tuple(attempts)
                )
            )  # fmt: skip
    if not found:
        raise GraphError(
            "no TensorRT of this target takes the graph.",
            seen="\n".join(f"{name}: {why}" for name, why in left_out.items()),
            rule="Every form is held against the rules of each version ('docs/legality.md').",
        )
    return tuple(found), left_out


def _ways(band: Band, offer: Offer) -> list[Way]:
    """Give the ways of a band for which there is a form that may ship."""
    ways = (DLA_WAYS if offer.dla else WAYS)[band.typing]
    allowed = {"fp32", *offer.precisions}
    return [way for way in ways if way.precision in allowed and way.form in offer.forms]


def _objection(band: Band, way: Way, form: Form, offer: Offer) -> str:
    """Say why a band is not built this way; empty where it is."""
    if way.form == FP32 and way.precision == "fp16" and offer.weak_half:
        return offer.weak_half
    try:
        require_legal(form.graph, (band,), f"form {form.name}")
    except GraphError as error:
        return " ".join(part for part in (error.seen, error.fix) if part).replace("\n", " ")
    return ""


def _flags(way: Way, offer: Offer) -> tuple[str, ...]:
    """Leave what is not quantized to FP16 only where FP16 holds it."""
    if way.precision == "int8" and offer.weak_int8_half:
        return tuple(flag for flag in way.flags if flag != "FP16")
    return way.flags
