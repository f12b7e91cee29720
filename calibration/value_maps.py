"""Maps of values, FP32's and a candidate's, held against a truth."""

import math
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import numpy as np

from edgers.calibration.band_raster import BandRaster, Reals, band_label, band_raster
from edgers.calibration.jury import JudgedScene, Jury, PairCounts
from edgers.calibration.label_maps import seen_truth
from edgers.calibration.labels import LabelScheme, refuse_scheme
from edgers.calibration.metrics.flags import FlagMetric
from edgers.calibration.metrics.image import ImageMetric
from edgers.calibration.metrics.registry import R2, R2_AND_F1
from edgers.calibration.metrics.scores import FlagScore, Told, ValueScore
from edgers.calibration.metrics.values import ValueMetric
from edgers.contract import ModelOutput, OutputValue
from edgers.scene.open import environment
from edgers.scene.place import Place
from edgers.tasks.kinds import PIXEL_DETECTIONS
from edgers.tasks.values import shown_values

ANY: tuple[int, ...] = ()
"""Counts of bands of a label, where the contract does not say how many there are."""


class ValueCounts:
    """A `jury.Counter` of values, of what reaches thresholds, and of images as a whole."""

    def __init__(
        self, names: Sequence[str], units: Sequence[str], thresholds: Sequence[float | None], *,
        is_image: bool,
    ) -> None:  # fmt: skip
        """Begin with nothing counted; a value without a threshold has None."""
        self._values = [ValueMetric(*one) for one in zip(names, units, strict=True)]
        self._sought = [i for i, one in enumerate(thresholds) if one is not None]
        limits = [one for one in thresholds if one is not None]
        self._limits = np.array(limits).reshape(-1, 1, 1)
        self._flags = FlagMetric([names[i] for i in self._sought])
        self._image, self._peak = ImageMetric(1.0) if is_image else None, 0.0

    def add(self, truth: Reals, found: Reals, *, masks: bool) -> None:
        """Count a block, (band, height, width); NaN where there is nothing.

        `masks` tells whether the truth of a value with a threshold says yes or no.
        """
        sought = truth[self._sought]
        wanted = sought if masks else _reached(sought, self._limits)
        if self._sought:
            self._flags.add(wanted, _reached(found[self._sought], self._limits))
        for i, (metric, one, other) in enumerate(zip(self._values, truth, found, strict=True)):
            if not (masks and i in self._sought):
                metric.add(one, other)
        if self._image is not None:
            # Spectra that are not there have no angle; R² counts them.
            seen = np.where(np.isfinite(found).all(axis=0), truth, np.nan)
            self._image.add(seen, found)
            self._peak = max(self._peak, float(np.nanmax(np.abs(seen), initial=0.0)))

    @property
    def counted(self) -> int:
        """Pixels that have a truth for any value."""
        flags = self._flags.counted if self._sought else 0
        return max(flags, *(one.counted for one in self._values))

    def merge(self, other: "ValueCounts") -> None:
        """Add the counts of another scene."""
        for one, more in zip(self._values, other._values, strict=True):
            one.merge(more)
        self._flags.merge(other._flags)
        if self._image is not None and other._image is not None:
            self._image.merge(other._image)
        self._peak = max(self._peak, other._peak)

    def scores(self) -> tuple[ValueScore, ...]:
        """Give how well each value was found, then what reaches the thresholds."""
        values = tuple(one.score() for one in self._values if one.counted)
        return (*values, *map(_as_value, self._flags.scores()))

    @property
    def told(self) -> tuple[Told, ...]:
        """What is known of an image as a whole; its peak is the largest value of the truth."""
        if self._image is None:
            return ()
        psnr_db = self._image.psnr_db()
        is_equal = psnr_db == math.inf
        if psnr_db is not None:
            psnr_db = None if is_equal or not self._peak else psnr_db + 20 * math.log10(self._peak)
        return (
            Told(
                name="PSNR", value=psnr_db, digits=".2f", unit="dB",
                absent="equal" if is_equal else "none",
            ),
            Told(name="SAM", value=self._image.sam_deg(), digits=".3g", unit="°"),
        )  # fmt: skip


def value_jury(output: ModelOutput, scheme: LabelScheme | None) -> Jury:
    """Judge values by R², and what reaches a threshold by F1."""
    refuse_scheme(scheme, output)
    stated = shown_values(output, output.length("member") * len(output.values))
    bands = stated if output.values else ()
    plain = [i for i, one in enumerate(bands) if one.gives == "value"]
    limits = {one.name: one.threshold for one in bands}
    # Of a search the truth is where something is, not how sure anybody was.
    masks = output.task in PIXEL_DETECTIONS

    def opened_label(path: Path, place: Place, known: tuple[int, ...] = ANY) -> BandRaster:
        counts = (len(bands), len(plain)) if bands else known
        return band_label(
            path, place, counts, ", ".join(one.name for one in bands) or "the product's bands"
        )

    def check(path: Path, _: Place, product: Place) -> None:
        with environment(), opened_label(path, product) as label:
            label.check()

    def truth_of(read: Reals, like: Reals) -> Reals:
        """Put the bands of a label in the place of the values; deviations have no truth."""
        if len(read) == len(like):
            return read
        found = np.full_like(like, np.nan)
        found[plain] = read
        return found

    def count(reference: JudgedScene, candidate: JudgedScene) -> PairCounts:
        assert reference.product is not None
        path = reference.scene.label
        with environment(), ExitStack() as opened:
            one = opened.enter_context(band_raster(reference.product))
            product = candidate.product
            other = opened.enter_context(band_raster(product)) if product else None
            label = None
            if path is not None:
                label = opened.enter_context(opened_label(path, one.place, (one.bands,)))
            is_image = output.restores is not None or _is_cube(bands)
            fp32, counts = (
                ValueCounts(
                    one.names, one.units, [limits.get(name) for name in one.names],
                    is_image=is_image,
                )
                for _ in range(2)
            )  # fmt: skip
            for window in one.windows():
                here = one.read(window)
                there = np.full_like(here, np.nan) if other is None else other.read(window)
                truth = here
                if label is not None:
                    truth = seen_truth(truth_of(label.read(window), here), here, there)
                fp32.add(truth, here, masks=masks and label is not None)
                counts.add(truth, there, masks=masks and label is not None)
        return PairCounts(truth="labels" if path else "fp32", fp32=fp32, candidate=counts)

    has_limits = any(one is not None for one in limits.values())
    return Jury(metric=R2_AND_F1 if has_limits else R2, count=count, check_label=check)


def _is_cube(bands: Sequence[OutputValue]) -> bool:
    return any(one.center_wavelength_um is not None for one in bands)


def _reached(values: Reals, limits: Reals) -> Reals:
    """Tell where values reach their thresholds, 0 or 1; NaN where there are none."""
    return np.where(np.isfinite(values), values >= limits, np.nan)


def _as_value(flags: FlagScore) -> ValueScore:
    """Write what reaches a threshold as a part beside its value."""
    return ValueScore(
        name=f"{flags.name} found", measure="F1", truth=flags.truth, found=flags.found,
        score=flags.f1, rmse=None, bias=None, unit="", constant=None,
    )  # fmt: skip
