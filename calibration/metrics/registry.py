"""Which metric a task is judged by."""

from collections.abc import Mapping
from dataclasses import dataclass

from edgers.errors import ContractError


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """The number a candidate is held to."""

    name: str
    """Name in the literature."""
    unit: str
    """Unit; empty for a share, and where it is the unit of the values."""
    rises: bool
    """Whether more of it is better."""
    module: str
    """Module of `edgers.calibration.metrics` that works it out."""

    def drop(self, reference: float, candidate: float) -> float:
        """Give how much worse the candidate is; below 0 where it is better."""
        return reference - candidate if self.rises else candidate - reference


MEAN_IOU = Metric(name="mIoU", unit="", rises=True, module="segmentation")
AVERAGE_PRECISION = Metric(name="AP", unit="", rises=True, module="detection")
RMSE = Metric(name="RMSE", unit="", rises=False, module="regression")
COSINE = Metric(name="cosine", unit="", rises=True, module="embedding")
PSNR = Metric(name="PSNR", unit="dB", rises=True, module="image")

METRICS: Mapping[str, Metric] = {
    "segmentation": MEAN_IOU,
    "semantic-segmentation": MEAN_IOU,
    "change-detection": MEAN_IOU,
    "detection": AVERAGE_PRECISION,
    "object-detection": AVERAGE_PRECISION,
    "regression": RMSE,
    "downscaling": RMSE,
    "similarity-search": COSINE,
    "super-resolution": PSNR,
    "generative": PSNR,
}
"""Metric by the name of a task in the STAC MLM extension 1.6, and of change detection, which it has
not. Of these only segmentations make
products of scenes so far."""


def metric_of_task(task: str) -> Metric:
    """Give the metric of a task; raises ContractError where there is none."""
    if task not in METRICS:
        raise ContractError(
            f"there is no metric to judge task {task!r} by.",
            rule=f"There is one for: {', '.join(METRICS)}.",
            fix="Compile in fp32, which needs no judging.",
        )
    return METRICS[task]
