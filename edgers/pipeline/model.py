"""A bundle brought to life: its engine loaded and its golden tile passed."""

import io
import re
from dataclasses import dataclass
from typing import cast

import numpy as np
import numpy.typing as npt

from edgers.bundle import Bundle, EngineChoice, golden_inputs, part_entries
from edgers.closing import Closing
from edgers.contract import ModelInput, ModelOutput
from edgers.contract.program import MAIN, ClustersRule
from edgers.engines import ENGINES, Engine, Tensors
from edgers.engines.agreement import TOLERANCE, share_apart
from edgers.engines.plan_refit import joined
from edgers.engines.raw import Inputs, RawEngine
from edgers.errors import BundleError, ContractError, EngineError
from edgers.pipeline.raw_kernels import trusted_kernels
from edgers.pipeline.tensorrt_objection import tensorrt_objection
from edgers.programs import ORIGIN, Program, Spot, load_program
from edgers.programs.proof import provable, side_answers
from edgers.programs.single import Single
from edgers.targets.detect import device_facts

TENSORRT = "tensorrt"
"""Key of the engine that runs the plan of a kit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Model(Closing):
    """A bundle with a running engine; a context manager."""

    bundle: Bundle
    """Where it came from."""
    choice: EngineChoice
    """Which of the bundle's engines runs."""
    engine: Engine
    """The runtime, or what calls its graphs where there are several."""
    golden_error: float
    """Largest golden-tile error, as a share of the largest expected value."""
    passed_over: tuple[str, ...] = ()
    """Engines the bundle prefers to this one, each with the reason why it does not run here: with
    any, this one is a fallback."""
    kernels: frozenset[str] = frozenset()
    """Kernels by which the engine preprocesses (`edgers.engines.raw`); empty where the CPU does."""

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

    @property
    def slug(self) -> str:
        """Its name in characters that any file system takes."""
        return slug(self.bundle.contract.name)

    @property
    def program(self) -> Program:
        """How it is called."""
        if self.bundle.contract.program is None:
            return Single(self.engine)
        return cast(Program, self.engine)

    def infer(self, inputs: Inputs, spot: Spot = ORIGIN) -> Tensors:
        """Run the network; raw inputs must be ones for `kernels`. Raises EngineError."""
        if self.kernels:
            return cast(RawEngine, self.engine).infer_raw(inputs)
        return self.program.infer(cast(Tensors, inputs), spot)

    @property
    def fallback(self) -> dict[str, str]:
        """Say for provenance why this is not the engine the bundle prefers; empty where it is."""
        return {"fallback": " · ".join(self.passed_over)} if self.passed_over else {}

    def largest_tile_px(self, asked_px: int) -> int:
        """Give a tile side, or the largest that the plan of a GPU takes where that is less."""
        kit = self.bundle.kit
        if kit is None or self.choice.name != TENSORRT:
            return asked_px
        return min(asked_px, kit.sides.most_px)

    def close(self) -> None:
        """Give the engine back."""
        self.engine.close()


def load_model(bundle: Bundle, *, allow_fallback: bool = True) -> Model:
    """Load the first of the bundle's engines that runs here, and run the golden tile on it.

    That tile is also the warm-up: memory is taken and kernels are made ready before the first tile
    that counts. An engine that is not installed, refuses the graph or gets the golden tile wrong is
    passed over, and `Model.passed_over` says why. Raises EngineError where none is left; without
    `allow_fallback` where the first does not run, and BundleError where it is still to be built.
    """
    passed_over: list[str] = []
    failures: list[EngineError] = []
    objected = False
    if bundle.kit is not None and bundle.kit.plan is None:
        if not allow_fallback:
            raise _not_built(bundle)
        passed_over.append(
            f"{TENSORRT}: this is a build kit for {bundle.target}, 'edgers build' on the device "
            "makes the plan"
        )
    for choice in bundle.engines if allow_fallback else bundle.engines[:1]:
        if objection := _objection(bundle, choice):
            objected = True
            passed_over.append(f"{_text(choice)}: {objection}")
            continue
        if choice.name not in ENGINES:
            passed_over.append(f"{choice.name}: not installed here")
            continue
        try:
            program = _load(bundle, choice)
            error = golden_error(bundle, choice, program)
        except EngineError as failure:
            failures.append(failure)
            passed_over.append(f"{_text(choice)}: {failure.what.rstrip('.')}")
            continue
        engine = program.engine if isinstance(program, Single) else program
        return Model(
            bundle=bundle, choice=choice, engine=engine, golden_error=error,
            passed_over=tuple(passed_over), kernels=trusted_kernels(bundle, engine),
        )  # fmt: skip
    if not allow_fallback:
        raise EngineError(
            "the engine that the bundle prefers does not run here.",
            seen=" ".join([*passed_over, *(one.seen for one in failures)]),
            rule="Nothing else may run (--no-fallback).",
            fix="See what 'edgers verify --preflight' says, or allow the others: "
            f"{', '.join(f'{one.name} {one.precision}' for one in bundle.engines[1:]) or 'none'}.",
        )
    if len(failures) == 1 and not objected:
        raise failures[0]
    if failures or objected:
        raise EngineError("none of the bundle's engines runs here.", seen=" ".join(passed_over))
    raise EngineError(
        "none of the bundle's engines is installed here.",
        seen=f"The bundle was made for: {', '.join(one.name for one in bundle.engines)}.",
        rule=f"Installed: {', '.join(ENGINES)}.",
    )


