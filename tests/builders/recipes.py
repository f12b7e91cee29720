"""Scaling recipes of every kind, for tests of the ingest kernels."""

import numpy as np
import numpy.typing as npt
from hypothesis import strategies as st

from edgers.kernels.recipe import Quantizer, Recipe, Step, make_recipe
from edgers.kernels.scaling import STEPS

SOURCES = ("uint8", "int16", "uint16", "float32")
TENSORS = ("float32", "float16", "int8", "uint8")


def column(draw: st.DrawFn, layers: int, low: float, high: float) -> npt.NDArray[np.float32]:
    count = draw(st.sampled_from((1, layers)))
    numbers = [draw(st.floats(low, high, width=32)) for _ in range(count)]
    return np.array(numbers, np.float32).reshape(-1, 1, 1)


@st.composite
def steps(draw: st.DrawFn, layers: int) -> Step:
    kind = draw(st.sampled_from((*STEPS, "cast")))
    low, high = column(draw, layers, -100, 100), column(draw, layers, 101, 5000)
    if kind == "cast":
        return kind, draw(st.sampled_from(("uint8", "int16")))
    if kind in ("min-max", "clip"):
        return kind, {"minimum": low, "maximum": high}
    if kind == "z-score":
        return kind, {"mean": low, "stddev": high}
    if kind == "decibel":
        return kind, {"floor": column(draw, layers, 2.0**-20, 1)}
    return kind, {"minimum": low, "maximum": high, "value": high}


@st.composite
def recipes(draw: st.DrawFn, layers: int) -> Recipe:
    tags = None
    if draw(st.booleans()):
        full = np.ones((layers, 1, 1), np.float32)
        tags = column(draw, layers, 2.0**-14, 2) * full, column(draw, layers, -10, 10) * full
    tensor = draw(st.sampled_from(TENSORS))
    quantizer = None
    if tensor in ("int8", "uint8") and draw(st.booleans()):
        scale = draw(st.floats(2.0**-8, 50, width=32))
        quantizer = Quantizer(scale=scale, zero_point=draw(st.integers(-3, 100)))
    fill = np.array([draw(st.floats(-50, 50, width=32)) for _ in range(layers)], np.float32)
    chain = draw(st.lists(steps(layers), max_size=4))
    return make_recipe(chain, fill.reshape(-1, 1, 1), tensor, tags=tags, quantizer=quantizer)


@st.composite
def stored(draw: st.DrawFn, layers: int, most: int) -> npt.NDArray[np.generic]:
    """Samples (layer, height, width) by band, by line or by pixel, all a type can hold."""
    kind = np.dtype(draw(st.sampled_from(SOURCES)))
    shape = layers, draw(st.integers(1, most)), draw(st.integers(1, most))
    seed = draw(st.integers(0, 2**32 - 1))
    random = np.random.default_rng(seed)
    if kind.kind == "f":
        samples = (random.standard_normal(shape) * 10.0 ** random.integers(-6, 6, shape)).astype(
            kind
        )
        odd = np.array([np.nan, np.inf, -np.inf, 0, -0.0, 3e38, 1e-42], kind)
        where = random.random(shape) < 0.1
        samples[where] = random.choice(odd, where.sum())
    else:
        limits = np.iinfo(kind.name)
        samples = random.integers(limits.min, limits.max, shape, kind, endpoint=True)
    order = draw(st.sampled_from(((0, 1, 2), (1, 0, 2), (1, 2, 0))))
    laid = np.ascontiguousarray(samples.transpose(order))
    found: npt.NDArray[np.generic] = laid.transpose(np.argsort(order))
    return found
