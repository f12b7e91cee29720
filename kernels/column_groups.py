"""Columns of a push-broom scene in groups: neighbouring detectors share statistics."""

from itertools import pairwise

import numpy as np

from edgers.errors import BadInputError


def column_groups(columns: int, group: int | None) -> list[slice]:
    """Cut `columns` into groups of about `group`, as even as can be; None is one group of all."""
    if group is not None and group < 1:
        raise BadInputError(
            "columns cannot be grouped so.",
            seen=f"groups of {group}.",
            rule="a group has at least one column.",
            fix="give a number from 1 up, or none for one group of all columns.",
        )
    if columns == 0:
        return []
    groups = max(1, round(columns / (group or columns)))
    edges = np.linspace(0, columns, groups + 1).round().astype(int).tolist()
    return [slice(a, b) for a, b in pairwise(edges)]
