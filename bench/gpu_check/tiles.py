"""Kernels around a network: samples to tensors, tiles cut and mixed, scores to classes."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from edgers.bench.gpu_check.case import Case
from edgers.bench.gpu_check.scene import Scene
from edgers.kernels.cuda.gather import REFLECT
from edgers.kernels.cuda.scores import SOFTMAX
from edgers.kernels.recipe import Recipe, make_recipe
from edgers.kernels.reference import gather, ingest, scatter, scores
from edgers.kernels.reference import statistics as plain_statistics
from edgers.kernels.score_rule import ScoreRule

Reals = npt.NDArray[np.float32]
CLASSES = 5
PARTS = 64
"""Threads that share a band."""


def ingest_to_real(scene: Scene) -> Case:
    """Scale as most contracts do: z-score by band, missing samples filled."""
    layers = len(scene.stored)
    mean = np.linspace(900, 1700, layers, dtype=np.float32).reshape(-1, 1, 1)
    steps = [("z-score", {"mean": mean, "stddev": mean / np.float32(3)})]
    fill = np.zeros((layers, 1, 1), np.float32)
    return _ingest(scene, make_recipe(steps, fill, "float32"), "ingest_uint16_to_float32")


def ingest_to_whole(scene: Scene) -> Case:
    """Scale to 8 bits and cut off what follows the point."""
    layers = len(scene.stored)
    low, high = (np.full((layers, 1, 1), limit, np.float32) for limit in (100, 3558))
    scale = {"value": np.full((layers, 1, 1), 1 / 255, np.float32)}
    steps = [("min-max", {"minimum": low, "maximum": high}), ("scale", scale)]
    fill = np.full((layers, 1, 1), 7, np.float32)
    return _ingest(scene, make_recipe(steps, fill, "uint8"), "ingest_uint16_to_uint8")


def _ingest(scene: Scene, recipe: Recipe, entry: str) -> Case:
    samples, segments = scene.stored, recipe.segments
    layers, pixels = len(samples), samples[0].size
    wanted = ingest.ingest(samples, scene.missing, recipe)
    return Case(
        entry=entry,
        arguments=(
            samples, scene.missing.astype(np.uint8), segments.numbers, segments.endings,
            len(segments.endings), segments.fill, np.zeros_like(wanted), layers, pixels, pixels, 1,
            pixels, 1, 1, int(recipe.data_type.kind in "iu"),
        ),
        results={6: wanted},
        items=samples.size,
        moved_bytes=samples.nbytes + samples.size + wanted.nbytes,
    )  # fmt: skip


def gather_tile(scene: Scene) -> Case:
    """Cut a tile that hangs over two edges of the image."""
    layers, height, width = scene.stored.shape
    shape = height - 1, width - 2
    wanted = gather.gather(scene.stored, -3, 4, shape, "reflect")
    return Case(
        entry="gather_uint16",
        arguments=(
            scene.stored, height, width, height * width, width, 1, -3, 4, REFLECT,
            np.zeros_like(wanted), layers, *shape,
        ),
        results={9: wanted},
        items=wanted.size,
        moved_bytes=2 * wanted.nbytes,
    )  # fmt: skip


def _mixture(scene: Scene) -> tuple[Reals, Reals, Reals, Reals]:
    """Give mixed scores, another tile's, and its weights by row and by column."""
    random = np.random.default_rng(1)
    height, width = scene.stored.shape[1:]
    target, part = random.normal(0, 4, (2, CLASSES, height, width)).astype(np.float32)
    rows, columns = np.hanning(height + 2)[1:-1], np.hanning(width + 2)[1:-1]
    return target, part, rows.astype(np.float32), columns.astype(np.float32)


def scatter_tile(scene: Scene) -> Case:
    """Add a tile's scores times its weights."""
    target, part, rows, columns = _mixture(scene)
    height, width = target.shape[1:]
    wanted = target.copy()
    scatter.scatter(wanted, part, rows, columns)
    return Case(
        entry="scatter",
        arguments=(
            part, height * width, width, rows, columns, target, height * width, width, CLASSES,
            height, width,
        ),
        results={5: wanted},
        items=target.size,
        moved_bytes=3 * target.nbytes,
    )  # fmt: skip


def _rule() -> ScoreRule:
    values = np.array([0, 3, 7, 11, 255], np.uint8)
    return ScoreRule(values=values, activation="softmax", threshold=0.5)


