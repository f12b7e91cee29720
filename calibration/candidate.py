"""A model that is in no bundle yet: another engine, precision or graph, ready for whole scenes."""

import hashlib
import io
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from edgers.bundle import (
    CONTRACT,
    GOLDEN_OUTPUT,
    Bundle,
    EngineChoice,
    canonical_json,
    golden_inputs,
)
from edgers.contract import Contract
from edgers.engines import ENGINES
from edgers.engines.agreement import share_apart
from edgers.errors import EngineError
from edgers.pipeline.model import Model
from edgers.programs.single import Single
from edgers.tiling.halo import Halo, document_from_halo

GRAPH_ENTRY = "graph/candidate.onnx"


def candidate_model(
    graph: bytes, contract: Contract, halo: Halo, golden: Mapping[str, bytes], *, engine: str,
    precision: str, settings: Mapping[str, str] | None = None, target: str = "cpu",
) -> Model:  # fmt: skip
    """Load a graph as a model that scenes can be run with; the caller closes it.

    `golden` are the bundle entries of the golden tile, computed in FP32. The tile is run, and how
    far the answer is from it stands in `golden_error`, but it decides nothing: a candidate is
    judged on scenes. Raises EngineError where the engine is not installed, or refuses the graph.
    """
    if engine not in ENGINES:
        raise EngineError(
            f"{engine} is not installed here.", rule=f"Installed: {', '.join(ENGINES)}."
        )
    entries = {CONTRACT: canonical_json(contract.document), GRAPH_ENTRY: graph, **golden}
    hashes = {name: hashlib.sha256(data).hexdigest() for name, data in sorted(entries.items())}
    loaded = ENGINES[engine](graph, precision, settings)
    try:
        tensors = {name: _array(golden[entry]) for name, entry in golden_inputs(contract).items()}
        answer = loaded.infer(tensors)[contract.outputs[0].name]
        golden_error = share_apart(answer, _array(golden[GOLDEN_OUTPUT]))
    except BaseException:
        loaded.close()
        raise
    choice = EngineChoice(
        name=engine, version=loaded.info.version, precision=precision, graph=GRAPH_ENTRY,
        settings=dict(settings or {}),
    )  # fmt: skip
    facts = {
        "entries": hashes,
        "engine": [engine, choice.version, precision, dict(choice.settings)],
        "halo": document_from_halo(halo),
    }
    bundle = Bundle(
        # As a bundle's id: another graph, engine or precision gives other products.
        bundle_id=hashlib.sha256(canonical_json(facts)).hexdigest(),
        target=target,
        engines=(choice,),
        halo=halo,
        contract=contract,
        entries=entries,
        hashes=hashes,
        measured={},
    )
    return Model(
        bundle=bundle, choice=choice, engine=loaded, program=Single(loaded),
        golden_error=golden_error,
    )  # fmt: skip


def _array(data: bytes) -> npt.NDArray[np.generic]:
    found: npt.NDArray[np.generic] = np.load(io.BytesIO(data), allow_pickle=False)
    return found
