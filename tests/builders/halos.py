"""Random halos of one axis, of every kind a graph has, and grids made of them."""

from dataclasses import replace
from fractions import Fraction
from typing import NamedTuple

from hypothesis import assume
from hypothesis import strategies as st

from edgers.contract.model import Blend
from edgers.errors import TilingError
from edgers.tiling.axis_tiles import smallest_tile_px
from edgers.tiling.grid import Grid, Order, plan_grid
from edgers.tiling.halo import AxisHalo, Halo

MIXED: tuple[Blend, ...] = ("hann", "linear", "average")
"""Rules that mix tiles."""

ORDERS: tuple[Order, ...] = ("rows", "columns")


def same_halo(reach_px: int = 0, align_px: int = 1, *, strict: bool = False) -> AxisHalo:
    """Give the halo of a graph whose output has the size of its input."""
    rest = [None if strict else r for r in range(1, align_px)]
    return AxisHalo(
        before_px=reach_px, after_px=reach_px, align_px=align_px, stride=Fraction(1),
        offset_px=Fraction(0), sizes=(0, *rest),
    )  # fmt: skip


def coarse_halo(reach_px: int, stride: int, *, strict: bool = False) -> AxisHalo:
    """Give the halo of a graph with one output pixel for `stride` input pixels, rounded up."""
    rest = [None if strict else 1] * (stride - 1)
    return AxisHalo(
        before_px=reach_px, after_px=reach_px, align_px=stride, stride=Fraction(stride),
        offset_px=Fraction(0), sizes=(0, *rest),
    )  # fmt: skip


def fine_halo(reach_px: int) -> AxisHalo:
    """Give the halo of a graph with two output pixels for one input pixel."""
    return AxisHalo(
        before_px=reach_px, after_px=reach_px, align_px=1, stride=Fraction(1, 2),
        offset_px=Fraction(-1, 4), sizes=(0,),
    )  # fmt: skip


def valid_halo(kernel: int, stride: int = 1) -> AxisHalo:
    """Give the halo of a convolution without padding."""
    sizes = tuple((rest - kernel) // stride + 1 for rest in range(stride))
    return AxisHalo(
        before_px=0, after_px=max(0, kernel - stride), align_px=stride, stride=Fraction(stride),
        offset_px=Fraction(kernel - 1, 2), sizes=sizes,
    )  # fmt: skip


def with_overlap(halo: AxisHalo, overlap_px: int) -> AxisHalo:
    """Give a halo that reaches at least `overlap_px`."""
    before, after = max(halo.before_px, overlap_px), max(halo.after_px, overlap_px)
    return replace(halo, before_px=before, after_px=after)


@st.composite
def axis_halos(draw: st.DrawFn, most_overlap_px: int = 60) -> AxisHalo:
    """Draw a halo: odd and strict sizes, coarse, fine, valid or fixed; overlap from none on."""
    kind = draw(st.sampled_from(["same", "coarse", "fine", "valid", "valid strided", "fixed"]))
    reach, align = draw(st.integers(0, 12)), draw(st.sampled_from([1, 2, 4, 8]))
    if kind == "same":
        halo = same_halo(reach, align, strict=draw(st.booleans()))
    elif kind == "coarse":
        halo = coarse_halo(reach, align, strict=draw(st.booleans()))
    elif kind == "fine":
        halo = fine_halo(reach)
    elif kind == "fixed":
        halo = same_halo(0, align, strict=True)
    else:
        stride = draw(st.integers(2, 4)) if "strided" in kind else 1
        halo = valid_halo(draw(st.integers(stride, 7)), stride)
    halo = with_overlap(halo, draw(st.one_of(st.just(0), st.integers(0, most_overlap_px))))
    if kind == "fixed":
        more = draw(st.integers(0, 8))
        halo = replace(halo, fixed_px=_fixed_px(halo) + more * align)
    return halo


class Drawn(NamedTuple):
    """A grid and the halo it was made with; told in short when a test fails."""

    grid: Grid
    halo: Halo

    def __repr__(self) -> str:
        rows, columns, weights = self.grid.rows, self.grid.columns, self.grid.weights
        rule = weights.rule if weights else "trim"
        return (
            f"{rows.size_px} × {columns.size_px} px, {len(rows.tiles)} × {len(columns.tiles)} "
            f"tiles of {self.grid.tile_px} px, {rule}, by {self.grid.order}, {self.halo}"
        )


@st.composite
def grids(
    draw: st.DrawFn, rules: tuple[Blend, ...], most_px: int = 200, most_overlap_px: int = 60
) -> Drawn:
    """Draw a grid with its halo; scenes may be smaller than tiles, tiles barely large enough."""
    halo = Halo(
        height=draw(axis_halos(most_overlap_px)), width=draw(axis_halos(most_overlap_px))
    )  # fmt: skip
    least_px = max(smallest_tile_px(halo.height), smallest_tile_px(halo.width))
    tile_px = least_px + draw(st.one_of(st.just(0), st.integers(0, 100)))
    height, width = (draw(st.integers(1, most_px)) for _ in range(2))
    try:
        grid = plan_grid(
            height, width, tile_px, halo,
            blend=draw(st.sampled_from(rules)), order=draw(st.sampled_from(ORDERS)),
        )  # fmt: skip
    except TilingError as error:
        # A graph without padding has nothing to say of a scene smaller than its kernel.
        assume("too small for this graph" not in error.what)
        assume("gives no output" not in error.what)
        raise
    return Drawn(grid, halo)


def _fixed_px(halo: AxisHalo) -> int:
    """Give the least size at which a graph of one size contributes something of any scene.

    One step of its grid is for the pixels that the end of the scene is mirrored from.
    """
    before = -(-halo.before_px // halo.align_px) * halo.align_px
    after = -(-halo.after_px // halo.align_px) * halo.align_px
    return before + 2 * halo.align_px + after
