"""Derivation of the halo from an ONNX graph.

All image inputs lie on one pixel grid; the halo is what any of them needs. Forward through the
graph: how coarse each tensor's grid is, and which sizes the graph takes. Backward from the output:
which span of every tensor a span of output pixels needs. The spans are whole numbers, so the halo
is not an estimate: it is the smallest that makes a tile equal to the same part of the untiled run,
for tiles that start on the grid.
"""

import math
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING

from edgers.contract.model import ModelInput
from edgers.errors import GraphError
from edgers.tiling.graph_walk import Walk, walk_graph
from edgers.tiling.halo import AxisHalo, Halo
from edgers.tiling.op_node import Axes
from edgers.tiling.probe import Probe, probe_graph

if TYPE_CHECKING:
    import onnx

PROBE_SIZES_PX = ((64, 96), (128, 192), (224, 224), (256, 256), (512, 512), (240, 360))
"""Sizes tried in turn: multiples of 32 for deep encoders, small because every tensor is kept and
attention over pixels grows with the square; then sizes common in fixed networks."""

PROBE_DATES = 2
"""Dates of a series that takes any number: more than one, so that the axis is not lost."""

Sizes = tuple[int | None, int | None]


def halo_from_graph(
    model: "onnx.ModelProto", inputs: ModelInput | Sequence[ModelInput], target: str
) -> Halo:
    """Derive the halo between the image inputs and the output tensor `target`.

    Gives an unbounded halo, with the op named, where an output pixel may depend on any input pixel
    or an operator is not known. Raises GraphError where the graph runs at no size, or its inputs
    are not of one grid.
    """
    sources = (inputs,) if isinstance(inputs, ModelInput) else tuple(inputs)
    image_axes = {one.name: image_axes_of(one) for one in sources}
    fixed = _fixed_sizes(model, image_axes)
    align = (1, 1)
    for _ in range(2):
        probes = _probe(model, sources, fixed, align)
        walk = walk_graph(model, probes, image_axes, target)
        strides = [_strides(walk, axis) for axis in (0, 1)]
        align = (_align(strides[0]), _align(strides[1]))
        if not any(size % step for size, step in zip(probes[0].size_px, align, strict=True)):
            break
    whole = target in walk.axes
    height, width = (
        _axis_halo(walk, probes[0], axis, strides[axis], fixed[axis])
        if whole
        else _unseen_axis(probes[0], target, axis, fixed[axis])
        for axis in (0, 1)
    )
    reasons = walk.unbounded or ([] if whole else [f"{target!r} does not keep the image's axes"])
    return Halo(
        height=height,
        width=width,
        unbounded=reasons[0] if reasons else None,
        caveats=_caveats(walk),
    )


def image_axes_of(source: ModelInput) -> Axes:
    """Give the positions of height and width in an input tensor."""
    return source.dim_order.index("height"), source.dim_order.index("width")


def probe_shape(source: ModelInput, size_px: tuple[int, int]) -> tuple[int, ...]:
    """Give the shape of an input tensor for one image, or series, of that height and width."""
    free = {
        "batch": 1,
        "time": PROBE_DATES,
        "channel": len(source.bands),
        "height": size_px[0],
        "width": size_px[1],
    }
    return tuple(
        free[axis] if length < 0 or axis in ("height", "width") else length
        for axis, length in zip(source.dim_order, source.shape, strict=True)
    )


def _fixed_sizes(model: "onnx.ModelProto", image_axes: Mapping[str, Axes]) -> Sizes:
    """Read the image size a graph insists on, axis by axis.

    Raises GraphError where its inputs insist on different ones.
    """
    dims = {entry.name: entry.type.tensor_type.shape.dim for entry in model.graph.input}
    found: list[int | None] = []
    for axis in (0, 1):
        stated = {
            name: dims[name][axes[axis]].dim_value
            for name, axes in image_axes.items()
            if dims[name][axes[axis]].dim_value
        }
        if len(set(stated.values())) > 1:
            raise GraphError(
                f"the graph's inputs differ in {('height', 'width')[axis]}.",
                seen=", ".join(f"{name!r} takes {size} px" for name, size in stated.items()) + ".",
                rule="All inputs lie on one pixel grid.",
                fix="Export the graph so that it resizes inside.",
            )
        found.append(next(iter(stated.values()), None))
    return found[0], found[1]


def _probe(
    model: "onnx.ModelProto", sources: Sequence[ModelInput], fixed: Sizes, align: tuple[int, int]
) -> list[Probe]:
    """Run the graph at the first two sizes it takes; once where its size is fixed."""
    probes: list[Probe] = []
    failure = ""
    for tried in PROBE_SIZES_PX:
        height, width = (
            f or math.ceil(t / a) * a for t, f, a in zip(tried, fixed, align, strict=True)
        )
        if any(probe.size_px == (height, width) for probe in probes):
            continue
        shapes = {one.name: probe_shape(one, (height, width)) for one in sources}
        try:
            probes.append(probe_graph(model, shapes, (height, width)))
        # The runtime raises classes of its own, and UnicodeDecodeError on damaged names.
        except Exception as error:
            failure = (str(error).splitlines() or [type(error).__name__])[0]
        if len(probes) == 2 or (probes and all(fixed)):
            return probes
    if probes:
        return probes
    together = " All inputs have the same." if len(sources) > 1 else ""
    raise GraphError(
        "the graph runs at none of the sizes tried.",
        seen=f"Its runtime says: {failure}",
        rule="Tried, height × width: "
        f"{', '.join(f'{h} × {w}' for h, w in PROBE_SIZES_PX)}.{together}",
        fix="Fix the size it needs in the graph's input, then compile again.",
    )


