"""What the values of a label raster mean: classes, groups of classes, or no truth at all."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edgers.calibration.metrics.segmentation import NOTHING
from edgers.contract import ModelOutput
from edgers.contract.model import ModelClass
from edgers.errors import BadInputError

IGNORE = "ignore"
"""Word for a label value that says nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassGroup:
    """Classes that labels do not tell apart; often one."""

    name: str
    """Names of its classes, joined by +."""
    values: tuple[int, ...]
    """Their values in the class map."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelScheme:
    """How labels and class maps are brought to the same words."""

    groups: tuple[ClassGroup, ...]
    """Each class of the model is in one of them; in the order of the classes."""
    positions: Mapping[int, int]
    """Position of the group, or `NOTHING`, by label value."""
    named: frozenset[int] = frozenset()
    """Label values that the user named: they count even where the raster calls them nodata."""

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the groups."""
        return tuple(group.name for group in self.groups)

    def group_of_classes(self, classes: npt.NDArray[np.integer]) -> npt.NDArray[np.int16]:
        """Give the position of the group of each pixel of a class map; `NOTHING` for nodata."""
        found = np.full(classes.shape, NOTHING, np.int16)
        for position, group in enumerate(self.groups):
            for value in group.values:
                found[classes == value] = position
        return found


def scheme_by_classes(output: ModelOutput) -> LabelScheme:
    """Give the scheme of labels that have the values of the class map."""
    return scheme_from_words((), output)


def scheme_from_words(words: Sequence[str], output: ModelOutput) -> LabelScheme:
    """Read what label values mean, such as `0=land+cloud`, `1=water` and `-1=ignore`.

    What is not named is as in the class map, but for classes that are named: those have no other
    value. Raises BadInputError where a word cannot be read, names no class of the model, or puts a
    class into two groups.
    """
    classes = {entry.name: entry for entry in output.shown_classes}
    named: dict[int, tuple[str, ...]] = {}
    for word in words:
        value, members = _read(word, classes)
        if named.setdefault(value, members) != members:
            raise BadInputError(f"label value {value} is named twice.", seen=f"{' '.join(words)}.")
    taken = {name for members in named.values() for name in members}
    by_value = dict(named)
    for entry in output.shown_classes:
        if entry.value not in named and entry.name not in taken:
            by_value[entry.value] = (entry.name,)
    for value in output.ignore:
        by_value.setdefault(value, ())
    groups = _groups(by_value, output.shown_classes)
    place = {group.name: i for i, group in enumerate(groups)}
    return LabelScheme(
        groups=groups,
        positions={
            value: place["+".join(members)] if members else NOTHING
            for value, members in by_value.items()
        },
        named=frozenset(named),
    )


def refuse_scheme(scheme: LabelScheme | None, output: ModelOutput) -> None:
    """Raise BadInputError where values of labels were named and labels hold no classes."""
    if scheme is not None:
        raise BadInputError(
            f"labels of output {output.name!r} hold no class values.",
            rule="They have a band for each band of the product.",
            fix="Leave --label out.",
        )


def _read(word: str, classes: Mapping[str, ModelClass]) -> tuple[int, tuple[str, ...]]:
    """Read a label value and the classes it stands for, in the model's order; none to ignore it."""
    value, _, text = word.partition("=")
    try:
        number = int(value)
    except ValueError:
        number = None
    if number is None or not text:
        raise BadInputError(
            f"label {word!r} cannot be read.",
            rule="A label is a whole number, =, and a class.",
            fix=f"Write for example --label 0={next(iter(classes))} or --label -1={IGNORE}.",
        )
    if text == IGNORE and IGNORE not in classes:
        return number, ()
    # A class whose own name has a + in it is found by that name first.
    members = [text] if text in classes else [name.strip() for name in text.split("+")]
    if strangers := [name for name in members if name not in classes]:
        raise BadInputError(
            f"the model has no class {strangers[0]!r}.",
            seen=f"Label {word!r} names it.",
            rule=f"Its classes: {', '.join(classes)}.",
        )
    return number, tuple(name for name in classes if name in members)


def _groups(
    by_value: Mapping[int, tuple[str, ...]], classes: Sequence[ModelClass]
) -> tuple[ClassGroup, ...]:
    """Give the groups that labels tell apart, and one of its own for each class without a label."""
    group_of: dict[str, tuple[str, ...]] = {}
    for members in by_value.values():
        for name in members:
            if group_of.setdefault(name, members) != members:
                raise BadInputError(
                    f"class {name!r} is in two groups of labels.",
                    seen=f"They are {'+'.join(group_of[name])} and {'+'.join(members)}.",
                    rule="Labels must tell all groups apart.",
                    fix="Put all classes that cannot be told apart into one group.",
                )
    values = {entry.name: entry.value for entry in classes}
    found = dict.fromkeys(group_of.get(entry.name, (entry.name,)) for entry in classes)
    return tuple(
        ClassGroup(name="+".join(members), values=tuple(values[name] for name in members))
        for members in found
    )
