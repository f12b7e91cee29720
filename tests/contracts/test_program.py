"""What every program must do, shown on each kind."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import pytest
from builders.denoisers import Denoiser
from builders.programs import class_document, contract_of, conv_net, gate_net, value_document
from builders.trees import component_net
from builders.writers import CACHE, Writer

from edgers.contract import Contract
from edgers.engines import ENGINES, Engine
from edgers.errors import ContractError, EngineError
from edgers.export.program_halo import halo_of_program
from edgers.programs import Program, Spot, load_program

ENSEMBLE = {"kind": "ensemble", "members": [{"part": "main"}, {"part": "b"}]}
CASCADE = {
    "kind": "cascade", "gate": "gate", "output": "score", "threshold": 0.5, "miss_rate": 0.1,
    "stated_on": "nothing",
}  # fmt: skip
SAMPLER = {
    "kind": "sampler", "method": "ddpm", "steps": 3, "noisy": "z", "time": "t",
    "schedule": {"train_steps": 9},
}  # fmt: skip
WRITER = {
    "kind": "autoregressive", "decoder": "decoder", "memory": "memory", "memory_input": "memory",
    "tokens": "ids", "logits": "logits", "bos": 1, "eos": 2, "pad": 0, "max_tokens": 9, "beams": 2,
    "cache": CACHE,
}  # fmt: skip


@dataclass(frozen=True)
class Made:
    """One kind of program: its contract and graphs."""

    contract: Contract
    graphs: dict[str, onnx.ModelProto]

    def load(self, loader: Callable[[bytes], Engine] | None = None) -> Program:
        graphs = {name: net.SerializeToString() for name, net in self.graphs.items()}
        halo = halo_of_program(self.graphs, self.contract)
        return load_program(loader or ENGINES["onnxruntime"], graphs, self.contract, halo)


def text_document() -> dict[str, Any]:
    document = class_document(WRITER)
    output = document["mlm:output"][0]
    output["tasks"] = ["image-captioning"]
    output["result"] = {"shape": [-1, 9], "dim_order": ["batch", "token"], "data_type": "int64"}
    return document


def kinds() -> dict[str, Made]:
    writer = Writer(1)
    return {
        "single": Made(contract_of(value_document({"kind": "single"})), {"main": conv_net(1)}),
        "ensemble": Made(
            contract_of(value_document(ENSEMBLE)), {"main": conv_net(1), "b": conv_net(2)}
        ),
        "cascade": Made(
            contract_of(value_document(CASCADE)), {"main": conv_net(1), "gate": gate_net()}
        ),
        "per-pixel": Made(
            contract_of(value_document({"kind": "per-pixel"}, channels=2)),
            {"main": component_net(np.ones(3), np.eye(3)[:2])},
        ),
        "sampler": Made(
            contract_of(value_document(SAMPLER)),
            {"main": Denoiser(6, 3).graph({"z": 3, "x": 3})},
        ),
        "autoregressive": Made(
            contract_of(text_document()),
            {"main": writer.encoder(), "decoder": writer.decoder(with_cache=True)},
        ),
    }  # fmt: skip


KINDS = kinds()


@pytest.fixture(params=sorted(KINDS))
def made(request: pytest.FixtureRequest) -> Made:
    return KINDS[request.param]


def tile(seed: int = 0, size: int = 16) -> npt.NDArray[np.float32]:
    return np.random.default_rng(seed).standard_normal((1, 3, size, size)).astype(np.float32)


def test_it_says_which_runtime_it_is(made: Made) -> None:
    assert made.load().info.name == "onnxruntime"


def test_it_gives_the_output_of_the_contract_by_name_and_type(made: Made) -> None:
    found = made.load().infer({"x": tile()})["y"]
    output = made.contract.outputs[0]
    assert found.dtype == output.data_type
    assert len(found.shape) == len(output.dim_order)
    assert all(w in (-1, n) for w, n in zip(output.shape, found.shape, strict=True))


def test_a_result_hangs_on_tile_and_spot_alone(made: Made) -> None:
    program = made.load()
    work = [(tile(seed % 3), Spot(seed % 2, 7)) for seed in range(12)]
    alone = [made.load().infer({"x": pixels}, spot)["y"] for pixels, spot in work]
    with ThreadPoolExecutor(4) as pool:
        beside = list(pool.map(lambda one: program.infer({"x": one[0]}, one[1])["y"], work))
    assert all(np.array_equal(a, b) for a, b in zip(alone, beside, strict=True))


def test_only_a_sampler_minds_the_spot(made: Made) -> None:
    program = made.load()
    here, there = (program.infer({"x": tile()}, Spot(0, n))["y"] for n in (0, 64))
    assert np.array_equal(here, there) == (made is not KINDS["sampler"])


def test_it_does_not_touch_its_inputs(made: Made) -> None:
    pixels = tile()
    made.load().infer({"x": pixels})
    assert np.array_equal(pixels, tile())


def test_a_closed_program_is_an_engine_error_and_may_be_closed_again(made: Made) -> None:
    program = made.load()
    program.close()
    program.close()
    with pytest.raises(EngineError, match="closed"):
        program.infer({"x": tile()})


def test_all_graphs_are_given_back_where_one_does_not_load(made: Made) -> None:
    opened: list[Engine] = []

    def load(graph: bytes) -> Engine:
        if len(opened) == len(made.graphs) - 1:
            raise EngineError("this graph is refused.")
        opened.append(ENGINES["onnxruntime"](graph))
        return opened[-1]

    with pytest.raises(EngineError, match="refused"):
        made.load(load)
    for engine in opened:
        with pytest.raises(EngineError, match="closed"):
            engine.infer({})


@pytest.mark.parametrize("kind", sorted(set(KINDS) - {"single"}))
def test_a_field_that_is_not_known_is_refused(kind: str) -> None:
    document = dict(KINDS[kind].contract.document)
    document["edgers:program"] = {**document["edgers:program"], "colour": "red"}  # type: ignore[dict-item]
    with pytest.raises(ContractError, match="colour"):
        contract_of(document)
