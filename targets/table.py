"""Tables of a target file, read strictly: what is missing, unknown or of a wrong kind is an error.

The files are part of the install, so a fault in one means that the install is damaged.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from edgers.errors import BadInputError
from edgers.targets.gpu import Version

TOO_MUCH = 1e12
"""No fact is as large: whole numbers without a bound, and infinity."""

VERSION = re.compile(r"\d{1,5}(\.\d{1,5}){0,3}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table of a file."""

    file: str
    """File it is in, from the folder of targets."""
    path: str
    """Keys that lead to it, each with a dot behind it; empty for the whole file."""
    values: Mapping[str, Any]
    """What it holds."""

    def fault(self, key: str, rule: str) -> BadInputError:
        """Make the error for a key whose value breaks a rule."""
        value = self.values.get(key, "missing")
        return BadInputError(
            f"the target file {self.file} is damaged.",
            seen=f"{self.path}{key} is {value!r}." if key in self.values
            else f"{self.path}{key} is missing.",
            rule=rule,
            fix="Install EdgeRS again; in a checkout, put the file right.",
        )  # fmt: skip


def checked_table(
    file: str, values: Any, *, required: Sequence[str], optional: Sequence[str] = (), path: str = ""
) -> Table:
    """Take a table that has all required keys and none but these; raises BadInputError."""
    table = Table(file=file, path=path, values=values if isinstance(values, Mapping) else {})
    known = f"It has the keys {', '.join((*required, *optional))}."
    for key in (
        *(set(table.values) - {*required, *optional}),
        *(set(required) - set(table.values)),
    ):
        raise table.fault(key, known)
    return table


def text(table: Table, key: str) -> str:
    """Give a text; an optional one that is missing is empty."""
    value = table.values.get(key, "")
    if not isinstance(value, str) or (key in table.values and not value.strip()):
        raise table.fault(key, "It is a text that is not empty.")
    return value


def one_of(table: Table, key: str, known: Sequence[str]) -> str:
    """Give a text that is one of those known."""
    value = table.values.get(key)
    if not isinstance(value, str) or value not in known:
        raise table.fault(key, f"It is one of: {', '.join(known)}.")
    return value


def texts(table: Table, key: str) -> tuple[str, ...]:
    """Give texts, none of them twice; an optional list that is missing is empty."""
    value = table.values.get(key, [])
    if not isinstance(value, list) or not all(isinstance(one, str) and one for one in value):
        raise table.fault(key, "It is a list of texts.")
    if len(set(value)) < len(value):
        raise table.fault(key, "It names nothing twice.")
    return tuple(value)


def number(table: Table, key: str) -> float:
    """Give a number above 0."""
    value = table.values.get(key)
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if value is None or not is_number or not 0 < value < TOO_MUCH:
        raise table.fault(key, "It is a number above 0.")
    return float(value)


def number_or_none(table: Table, key: str) -> float | None:
    """Give a number above 0, or None where it is missing."""
    return number(table, key) if key in table.values else None


def share(table: Table, key: str) -> float:
    """Give a number above 0, at most 1."""
    value = number(table, key)
    if value > 1:
        raise table.fault(key, "It is a share: above 0, at most 1.")
    return value


def count(table: Table, key: str, *, least: int = 0) -> int:
    """Give a whole number, `least` or more."""
    value = table.values.get(key)
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise table.fault(key, f"It is a whole number, {least} or more.")
    return value


def truth(table: Table, key: str) -> bool:
    """Give true or false."""
    value = table.values.get(key)
    if not isinstance(value, bool):
        raise table.fault(key, "It is true or false.")
    return value


def version(table: Table, key: str, *, parts: int | None = None) -> Version:
    """Give a version such as "10.3.0" in its parts, of which there may have to be a number."""
    value = table.values.get(key)
    found = version_from_text(value) if isinstance(value, str) else None
    if found is None or (parts is not None and len(found) != parts):
        many = "one to four" if parts is None else str(parts)
        raise table.fault(key, f"It is a version: {many} numbers with points between them.")
    return found


def version_from_text(value: str) -> Version | None:
    """Give (10, 3, 0) for `10.3.0`; None for what is no version."""
    # `\\d` knows the digits of all scripts.
    if not value.isascii() or not VERSION.fullmatch(value):
        return None
    return tuple(int(part) for part in value.split("."))


def tables(
    table: Table, key: str, *, required: Sequence[str], optional: Sequence[str] = ()
) -> tuple[Table, ...]:
    """Give the tables of a list, of which there is one at least."""
    value = table.values.get(key)
    if not isinstance(value, list) or not value or not all(isinstance(v, Mapping) for v in value):
        raise table.fault(key, "It is a list of tables, one at least.")
    return tuple(
        checked_table(
            table.file, one, required=required, optional=optional,
            path=f"{table.path}{key}[{position}].",
        )
        for position, one in enumerate(value)
    )  # fmt: skip


def inner_table(
    table: Table, key: str, *, required: Sequence[str], optional: Sequence[str] = ()
) -> Table:
    """Give a table in a table."""
    value = table.values.get(key)
    if not isinstance(value, Mapping):
        raise table.fault(key, "It is a table.")
    return checked_table(
        table.file, value, required=required, optional=optional, path=f"{table.path}{key}."
    )