def _strides(walk: Walk, axis: int) -> Mapping[str, Fraction]:
    """Work out the grid step of every image tensor, in input pixels.

    Raises GraphError where inputs meet at different steps: no one place in the scene is under both.
    """
    strides = dict.fromkeys(walk.sources, Fraction(1))
    origins = {name: {name} for name in walk.sources}
    for tensor, links in walk.links.items():
        for link in links:
            step = strides[link.source] * link.along(axis).stride
            known = origins.setdefault(tensor, set(origins[link.source]))
            if strides.setdefault(tensor, step) != step:
                if known.isdisjoint(origins[link.source]):
                    names = sorted(known | origins[link.source])
                    raise GraphError(
                        f"inputs {', '.join(names)} reach {tensor!r} at different resolutions.",
                        seen=f"One step there is {strides[tensor]} px of one, {step} of another.",
                        rule="All inputs lie on one pixel grid, and are joined on one.",
                    )
                walk.unbounded.append(f"{tensor!r} joins tensors of different resolution")
            known |= origins[link.source]
    return strides


def _align(strides: Mapping[str, Fraction]) -> int:
    """Smallest whole number of input pixels that is a whole number of steps on every grid."""
    return math.lcm(*(stride.numerator for stride in strides.values()))


def _needs(walk: Walk, axis: int, first: int, last: int) -> tuple[int, int]:
    """Trace a span of output pixels back to the span of pixels it depends on in any input."""
    spans = {walk.target: (first, last)}
    for tensor in reversed(walk.links):
        if tensor not in spans:
            continue
        for link in walk.links[tensor]:
            low, high = link.along(axis).need(*spans[tensor])
            old = spans.get(link.source, (low, high))
            spans[link.source] = (min(low, old[0]), max(high, old[1]))
    reached = [spans[source] for source in walk.sources if source in spans]
    return min(low for low, _ in reached), max(high for _, high in reached)


def _size(walk: Walk, axis: int, count: int) -> int | None:
    """Follow a size through the graph; None where branches disagree or a size is not plain."""
    sizes: dict[str, int] = dict.fromkeys(walk.sources, count)
    for tensor, links in walk.links.items():
        for link in links:
            given = sizes.get(link.source)
            size = None if given is None else link.along(axis).size(given)
            if size is None or size < 1 or sizes.setdefault(tensor, size) != size:
                return None
    return sizes[walk.target]


def _axis_halo(
    walk: Walk, probe: Probe, axis: int, strides: Mapping[str, Fraction], fixed: int | None
) -> AxisHalo:
    """Put the answers for one axis together."""
    stride, align = strides[walk.target], _align(strides)
    step = int(align / stride)
    size = probe.size_px[axis]
    shown = probe.shapes[walk.target][walk.axes[walk.target][axis]]
    sizes: list[int | None] = []
    for rest in range(align):
        count = size // align * align + rest
        given = shown if count == size else _size(walk, axis, count)
        allowed = fixed is None or count == size
        sizes.append(given - count // align * step if given is not None and allowed else None)
    low, high = _needs(walk, axis, 0, step - 1)
    return AxisHalo(
        before_px=max(0, -low),
        after_px=max(0, high - (align - 1)),
        align_px=align,
        stride=stride,
        offset_px=_offset_px(walk, axis, step, stride),
        sizes=tuple(sizes),
        fixed_px=fixed,
    )


def _offset_px(walk: Walk, axis: int, step: int, stride: Fraction) -> Fraction:
    """Centre of what output pixel 0 depends on, evened out over the ends of a grid step."""
    first, last = (Fraction(sum(_needs(walk, axis, o, o)), 2) for o in (0, step - 1))
    return (first + last - stride * (step - 1)) / 2


def _unseen_axis(probe: Probe, target: str, axis: int, fixed: int | None) -> AxisHalo:
    """Axis record of a graph that loses the image on its way: the ratio that the probe showed."""
    shape, size = probe.shapes[target], probe.size_px[axis]
    ratio = Fraction(size, shape[axis + 2]) if len(shape) == 4 else Fraction(1)
    align = size if fixed else ratio.numerator
    return AxisHalo(
        before_px=0,
        after_px=0,
        align_px=align,
        stride=ratio,
        offset_px=(ratio - 1) / 2,
        sizes=(0, *(None,) * (align - 1)),
        fixed_px=fixed,
    )


def _caveats(walk: Walk) -> tuple[str, ...]:
    """Name the resizes whose positions are rounded to float32, so not alike at every place."""
    found = []
    for tensor, links in walk.links.items():
        for link in links:
            scales = {1 / link.along(axis).stride for axis in (0, 1)}
            if link.interpolates and any(not _is_power_of_two(scale) for scale in scales):
                found.append(f"resize to {tensor!r} by {max(scales)}: its positions are rounded")
    return tuple(found)


def _is_power_of_two(scale: Fraction) -> bool:
    return (
        scale.numerator & (scale.numerator - 1) == 0 == scale.denominator & (scale.denominator - 1)
    )
