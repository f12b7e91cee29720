"""What a rule is, and what it says of a graph."""

import inspect
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

from edgers.calibration.legality.bands import Band
from edgers.calibration.legality.graph_view import GraphView


class Level(Enum):
    """What follows where a rule is broken."""

    REFUSED = "refused"
    """TensorRT's parser or builder stops."""
    UNFIT = "unfit"
    """TensorRT takes the file but does not run it as it was meant; EdgeRS does not pass it on."""
    REMARK = "remark"
    """The file is legal; something about it is worth knowing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """One place where a rule is broken."""

    what: str
    """What is wrong, with the value seen."""
    fix: str
    """What to do."""
    node: str = ""
    """The node, where there is one."""
    tensor: str = ""
    """The tensor, where there is one."""


Check = Callable[[GraphView, Band], Iterator[Trouble]]
"""Look at a graph for one band; all bands are those of the rule."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule."""

    name: str
    """Words with hyphens."""
    text: str
    """The rule, in one sentence."""
    source: str
    """Where it was read."""
    level: Level
    """What follows where it is broken."""
    bands: tuple[Band, ...]
    """Where it holds."""
    check: Check
    """Find where it is broken."""


def rule(level: Level, bands: Sequence[Band]) -> Callable[[Check], Rule]:
    """Make a rule of a function: its name, and the two parts of its docstring."""

    def made(check: Check) -> Rule:
        text, _, source = (inspect.getdoc(check) or "").partition("\n\nSource: ")
        return Rule(
            name=getattr(check, "__name__", "").replace("_", "-"),
            text=" ".join(text.split()),
            source=" ".join(source.split()),
            level=level,
            bands=tuple(bands),
            check=check,
        )

    return made
