"""All rules, by name."""

from edgers.calibration.legality import (
    operators,
    opsets,
    placement,
    quantizers,
    scales,
    tensor_types,
)
from edgers.calibration.legality.rule import Rule

TOPICS: dict[str, tuple[Rule, ...]] = {
    "Quantizers": quantizers.RULES,
    "Scales": scales.RULES,
    "Placement": placement.RULES,
    "Operator sets": opsets.RULES,
    "Operators": operators.RULES,
    "Element types": tensor_types.RULES,
}
"""Rules by topic, in the order in which they are told."""

RULES: dict[str, Rule] = {rule.name: rule for rules in TOPICS.values() for rule in rules}
"""Rules by name."""
