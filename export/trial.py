"""A way to run a graph, tried: whether it loads, agrees with FP32 and gives the same in tiles."""

import io
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from edgers.bundle import GOLDEN_OUTPUT, golden_inputs
from edgers.contract import Contract
from edgers.contract.program import MAIN
from edgers.engines import ENGINES, Engine, Tensors
from edgers.engines.agreement import TOLERANCE, share_apart
from edgers.errors import EngineError
from edgers.export.parts import graph_contract
from edgers.export.proof import Proof, prove_tiling
from edgers.programs.load import load_program
from edgers.programs.proof import provable, side_answers
from edgers.programs.single import Single
from edgers.targets.target import Candidate
from edgers.tiling.halo import Halo

GOLDEN_OUTPUT_OF = "golden/output-{}.npy"
"""Entry of what a form of the graph gives for the golden tile, by its precision."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What was found of a candidate."""

    candidate: Candidate
    """What was tried."""
    engine: Engine | None = None
    """The loaded graph; None where it does not load."""
    apart: float | None = None
    """Largest difference on the golden tile, as a share of the largest value: from FP32, or from
    the same form of the graph on the engine that comes first."""
    held_against: str = "fp32"
    """Precision of what it was held against."""
    proof: Proof | None = None
    """Tiled against untiled, for graphs with an exact halo."""
    out: str = ""
    """Why it cannot be shipped; empty where it can."""

    @property
    def is_exact(self) -> bool:
        """Tell whether tiled equals untiled to the last bit."""
        return self.proof is None or self.proof.difference == 0.0

    @property
    def holds(self) -> bool:
        """Tell whether tiled equals untiled, up to the order of sums."""
        return self.proof is None or self.proof.holds


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What is tried on engines."""

    graph: bytes
    """Serialized ONNX graph."""
    forms: Mapping[str, bytes] = field(default_factory=dict)
    """The graph in other forms, by the precision they are for."""
    contract: Contract
    """What it needs and gives."""
    halo: Halo
    """What it looks at."""
    parts: Mapping[str, bytes] = field(default_factory=dict)
    """Graphs beside it, by their name in the contract's program."""

    def form(self, precision: str) -> bytes:
        """Give the graph that is run at a precision."""
        return self.forms.get(precision, self.graph)

    def golden_output(self, precision: str) -> str:
        """Give the bundle entry of what the graph of a precision gives for the golden tile."""
        return GOLDEN_OUTPUT_OF.format(precision) if precision in self.forms else GOLDEN_OUTPUT


def load_candidate(candidate: Candidate, graph: bytes) -> Engine:
    """Load a graph as a candidate says; raises EngineError where that does not work here."""
    return ENGINES[candidate.engine](graph, candidate.precision, candidate.settings)


def load_subject(candidate: Candidate, subject: Subject) -> Engine:
    """Load graph and parts as a candidate says; raises EngineError where it does not work here."""
    program = load_program(
        lambda graph: load_candidate(candidate, graph),
        {MAIN: subject.form(candidate.precision), **subject.parts},
        subject.contract,
        subject.halo,
    )
    return program.engine if isinstance(program, Single) else program


def try_candidate(
    candidate: Candidate, subject: Subject, golden: Mapping[str, bytes], engine: Engine | None
) -> Trial:
    """Try a candidate, on `engine` where it is loaded already; what fails is told, not raised."""
    try:
        engine = engine or load_subject(candidate, subject)
    except EngineError as error:
        return Trial(candidate=candidate, out=_one_line(error))
    try:
        tiles = golden_tensors(subject.contract, golden)
        answer = provable(engine).infer(tiles)[subject.contract.outputs[0].name]
        answers = {subject.golden_output(candidate.precision): answer}
        answers |= side_answers(engine, tiles)
        apart = max(share_apart(one, array_of(golden[entry])) for entry, one in answers.items())
        proof = None
        if subject.halo.is_exact:
            proof = prove_tiling(provable(engine), graph_contract(subject.contract), subject.halo)
    except EngineError as error:
        return Trial(candidate=candidate, engine=engine, out=_one_line(error))
    from_what = candidate.precision if candidate.precision in subject.forms else "fp32"
    out, limit = "", TOLERANCE[candidate.precision]
    if not apart <= limit:
        out = f"{apart:.2g} apart from {from_what}, {limit:g} is accepted"
    return Trial(
        candidate=candidate, engine=engine, apart=apart, held_against=from_what, proof=proof,
        out=out,
    )  # fmt: skip


def golden_tensors(contract: Contract, golden: Mapping[str, bytes]) -> Tensors:
    """Read the golden tile of each input from the bundle's entries."""
    return {name: array_of(golden[entry]) for name, entry in golden_inputs(contract).items()}


def array_of(entry: bytes) -> npt.NDArray[np.generic]:
    """Read a bundle entry that holds an array."""
    found: npt.NDArray[np.generic] = np.load(io.BytesIO(entry), allow_pickle=False)
    return found


def _one_line(error: EngineError) -> str:
    return str(error).replace("\n", " ")
