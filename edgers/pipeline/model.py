"""A bundle brought to life: its engine loaded and its golden tile passed."""

import io
import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edgers.bundle import GOLDEN_OUTPUT, Bundle, EngineChoice, golden_inputs
from edgers.closing import Closing
from edgers.contract import ModelInput, ModelOutput
from edgers.engines import ENGINES, Engine
from edgers.engines.agreement import largest_difference, largest_value
from edgers.errors import BundleError, ContractError, EngineError

GOLDEN_TOLERANCE = 1e-3
"""Largest golden-tile error, as a share of the largest expected value.

CPUs with other vector units may sum in another order (how far apart they come: not measured), while
a wrong weight, scale or layout shows in the first digits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Model(Closing):
    """A bundle with a running engine; a context manager."""

    bundle: Bundle
    """Where it came from."""
    choice: EngineChoice
    """Which of the bundle's engines runs."""
    engine: Engine
    """The runtime."""
    golden_error: float
    """Largest golden-tile error, as a share of the largest expected value."""

    @property
    def inputs(self) -> tuple[ModelInput, ...]:
        """All image inputs."""
        return self.bundle.contract.inputs

    @property
    def source(self) -> ModelInput:
        """The main image input: its files give the pixel grid."""
        return self.bundle.contract.main

    @property
    def output(self) -> ModelOutput:
        """The output that is decoded."""
        return self.bundle.contract.outputs[0]

    def close(self) -> None:
        """Give the engine back."""
        self.engine.close()


def load_model(bundle: Bundle) -> Model:
    """Load the first engine that this installation has and run the golden tile on it.

    Raises EngineError where none is there, or the golden tile comes out wrong.
    """
    choice = next((one for one in bundle.engines if one.name in ENGINES), None)
    if choice is None:
        raise EngineError(
            "none of the bundle's engines is installed here.",
            seen=f"The bundle was made for: {', '.join(one.name for one in bundle.engines)}.",
            rule=f"Installed: {', '.join(ENGINES)}.",
        )
    engine = ENGINES[choice.name](bundle.entries[choice.graph])
    contract = bundle.contract
    golden = {name: _array(bundle, entry) for name, entry in golden_inputs(contract).items()}
    expected = _array(bundle, GOLDEN_OUTPUT)
    found = engine.infer(golden)[contract.outputs[0].name]
    scale = largest_value(expected) or 1.0
    same_shape = found.shape == expected.shape
    error = largest_difference(found, expected) / scale if same_shape else math.inf
    if not error <= GOLDEN_TOLERANCE:
        engine.close()
        raise EngineError(
            f"the golden tile comes out wrong on {choice.name} {engine.info.version}.",
            seen=f"The largest error is {error:.2g} of the largest expected value.",
            rule=f"At most {GOLDEN_TOLERANCE:g} is accepted.",
            fix="The bundle's bytes are right, so this runtime or machine is at fault.",
        )
    return Model(bundle=bundle, choice=choice, engine=engine, golden_error=error)


def _array(bundle: Bundle, name: str) -> npt.NDArray[np.generic]:
    """Read an array from the bundle."""
    try:
        array: npt.NDArray[np.generic] = np.load(
            io.BytesIO(bundle.entries[name]), allow_pickle=False
        )
    except (ValueError, EOFError, OSError) as error:
        raise BundleError(f"bundle entry {name} is not an array.", seen=f"{error}.") from error
    return array


def check_one_image(model: Model, what: str) -> None:
    """Raise ContractError where a model needs more than `what` has: one image of one date."""
    if len(model.inputs) == 1 and not model.source.is_series:
        return
    raise ContractError(
        f"model {model.bundle.contract.name!r} needs more than one image.",
        seen=f"Its inputs: {', '.join(one.name for one in model.inputs)}.",
        rule=f"{what} feeds one input of one date.",
        fix="Run scenes with 'edgers run'.",
    )
