"""What a product says of the program that made it."""

from collections.abc import Mapping

from edgers.contract import Contract
from edgers.contract.program import (
    MAIN,
    AutoregressiveRule,
    CascadeRule,
    ClustersRule,
    EnsembleRule,
    PerPixelRule,
)
from edgers.contract.two_tower import TwoTowerRule


def program_facts(contract: Contract) -> Mapping[str, object]:
    """Give names and numbers for the provenance; nothing of a single graph."""
    rule = contract.program
    if rule is None:
        return {}
    if isinstance(rule, CascadeRule):
        return {
            "program": "cascade",
            "gate": rule.gate,
            "gate_threshold": rule.threshold,
            "gate_miss_rate": rule.miss_rate,
            "gate_stated_on": rule.stated_on,
        }
    if isinstance(rule, EnsembleRule):
        members = {one.part: one.weight for one in rule.members}
        return {"program": "ensemble", "members": members, "spread": rule.spread}
    if isinstance(rule, PerPixelRule):
        return {"program": "per-pixel"}
    if isinstance(rule, ClustersRule):
        order = "reference" if rule.reference else "brightness"
        return {"program": "clusters", "k": rule.k, "seed": rule.seed, "order_of_clusters": order}
    if isinstance(rule, AutoregressiveRule):
        return {"program": "autoregressive", "parts": [MAIN, rule.decoder], "beams": rule.beams}
    if isinstance(rule, TwoTowerRule):
        return {"program": "two-tower", "parts": [MAIN, rule.text]}
    return {"program": "sampler", "sampler": rule.method, "steps": rule.steps, "seed": rule.seed}
