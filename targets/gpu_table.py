"""Reading what a target file says of a GPU, its memory, its accelerators and its power modes."""

from collections.abc import Sequence
from dataclasses import dataclass

from edgers.targets.gpu import Gpu, PowerMode, Software
from edgers.targets.provenance import PROVENANCE_KEYS, Provenance, provenance_from_table
from edgers.targets.table import (
    Table,
    count,
    inner_table,
    number,
    number_or_none,
    share,
    tables,
    text,
    texts,
    truth,
    version,
)

GROUPS = ("memory", "gpu", "dla", "power")
"""Tables of facts that a device with a GPU has."""

PEAKS = ("int8_tops", "fp16_tflops", "fp32_tflops")

BYTES_IN_GB = 10**9
"""Makers of modules mean 2^30; their firmware keeps about the difference (an Orin Nano of 8 GB was
seen to report 7619 MiB, which is 7.99 × 10^9 bytes)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GpuDevice:
    """What was read."""

    gpu: Gpu
    """The GPU."""
    memory_bytes: int
    """Memory of the device."""
    free_share: float
    """Share of it that is left for a run."""
    provenance: tuple[Provenance, ...]
    """Where each group of facts is from."""


def gpu_device(table: Table, software: Sequence[Software]) -> GpuDevice:
    """Read a device with a GPU; raises BadInputError where a value breaks a rule."""
    memory = _group(table, "memory", ("size_gb", "free_share"))
    chip = _group(
        table, "gpu", ("arch", "cc", "sm_count", "shares_memory", "part_numbers"), ("names",)
    )
    accelerators = _group(table, "dla", ("cores",))
    power = _group(table, "power", ("modes",), ("bandwidth_gbs",))
    major, minor = version(chip, "cc", parts=2)
    return GpuDevice(
        gpu=Gpu(
            cc=(major, minor),
            arch=text(chip, "arch"),
            sm_count=count(chip, "sm_count", least=1),
            shares_memory=truth(chip, "shares_memory"),
            dla_cores=count(accelerators, "cores"),
            modules=texts(chip, "part_numbers"),
            software=tuple(software),
            power_modes=_modes(power),
            names=texts(chip, "names"),
        ),
        memory_bytes=round(number(memory, "size_gb") * BYTES_IN_GB),
        free_share=share(memory, "free_share"),
        provenance=tuple(
            provenance_from_table(topic, one)
            for topic, one in zip(GROUPS, (memory, chip, accelerators, power), strict=True)
        ),
    )


def _group(table: Table, key: str, required: Sequence[str], optional: Sequence[str] = ()) -> Table:
    return inner_table(
        table, key, required=(*required, *PROVENANCE_KEYS), optional=(*optional, "note")
    )


def _modes(power: Table) -> tuple[PowerMode, ...]:
    """Read the power modes, which stand lowest first; one without a limit stands last."""
    usual = number_or_none(power, "bandwidth_gbs")
    found = []
    for table in tables(
        power, "modes", required=("name",), optional=("power_w", *PEAKS, "bandwidth_gbs")
    ):
        bandwidth = number_or_none(table, "bandwidth_gbs")
        found.append(
            PowerMode(
                name=text(table, "name"),
                power_w=number_or_none(table, "power_w"),
                int8_tops=number_or_none(table, "int8_tops"),
                fp16_tflops=number_or_none(table, "fp16_tflops"),
                fp32_tflops=number_or_none(table, "fp32_tflops"),
                bandwidth_gbs=usual if bandwidth is None else bandwidth,
            )
        )
    limits = [float("inf") if one.power_w is None else one.power_w for one in found]
    if limits != sorted(limits):
        raise power.fault("modes", "They stand lowest power first.")
    if len({one.name for one in found}) < len(found):
        raise power.fault("modes", "Each has a name of its own.")
    return tuple(found)
