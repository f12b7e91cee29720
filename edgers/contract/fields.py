"""Typed access to the fields of a JSON object, with errors that name the place."""

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from edgers.errors import ContractError

Json = Mapping[str, object]

LARGEST_NUMBER = 3.4e38
"""Largest number a field may hold: what single precision, in which scaling is done, can."""
Word = TypeVar("Word", bound=str)


@dataclass(frozen=True, slots=True)
class Fields:
    """One JSON object and where it stands in its document."""

    values: Json
    """The object."""
    where: str
    """Path to it, such as `mlm:input[0]`."""

    def fail(self, key: str, rule: str) -> ContractError:
        """Make the error for a field that breaks `rule`."""
        seen = f"It is {self.values[key]!r}." if key in self.values else "It is missing."
        return ContractError(
            f"contract field {self.where}.{key} is not usable.", seen=seen, rule=rule
        )

    def has(self, key: str) -> bool:
        """Tell whether the field is there and not null."""
        return self.values.get(key) is not None

    def text(self, key: str) -> str:
        """Read a string that is not empty."""
        value = self.values.get(key)
        if not isinstance(value, str) or not value.strip():
            raise self.fail(key, "It must be a text that is not empty.")
        return value

    def optional_text(self, *keys: str) -> str | None:
        """Read the first of `keys` that is there, or None."""
        return next((self.text(key) for key in keys if self.has(key)), None)

    def number(self, key: str, default: float | None = None) -> float:
        """Read a finite number."""
        value = self.values.get(key, default)
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise self.fail(key, "It must be a finite number.")
        if not abs(value) <= LARGEST_NUMBER:
            raise self.fail(key, f"It must lie within ±{LARGEST_NUMBER:g}.")
        return float(value)

    def positive(self, key: str, default: float | None = None) -> float:
        """Read a number above zero."""
        value = self.number(key, default)
        if value <= 0:
            raise self.fail(key, "It must be above zero.")
        return value

    def optional_positive(self, *keys: str) -> float | None:
        """Read the first of `keys` that is there as a number above zero, or None."""
        return next((self.positive(key) for key in keys if self.has(key)), None)

    def optional_count(self, key: str, least: int) -> int | None:
        """Read a whole number of at least `least`, or None where it is missing."""
        if not self.has(key):
            return None
        value = self.number(key)
        if value != int(value) or value < least:
            raise self.fail(key, f"It must be a whole number of at least {least}.")
        return int(value)

    def flag(self, key: str, default: bool) -> bool:
        """Read true or false."""
        value = self.values.get(key, default)
        if not isinstance(value, bool):
            raise self.fail(key, "It must be true or false.")
        return value

    def choice(self, key: str, allowed: Sequence[Word], default: Word | None = None) -> Word:
        """Read one of the allowed texts."""
        value = self.values.get(key, default)
        for word in allowed:
            if word == value:
                return word
        raise self.fail(key, f"It must be one of: {', '.join(allowed)}.{hint(value, allowed)}")

    def numbers(self, key: str, counts: tuple[int, ...]) -> tuple[float, ...]:
        """Read one number, or a list of them with a length in `counts`."""
        value = self.values.get(key)
        if value is None:
            raise self.fail(key, "It must be a number, or a list with one a band.")
        items = value if isinstance(value, list) else [value]
        if len(items) not in counts:
            wanted = " or ".join(str(count) for count in dict.fromkeys(counts))
            raise self.fail(key, f"It must hold {wanted} numbers; it holds {len(items)}.")
        probe = Fields({str(i): item for i, item in enumerate(items)}, f"{self.where}.{key}")
        return tuple(probe.number(str(i)) for i in range(len(items)))

    def integers(self, key: str) -> tuple[int, ...]:
        """Read a list of whole numbers."""
        value = self.values.get(key)
        if not isinstance(value, list) or not value:
            raise self.fail(key, "It must be a list of whole numbers.")
        numbers = self.numbers(key, (len(value),))
        if any(number != int(number) for number in numbers):
            raise self.fail(key, "It must be a list of whole numbers.")
        return tuple(int(number) for number in numbers)

    def texts(self, key: str) -> tuple[str, ...]:
        """Read a list of texts."""
        value = self.values.get(key)
        if not isinstance(value, list) or not all(isinstance(item, str) and item for item in value):
            raise self.fail(key, "It must be a list of texts.")
        return tuple(value)

    def object(self, key: str) -> "Fields":
        """Enter the object under `key`."""
        value = self.values.get(key)
        if not isinstance(value, Mapping):
            raise self.fail(key, "It must be an object.")
        return Fields(value, f"{self.where}.{key}")

    def objects(self, key: str) -> Iterator["Fields"]:
        """Enter each object of the list under `key`."""
        value = self.values.get(key)
        if not isinstance(value, list) or not value:
            raise self.fail(key, "It must be a list with at least one object.")
        for i, item in enumerate(value):
            if not isinstance(item, Mapping):
                raise self.fail(key, f"Entry {i} must be an object.")
            yield Fields(item, f"{self.where}.{key}[{i}]")

    def refuse_unknown(self, prefix: str, known: Iterable[str]) -> None:
        """Refuse a field that starts with `prefix` and is not known: a slip would go unseen."""
        for key in self.values:
            if key.startswith(prefix) and key not in known:
                raise ContractError(
                    f"contract field {self.where}.{key} is not known.",
                    rule=f"Known here: {', '.join(sorted(known))}.{hint(key, known)}",
                )


def hint(value: object, allowed: Iterable[str]) -> str:
    """Say which allowed word is nearest to the one given, or nothing."""
    near = difflib.get_close_matches(str(value), list(allowed), n=1)
    return f" Did you mean {near[0]!r}?" if near else ""
