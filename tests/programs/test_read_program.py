"""What a contract may say of its program, and what is refused."""

from typing import Any

import pytest
from builders.networks import two_class_contract
from builders.programs import class_document, contract_of, value_document

from edgers.contract.program import CacheRule, EnsembleRule
from edgers.contract.sampler import SamplerRule
from edgers.errors import ContractError

MEMBERS = [{"part": "main"}, {"part": "b"}]
ENSEMBLE = {"kind": "ensemble", "members": MEMBERS}
CASCADE = {
    "kind": "cascade", "gate": "gate", "output": "score", "threshold": 0.5, "miss_rate": 0.1,
    "stated_on": "nothing",
}  # fmt: skip
SAMPLER = {"kind": "sampler", "method": "ddim", "steps": 3, "noisy": "z", "time": "t"}


def test_comments_may_stand_in_a_program() -> None:
    rule = contract_of(value_document({**ENSEMBLE, "$comment": "two seeds"})).program
    assert isinstance(rule, EnsembleRule)
    assert rule.parts == ("b",)


def test_a_sampler_has_the_schedule_of_its_paper_where_it_states_none() -> None:
    rule = contract_of(value_document(SAMPLER)).program
    assert isinstance(rule, SamplerRule)
    assert (rule.train_steps, rule.betas, rule.beta_start, rule.beta_end) == (
        1000, "linear", 1e-4, 0.02,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("program", "message"),
    [
        ({"kind": "sampled"}, "Did you mean 'sampler'"),
        ({}, "kind"),
        ({**ENSEMBLE, "weights": [1, 2]}, "weights"),
        ({**ENSEMBLE, "members": MEMBERS[:1]}, "members"),
        ({**ENSEMBLE, "members": [{"part": "b"}, {"part": "c"}]}, "members"),
        ({**ENSEMBLE, "members": [*MEMBERS, {"part": "b"}]}, "members"),
        ({**ENSEMBLE, "members": [{"part": "main"}, {"part": "b", "weight": 0}]}, "above zero"),
        ({**ENSEMBLE, "members": [{"part": "main"}, {"part": "../b"}]}, "another name"),
        ({**ENSEMBLE, "members": [{"part": "main"}, {"part": "int8"}]}, "another name"),
        ({**ENSEMBLE, "spread": True}, "even length"),
        ({**CASCADE, "miss_rate": 1.2}, "between 0 and 1"),
        ({**CASCADE, "miss_rate": None}, "miss_rate"),
        ({**CASCADE, "stated_on": ""}, "stated_on"),
        ({**CASCADE, "inputs": ["z"]}, "name some of: x"),
        ({**CASCADE, "gate": "main"}, "another name"),
        ({"kind": "per-pixel", "pixel_shape": [-1, -1]}, "once"),
        ({"kind": "per-pixel", "pixel_shape": [0]}, "above zero"),
        ({**SAMPLER, "steps": 2000}, "steps of training"),
        ({**SAMPLER, "steps": None}, "steps of training"),
        ({**SAMPLER, "schedule": {"betas": "quadratic"}}, "one of"),
        ({**SAMPLER, "schedule": {"beta_start": 0.5}}, "between beta_start and 1"),
        ({**SAMPLER, "schedule": {"steps": 5}}, "not known"),
        ({**SAMPLER, "method": "ddpm", "eta": 0.5}, "only 'ddim'"),
        ({**SAMPLER, "noisy": "x"}, "other tensors"),
        ({**SAMPLER, "time": "x"}, "other tensors"),
        ({**SAMPLER, "clip": -1}, "above zero"),
        ({**SAMPLER, "seed": 2**32}, "below"),
    ],
)
def test_a_program_that_is_not_usable_is_refused(program: dict[str, Any], message: str) -> None:
    with pytest.raises(ContractError, match=message):
        contract_of(value_document(program))


def test_a_mean_of_probabilities_needs_no_activation_after_it() -> None:
    with pytest.raises(ContractError, match="must be 'none'"):
        contract_of(class_document({**ENSEMBLE, "activation": "softmax"}))


def test_a_gated_tile_holds_a_class_that_there_is() -> None:
    with pytest.raises(ContractError, match="value of a class"):
        contract_of({**two_class_contract(), "edgers:program": {**CASCADE, "otherwise": 7}})


def text_document(**program: Any) -> dict[str, Any]:
    document = class_document({
        "kind": "autoregressive", "decoder": "decoder", "memory": "m", "memory_input": "m",
        "tokens": "t", "logits": "l", "bos": 1, "eos": 2, "pad": 0, "max_tokens": 9, **program,
    })  # fmt: skip
    output = document["mlm:output"][0]
    output["result"] = {"shape": [-1, 9], "dim_order": ["batch", "token"], "data_type": "int64"}
    return document


CACHE = {"past": "p.{layer}.{kind}", "present": "q.{layer}.{kind}", "layers": 2,
         "shape": [-1, 2, 0, 4]}  # fmt: skip


def test_tensors_of_a_cache_are_named_by_pattern() -> None:
    rule = contract_of(text_document(cache=CACHE)).program
    cache = getattr(rule, "cache", None)
    assert isinstance(cache, CacheRule)
    assert cache.past == ("p.0.key", "p.0.value", "p.1.key", "p.1.value")
    assert cache.present[-1] == "q.1.value"


@pytest.mark.parametrize(
    ("program", "message"),
    [
        ({"eos": None}, "number of a token"),
        ({"max_tokens": None}, "how long"),
        ({"beams": 99}, "At most"),
        ({"prompt": "{prompt} {prompt}"}, "once"),
        ({"cache": {**CACHE, "past": "p.{kind}"}}, "layer"),
        ({"cache": {**CACHE, "shape": [-1, 2, 4]}}, "0 for length"),
        ({"cache": {**CACHE, "layers": None}}, "how many layers"),
        ({"cache": {**CACHE, "heads": 2}}, "not known"),
    ],
)
def test_a_writer_that_is_not_usable_is_refused(program: dict[str, Any], message: str) -> None:
    with pytest.raises(ContractError, match=message):
        contract_of(text_document(**program))
