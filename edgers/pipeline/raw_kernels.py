"""Kernels of a bundle that preprocess on the device, tried before they are used."""

from collections.abc import Container

import numpy as np

from edgers.bundle import Bundle
from edgers.engines import Engine
from edgers.engines.raw import RawEngine, RawInput, ingest_kernel
from edgers.errors import EngineError
from edgers.kernels.recipe import Step, make_recipe
from edgers.kernels.reference.ingest import ingest
from edgers.scene.scene import Scene

SAMPLE_TYPES = ("uint8", "int16", "uint16", "float32")
"""Types that scenes are stored in."""

TOLERANCE = 2.0**-20
"""How far a real number may be from numpy's, as a share of its value: a few roundings of float32.
A GPU may round once where a CPU rounds twice (fused multiply-add)."""


def trusted_kernels(bundle: Bundle, engine: Engine) -> frozenset[str]:
    """Load the bundle's kernels into an engine; give the names of those that compute rightly.

    Empty for engines and bundles without; a kernel that the driver refuses, or that gives other
    numbers than numpy on a few samples, is left out, and the CPU does its work.
    """
    if bundle.kit is None or not isinstance(engine, RawEngine):
        return frozenset()
    wanted = {
        ingest_kernel(np.dtype(stored), np.dtype(one.data_type))
        for stored in SAMPLE_TYPES
        for one in bundle.contract.inputs
    }
    found = engine.load_kernels(
        (kernel, bundle.entries[kernel.entry])
        for kernel in bundle.kit.kernels
        if kernel.name in wanted
    )
    tensors = {one.data_type for one in bundle.contract.inputs}
    return frozenset(
        trial.kernel
        for trial in (_trial(s, t) for s in SAMPLE_TYPES for t in sorted(tensors))
        if trial.kernel in found and _is_right(engine, trial)
    )


def preprocesses(kernels: Container[str], scene: Scene) -> bool:
    """Tell whether tiles of a scene are preprocessed by some of these kernels."""
    return any(
        ingest_kernel(stack.data_type, np.dtype(stack.source.data_type)) in kernels
        for stack in scene.stacks.values()
    )


def _trial(stored: str, tensor: str) -> RawInput:
    """Give samples over the whole range of a type, some missing, with a recipe of several steps."""
    kind = np.dtype(stored)
    low, high = (np.iinfo(kind).min, np.iinfo(kind).max) if kind.kind in "iu" else (-3e4, 3e4)
    samples = np.linspace(low, high, 2 * 8 * 16).astype(kind).reshape(2, 8, 16)
    missing = np.zeros(samples.shape, bool)
    missing[:, 3, 5:9] = True
    mean = np.array([[[900]], [[-1700.5]]], np.float32)
    spread = np.array([[[300]], [[566.25]]], np.float32)
    steps: list[Step] = [
        ("clip", {"minimum": np.full_like(mean, -2e4), "maximum": np.full_like(mean, 2e4)}),
        ("z-score", {"mean": mean, "stddev": spread}),
    ]
    recipe = make_recipe(steps, np.full_like(mean, 7), tensor)
    return RawInput(
        samples=samples, missing=missing, recipe=recipe, shape=(1, *samples.shape),
        channels_last=False,
    )  # fmt: skip


def _is_right(engine: RawEngine, trial: RawInput) -> bool:
    wanted = ingest(trial.samples, trial.missing, trial.recipe).reshape(trial.shape)
    try:
        found = engine.ingest(trial)
    except EngineError:
        return False
    share = np.finfo(np.float16).eps if wanted.dtype == np.float16 else TOLERANCE
    exact = wanted.dtype.kind in "iu"
    return found.dtype == wanted.dtype and np.allclose(
        found.astype(np.float64), wanted.astype(np.float64), rtol=0 if exact else share,
        atol=1 if exact else share,
    )  # fmt: skip