def decode_scores(scene: Scene) -> Case:
    """Choose classes, with probabilities, and tell pixels apart where a score is no number."""
    given = _mixture(scene)[0]
    given[2, ::5, ::7] = np.nan
    count, height, width = given.shape
    pixels, rule = height * width, _rule()
    wanted = scores.decode(given, rule, with_probabilities=True)
    chances = np.asarray(wanted.probabilities)
    return Case(
        entry="decode_uint8",
        arguments=(
            given, count, height, width, pixels, width, rule.values, SOFTMAX, 0.5,
            np.zeros(pixels, np.uint8), np.zeros(pixels, np.uint8), np.zeros_like(chances), 1,
        ),
        results={9: wanted.classes, 10: wanted.not_finite.astype(np.uint8), 11: chances},
        items=pixels,
        moved_bytes=given.nbytes + 2 * pixels + chances.nbytes,
        absolute=1e-6,
        why="exp() of numpy and of CUDA differ by 2 units in the last place",
    )  # fmt: skip


def settle_scores(scene: Scene) -> Case:
    """Add the last tile's scores and choose classes."""
    target, part, rows, columns = _mixture(scene)
    count, height, width = target.shape
    pixels, rule, mixed = height * width, _rule(), target.copy()
    wanted = scores.settle(mixed, part, rows, columns, rule)
    return Case(
        entry="settle_uint8",
        arguments=(
            target, count, height, width, pixels, width, part, pixels, width, rows, columns,
            rule.values, np.zeros(pixels, np.uint8), np.ones(pixels, np.uint8),
        ),
        results={0: mixed, 12: wanted.classes, 13: wanted.not_finite.astype(np.uint8)},
        items=pixels,
        moved_bytes=3 * target.nbytes + 2 * pixels,
    )  # fmt: skip


def moments_of_bands(scene: Scene) -> Case:
    """Sum up each band in parts, about a shift near its mean."""
    samples = scene.stored.reshape(len(scene.stored), -1)
    bands, n = samples.shape
    known = samples > 0
    shift = np.round(samples.sum(axis=1) / known.sum(axis=1)).astype(np.float32)
    wanted = np.zeros((5, bands, PARTS))
    for part in range(PARTS):
        x, has = samples[:, part::PARTS].astype(np.float64), known[:, part::PARTS]
        apart = np.where(has, x - shift[:, None], 0)
        wanted[0, :, part], wanted[1, :, part] = has.sum(axis=1), apart.sum(axis=1)
        wanted[2, :, part] = (apart**2).sum(axis=1)
        wanted[3, :, part] = np.where(has, x, np.inf).min(axis=1, initial=np.inf)
        wanted[4, :, part] = np.where(has, x, -np.inf).max(axis=1, initial=-np.inf)
    steps = 2.0**-24 * -(-n // PARTS)
    return Case(
        entry="band_moments_uint16",
        arguments=(
            samples, (~known).astype(np.uint8), 1, shift, np.zeros(wanted.shape, np.float32),
            bands, PARTS, n,
        ),
        results={4: wanted},
        items=bands * PARTS,
        moved_bytes=samples.nbytes + samples.size,
        relative=steps,
        absolute=steps * float(np.abs(np.where(known, samples - shift[:, None], 0)).max()),
        why="a float32 sum is off by its count times the unit roundoff",
    )  # fmt: skip


def count_samples(scene: Scene) -> Case:
    """Count integers in shared memory; all results are whole."""
    samples, mask = scene.stored, scene.missing
    bands, n, first, bins = len(samples), samples[0].size, 100, 9_000
    counts = np.zeros((bands, 1 << 16), np.int64)
    plain_statistics.count_values(samples, counts, mask)
    slabs = -(-bins // 8192)
    return Case(
        entry="count_values_uint16",
        arguments=(
            samples, mask.astype(np.uint8), 1, first, bins, np.zeros((bands, bins), np.int32),
            bands, 1, n,
        ),
        results={5: counts[:, first : first + bins]},
        items=bands * slabs,
        by_block=True,
        moved_bytes=slabs * (samples.nbytes + samples.size),
    )  # fmt: skip


CASES: dict[str, Callable[[Scene], Case]] = {
    "ingest_uint16_to_float32": ingest_to_real,
    "ingest_uint16_to_uint8": ingest_to_whole,
    "gather_uint16": gather_tile,
    "scatter": scatter_tile,
    "decode_uint8": decode_scores,
    "settle_uint8": settle_scores,
    "band_moments_uint16": moments_of_bands,
    "count_values_uint16": count_samples,
}
