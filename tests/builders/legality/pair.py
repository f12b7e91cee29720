"""Pairs of files, of which one is legal and the other breaks one rule."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import onnx

from edgers.calibration.legality import ALL, Band

Case = Callable[[bool], onnx.ModelProto]
"""Give the legal file, or the one with the rule broken."""


@dataclass(frozen=True, kw_only=True)
class Pair:
    """A legal file and a broken one."""

    name: str
    """The rule that is broken."""
    bands: Sequence[Band]
    """Where it is."""
    made: Case
    """The files."""
    also: frozenset[str]
    """Other rules that cannot be kept when this one is broken."""
    legal_on: Sequence[Band]
    """Where the legal file is legal."""


CASES: list[Pair] = []


def case(
    name: str,
    bands: Sequence[Band] = ALL,
    *,
    also: Sequence[str] = (),
    legal_on: Sequence[Band] = ALL,
) -> Callable[[Case], Case]:
    def entered(made: Case) -> Case:
        pair = Pair(name=name, bands=bands, made=made, also=frozenset(also), legal_on=legal_on)
        CASES.append(pair)
        return made

    return entered
