"""Clusters of a scene: a graph that gives features, and the centroids these are held against."""

import numpy as np
import numpy.typing as npt

from edgers.contract.program import ClustersRule
from edgers.engines.engine import Engine, EngineInfo, Tensors
from edgers.errors import EngineError
from edgers.programs.k_means import by_brightness, by_reference, fit_centroids
from edgers.programs.program import ORIGIN, Spot

Reals = npt.NDArray[np.float32]
LOST = -1
"""Index of a pixel whose features are not finite."""


class Clusters:
    """One loaded graph; before it is fitted to a scene it gives the features themselves."""

    def __init__(
        self, engine: Engine, rule: ClustersRule, output: str, centroids: Reals | None = None
    ) -> None:
        """Take over the engine, whose output `output` are the features; `centroids` are
        (cluster, feature).
        """
        self._engine, self.rule, self._output = engine, rule, output
        self._centroids = centroids
        axes = rule.axes
        names = ("batch", "channel", "height", "width")
        self._order = tuple(axes.index(name) for name in names)

    @property
    def info(self) -> EngineInfo:
        """Tell which runtime runs the graph."""
        return self._engine.info

    def infer(self, inputs: Tensors, spot: Spot = ORIGIN) -> Tensors:
        """Run the graph once, and tell the nearest centroid of each pixel, (batch, height, width).

        Of equally near ones the first counts; -1 stands for features that are not finite.
        """
        found = self._engine.infer(inputs)
        if self._centroids is None:
            return found
        features = self.features(found)
        if len(features) != self._centroids.shape[1]:
            raise EngineError(
                f"the graph gives {len(features)} features a pixel.",
                rule=f"The centroids have {self._centroids.shape[1]}.",
            )
        return {self._output: nearest_centroid(features, self._centroids)[None]}

    def features(self, outputs: Tensors) -> Reals:
        """Give the features of a tile, (feature, height, width), of what the graph gave."""
        image: Reals = (
            outputs[self._output].transpose(self._order)[0].astype(np.float32, copy=False)
        )
        return image

    def fitted(self, samples: Reals) -> Reals:
        """Fit centroids to samples, (sample, feature), and give them in their order.

        Raises ValueError where fewer samples differ than there are to be clusters.
        """
        rule = self.rule
        found = fit_centroids(samples.astype(np.float64), rule.k, rule.seed, rule.iterations)
        if rule.reference:
            if len(rule.reference[0]) != found.shape[1]:
                raise EngineError(
                    f"the graph gives {found.shape[1]} features a pixel.",
                    rule=f"The reference centroids have {len(rule.reference[0])}.",
                )
            found = by_reference(found, rule.reference)
        else:
            found = by_brightness(found)
        return found.astype(np.float32)

    def with_centroids(self, centroids: Reals) -> "Clusters":
        """Give the same graph, held against centroids; only one of the two is to be closed."""
        return Clusters(self._engine, self.rule, self._output, centroids)

    def close(self) -> None:
        """Give back what the graph holds."""
        self._engine.close()


def nearest_centroid(features: Reals, centroids: Reals) -> npt.NDArray[np.int64]:
    """Give the index of the nearest centroid of each pixel, of features (feature, height, width).

    Squares are summed in single precision, feature by feature: what a pixel gets hangs on it alone.
    """
    size = features.shape[1:]
    best = np.full(size, np.inf, np.float32)
    found = np.full(size, LOST, np.int64)
    with np.errstate(over="ignore", invalid="ignore"):
        for i, centroid in enumerate(centroids):
            away = np.zeros(size, np.float32)
            for band, value in zip(features, centroid, strict=True):
                away += (band - value) ** 2
            # False for NaN: such a pixel keeps what stands for none.
            nearer = away < best
            found[nearer] = i
            best[nearer] = away[nearer]
    return found
