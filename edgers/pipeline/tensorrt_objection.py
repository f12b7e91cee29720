"""What speaks against loading TensorRT for a bundle."""

from edgers.bundle import Bundle
from edgers.preflight import needs_from_kit
from edgers.targets.device_facts import DeviceFacts
from edgers.targets.preflight import preflight


def tensorrt_objection(bundle: Bundle, facts: DeviceFacts) -> str:
    """Say why the plan of a bundle cannot be run on a device; empty where nothing speaks against.

    TensorRT crashes where there is no driver, and says little where a plan does not fit: so this is
    asked first.
    """
    kit = bundle.kit
    if kit is None or kit.plan is None:
        return ""
    sizes = {name: len(data) for name, data in bundle.entries.items()}
    needs = needs_from_kit(kit, bundle.contract.document, sizes, facts.tensorrt)
    return preflight(needs, facts).reason
