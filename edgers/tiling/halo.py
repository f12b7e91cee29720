"""The halo of a graph: how far a tile must look beyond what it contributes, and on which grid.

This is the record a bundle carries; `graph.py` derives it from the ONNX graph on the ground.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import cast

from edgers.errors import BundleError


@dataclass(frozen=True, slots=True, kw_only=True)
class AxisHalo:
    """Halo and grid of a graph along one axis (height or width)."""

    before_px: int
    """Input pixels needed before the first pixel of an aligned core."""
    after_px: int
    """Input pixels needed after the last pixel of an aligned core."""
    align_px: int
    """Tiles start on multiples of this, so that every inner grid falls where it would untiled."""
    stride: Fraction
    """Input pixels to one output pixel."""
    offset_px: Fraction
    """Centre of what output pixel 0 depends on, in input pixel indices (0 = centre of pixel 0)."""
    sizes: tuple[int | None, ...]
    """Output count minus n / stride, by n mod `align_px`; None where the graph refuses such an n.

    The first part is rounded down to whole steps of `align_px`, so entries are whole numbers."""
    fixed_px: int | None = None
    """The only input size the graph takes, or None for any."""

    def __post_init__(self) -> None:
        """Refuse what cannot be a halo."""
        if len(self.sizes) != self.align_px or self.stride <= 0:
            raise ValueError(f"{len(self.sizes)} sizes for a grid of {self.align_px} px")
        if min(self.before_px, self.after_px) < 0 or (self.align_px / self.stride) % 1:
            raise ValueError(f"a grid of {self.align_px} px is no whole number of {self.stride} px")

    def output_size(self, size_px: int) -> int | None:
        """Give the output count for an input count, or None where the graph refuses it."""
        steps, rest = divmod(size_px, self.align_px)
        extra = self.sizes[rest]
        return None if extra is None else int(steps * self.align_px / self.stride) + extra


@dataclass(frozen=True, slots=True, kw_only=True)
class Halo:
    """Halo of a graph on both axes, with the reason in words."""

    height: AxisHalo
    """Along rows."""
    width: AxisHalo
    """Along columns."""
    unbounded: str | None = None
    """The op without a bound, and why; None when the halo is exact."""
    caveats: tuple[str, ...] = ()
    """Ops that keep tiled and untiled from being equal to the last bit, though not to 1e-5."""

    @property
    def is_exact(self) -> bool:
        """Tell whether tiled equals untiled."""
        return self.unbounded is None

    def reason(self) -> str:
        """Say in one line what the halo is and why."""
        if self.unbounded:
            return f"unbounded: {self.unbounded}"
        both = "exact: tiled equals untiled" if not self.caveats else "exact to 1e-5"
        return "; ".join((both, *self.caveats))


def document_from_halo(halo: Halo) -> dict[str, object]:
    """Give the halo as JSON values."""
    return {
        "height": _document_from_axis(halo.height),
        "width": _document_from_axis(halo.width),
        "unbounded": halo.unbounded,
        "caveats": list(halo.caveats),
    }


def _document_from_axis(axis: AxisHalo) -> dict[str, object]:
    return {
        "before_px": axis.before_px,
        "after_px": axis.after_px,
        "align_px": axis.align_px,
        "stride": str(axis.stride),
        "offset_px": str(axis.offset_px),
        "sizes": list(axis.sizes),
        "fixed_px": axis.fixed_px,
    }


def halo_from_document(document: Mapping[str, object]) -> Halo:
    """Read the halo back; raises BundleError where it is not what `document_from_halo` writes."""
    try:
        axes = [
            _axis_from_document(cast(Mapping[str, object], document[k]))
            for k in ("height", "width")
        ]
        return Halo(
            height=axes[0],
            width=axes[1],
            unbounded=cast(str | None, document["unbounded"]),
            caveats=tuple(cast(list[str], document["caveats"])),
        )
    except (KeyError, TypeError, ValueError, ZeroDivisionError) as error:
        raise BundleError(
            "bundle has no usable halo record.", seen=f"{type(error).__name__}: {error}."
        ) from error


def _axis_from_document(document: Mapping[str, object]) -> AxisHalo:
    fixed = document["fixed_px"]
    sizes = cast(list[int | None], document["sizes"])
    return AxisHalo(
        before_px=int(cast(int, document["before_px"])),
        after_px=int(cast(int, document["after_px"])),
        align_px=int(cast(int, document["align_px"])),
        stride=Fraction(cast(str, document["stride"])),
        offset_px=Fraction(cast(str, document["offset_px"])),
        sizes=tuple(None if size is None else int(size) for size in sizes),
        fixed_px=None if fixed is None else int(cast(int, fixed)),
    )
