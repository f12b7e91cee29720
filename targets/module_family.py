"""Which kind of Jetson a device tree's text names: carrier boards give one module many names."""

import re

WORDS = ("agx", "industrial", "nano", "nx", "orin", "thor", "tx2", "tx2i", "xavier")
"""What tells one kind from another in NVIDIA's names, such as `NVIDIA Jetson Orin Nano Engineering
Reference Developer Kit Super`."""


def module_family(model: str) -> frozenset[str]:
    """Give the words that tell the kind; empty where there is none of them."""
    found = set(re.findall(r"[a-z0-9]+", model.lower()))
    return frozenset(found & set(WORDS))
