"""What a model needs and gives, and how that is written down."""

from edgers.contract.model import (
    Band,
    Contract,
    ModelClass,
    ModelInput,
    ModelOutput,
    NodataRule,
    OutputValue,
    Restoration,
    ScalingStep,
    Storage,
)
from edgers.contract.read import contract_from_bytes, contract_from_document, contract_from_file

__all__ = [
    "Band",
    "Contract",
    "ModelClass",
    "ModelInput",
    "ModelOutput",
    "NodataRule",
    "OutputValue",
    "Restoration",
    "ScalingStep",
    "Storage",
    "contract_from_bytes",
    "contract_from_document",
    "contract_from_file",
]
