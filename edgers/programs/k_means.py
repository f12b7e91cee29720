"""k-means: groups of like vectors, found the same way every time.

First centroids by k-means++ (Arthur & Vassilvitskii 2007) from Philox bits, which numpy keeps from
version to version; then rounds after Lloyd (1982) in double precision. Nothing is summed by a
library whose order hangs on threads.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

Wide = npt.NDArray[np.float64]
Labels = npt.NDArray[np.intp]


def fit_centroids(samples: Wide, k: int, seed: int, iterations: int) -> Wide:
    """Give `k` centroids, (cluster, feature), of samples, (sample, feature), in the order found.

    A cluster that loses all its samples gets the one that is farthest from its own centroid. Raises
    ValueError where fewer than `k` samples differ.
    """
    # Feature by feature, so that what is summed lies side by side.
    columns = np.ascontiguousarray(samples.T)
    centroids = _first_centroids(columns, k, seed)
    labels: Labels | None = None
    for _ in range(iterations):
        away = np.stack([_squared(columns, one) for one in centroids])
        found = away.argmin(axis=0)
        if labels is not None and np.array_equal(found, labels):
            break
        labels = found
        centroids = _means(columns, labels, away.min(axis=0), k)
    return centroids


def by_brightness(centroids: Wide) -> Wide:
    """Sort centroids by the mean of their features, darkest first; equal ones by their features."""
    keys = [*centroids.T[::-1], centroids.mean(axis=1)]
    return centroids[np.lexsort(keys)]


def by_reference(centroids: Wide, reference: Sequence[Sequence[float]]) -> Wide:
    """Sort centroids as reference centroids are: the nearest pair first, then of those left."""
    away = np.stack([_squared(centroids.T, one) for one in np.asarray(reference, np.float64)])
    order = np.zeros(len(centroids), np.intp)
    for _ in range(len(centroids)):
        wanted, found = np.unravel_index(int(away.argmin()), away.shape)
        order[wanted] = found
        away[wanted] = np.inf
        away[:, found] = np.inf
    return centroids[order]


def _first_centroids(columns: Wide, k: int, seed: int) -> Wide:
    """Draw samples, each with a chance that grows with the squared distance to those drawn."""
    drawn, count = _uniform(seed), columns.shape[1]
    chosen = [min(int(next(drawn) * count), count - 1)]
    away = _squared(columns, columns[:, chosen[0]])
    while len(chosen) < k:
        total = np.cumsum(away)
        if not total[-1] > 0:
            raise ValueError(f"{len(chosen)} differ")
        at = int(np.searchsorted(total, next(drawn) * total[-1], side="right"))
        chosen.append(min(at, count - 1))
        away = np.minimum(away, _squared(columns, columns[:, chosen[-1]]))
    return np.ascontiguousarray(columns[:, chosen].T)


def _means(columns: Wide, labels: Labels, away: Wide, k: int) -> Wide:
    counts = np.bincount(labels, minlength=k)
    sums = np.stack([np.bincount(labels, column, k) for column in columns], axis=1)
    means = np.asarray(sums / np.maximum(counts, 1)[:, None])
    farthest = np.argsort(-away, kind="stable")
    for i, empty in enumerate(np.flatnonzero(counts == 0)):
        means[empty] = columns[:, farthest[i]]
    return means


def _squared(columns: Wide, centroid: Wide) -> Wide:
    """Give squared distances of samples, (feature, sample), summed feature by feature."""
    total = np.zeros(columns.shape[1])
    for column, value in zip(columns, centroid, strict=True):
        total += (column - value) ** 2
    return total


def _uniform(seed: int) -> Iterator[float]:
    """Draw numbers of 0 up to 1, of 53 bits."""
    bits = np.random.Philox(key=np.array([seed, 0], np.uint64))
    while True:
        yield (int(bits.random_raw()) >> 11) * 2.0**-53