def _load(bundle: Bundle, choice: EngineChoice) -> Program:
    """Load the graphs as a choice says; raises EngineError."""
    make = ENGINES[choice.name]
    graphs = {part: bundle.entries[entry] for part, entry in part_entries(bundle.contract).items()}
    return load_program(
        lambda graph: make(graph, choice.precision, choice.settings),
        {MAIN: loadable(bundle, choice), **graphs},
        bundle.contract,
        bundle.halo,
    )


def _objection(bundle: Bundle, choice: EngineChoice) -> str:
    """Say what the preflight has against an engine; empty where nothing."""
    if choice.name != TENSORRT:
        return ""
    return tensorrt_objection(bundle, device_facts()).rstrip(".")


def _text(choice: EngineChoice) -> str:
    """Name an engine in a few words."""
    provider = choice.settings.get("provider", "cpu")
    return f"{choice.name} {choice.precision}" + (f" on {provider}" if provider != "cpu" else "")


def _not_built(bundle: Bundle) -> BundleError:
    assert bundle.kit is not None
    others = ", ".join(_text(one) for one in bundle.engines)
    return BundleError(
        f"the bundle is a build kit for {bundle.target}, and its plan is not built.",
        seen=f"TensorRT cannot run without it. What else is in it: {others}.",
        rule="Nothing but TensorRT may run (--no-fallback).",
        fix="Build the plan with 'edgers build' on the device, or leave --no-fallback out.",
    )


def loadable(bundle: Bundle, choice: EngineChoice) -> bytes:
    """Give what an engine loads: a graph, a plan, or a plan and the graph that has its weights."""
    found = bundle.entries[choice.graph]
    return joined(found, bundle.entries[choice.weights]) if choice.weights else found


def golden_error(bundle: Bundle, choice: EngineChoice, engine: Engine) -> float:
    """Run the golden tile; raises EngineError, the engine closed, where it comes out wrong."""
    contract = bundle.contract
    golden = {name: _array(bundle, entry) for name, entry in golden_inputs(contract).items()}
    try:
        found = {choice.golden: provable(engine).infer(golden)[contract.outputs[0].name]}
        found |= side_answers(engine, golden)
        error = max(share_apart(one, _array(bundle, entry)) for entry, one in found.items())
        tolerance = TOLERANCE.get(choice.precision, TOLERANCE["fp32"])
        if not error <= tolerance:
            raise EngineError(
                f"the golden tile comes out wrong on {choice.name} {engine.info.version}.",
                seen=f"The largest error is {error:.2g} of the largest expected value.",
                rule=f"At most {tolerance:g} is accepted.",
                fix="The bundle's bytes are right, so this runtime or machine is at fault.",
            )
    except BaseException:
        engine.close()
        raise
    return error


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
    if isinstance(model.bundle.contract.program, ClustersRule):
        raise ContractError(
            f"model {model.bundle.contract.name!r} finds the clusters of a whole scene.",
            rule=f"{what} is answered before the rest is there.",
            fix="Run scenes with 'edgers run', or put fixed centroids into the graph.",
        )
    if len(model.inputs) == 1 and not model.source.is_series:
        return
    raise ContractError(
        f"model {model.bundle.contract.name!r} needs more than one image.",
        seen=f"Its inputs: {', '.join(one.name for one in model.inputs)}.",
        rule=f"{what} feeds one input of one date.",
        fix="Run scenes with 'edgers run'.",
    )


def slug(name: str) -> str:
    """Write a model name in characters that any file system takes."""
    return re.sub(r"[^0-9A-Za-z.]+", "-", name).strip("-.").lower() or "model"
