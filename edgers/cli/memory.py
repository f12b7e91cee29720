"""Amounts of memory on the command line."""

import math
import re

import click

UNITS = {"": 1, "B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "KIB": 2**10, "MIB": 2**20,
         "GIB": 2**30}  # fmt: skip
"""Bytes by unit: powers of ten as disks have them, powers of two with an i (IEC 80000-13)."""

MOST_BYTES = 2**63
"""More than any machine has."""

AMOUNT = re.compile(r"(\d+(?:\.\d+)?)\s*([A-Za-z]*)")


def memory_bytes(_ctx: click.Context, _param: click.Parameter, value: str | None) -> int | None:
    """Read an amount such as 800MB, in bytes; a click callback."""
    if value is None:
        return None
    found = AMOUNT.fullmatch(value.strip())
    unit = UNITS.get(found.group(2).upper()) if found else None
    amount = float(found.group(1)) * unit if found and unit else math.inf
    if not amount < MOST_BYTES:
        raise click.BadParameter(f"{value[:40]!r} is no amount of memory: write 800MB or 1.5GB.")
    return int(amount)
