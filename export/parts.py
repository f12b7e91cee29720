"""The graphs of a program, read and held against its contract."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from edgers.bundle import TOKENIZER
from edgers.contract import Contract, ModelOutput
from edgers.contract.program import (
    MAIN,
    AutoregressiveRule,
    CascadeRule,
    ClustersRule,
    EnsembleRule,
    PerPixelRule,
)
from edgers.contract.read_clusters import feature_output
from edgers.contract.sampler import SamplerRule
from edgers.contract.two_tower import TwoTowerRule
from edgers.errors import BadInputError, ContractError
from edgers.export.graph import (
    check_contract,
    check_fit,
    graph_from_file,
    graph_inputs,
    tensor_facts,
)
from edgers.files import read_file
from edgers.programs.load import part_names
from edgers.programs.sentences import Sentences
from edgers.programs.tokenizer import Tokenizer

if TYPE_CHECKING:
    import onnx

MOST_TOKENIZER_BYTES = 64_000_000
"""Largest tokenizer read; those of 250 000 words have about 17 MB."""

Graphs = Mapping[str, "onnx.ModelProto"]


@dataclass(frozen=True, slots=True)
class Tensor:
    """What a graph must have under a name."""

    name: str
    """Name of the input or output."""
    data_type: str = ""
    """Its type; empty for any."""
    rank: int = 0
    """Its axes; 0 for any number."""


def graphs_from_files(graph: Path, parts: Mapping[str, Path], contract: Contract) -> Graphs:
    """Read the main graph and the parts; raises BadInputError where they are not the contract's."""
    wanted = part_names(contract)
    if set(wanted) != set(parts):
        raise BadInputError(
            "the graphs given are not those that the contract calls for.",
            seen=f"Given by --part: {', '.join(sorted(parts)) or 'none'}.",
            rule=f"Its edgers:program has: {', '.join(wanted) or 'none'}.",
            fix="Give each as --part NAME=FILE.onnx.",
        )
    paths = {MAIN: graph, **{name: parts[name] for name in wanted}}
    return {name: graph_from_file(path) for name, path in paths.items()}


def tokenizer_entries(tokenizer: Path | None, contract: Contract) -> dict[str, bytes]:
    """Read the tokenizer of a program that writes; none for others.

    Raises BadInputError where there is one too many or too few, BundleError where it is damaged.
    """
    rule = contract.program
    if tokenizer is None:
        if isinstance(rule, AutoregressiveRule) and rule.prompt:
            raise BadInputError(
                "a prompt needs a tokenizer.",
                seen=f"The contract has the prompt {rule.prompt!r}.",
                fix="Give one with --tokenizer tokenizer.json.",
            )
        if contract.outputs[0].shapes or isinstance(rule, TwoTowerRule):
            what = "a text tower needs" if isinstance(rule, TwoTowerRule) else "shapes in text need"
            raise BadInputError(
                f"{what} a tokenizer.",
                fix="Give one with --tokenizer tokenizer.json.",
            )
        return {}
    if not isinstance(rule, AutoregressiveRule | TwoTowerRule):
        raise BadInputError(
            "there is nothing to make words of.",
            rule="Only a contract with an autoregressive program, or two towers, takes a "
            "tokenizer.",
        )
    data = read_file(tokenizer, "tokenizer", MOST_TOKENIZER_BYTES, BadInputError)
    if isinstance(rule, TwoTowerRule):
        Sentences(data, rule)
    else:
        Tokenizer(data, rule)
    return {TOKENIZER: data}


def check_graphs(graphs: Graphs, contract: Contract) -> None:
    """Raise ContractError or GraphError where a graph does not fit what it is called with."""
    rule = contract.program
    if rule is None:
        check_fit(graphs[MAIN], contract)
        return
    check_contract(contract)
    checks: Mapping[type, Callable[[Graphs, Contract], None]] = {
        EnsembleRule: _check_ensemble,
        CascadeRule: _check_cascade,
        PerPixelRule: _check_per_pixel,
        ClustersRule: _check_clusters,
        SamplerRule: _check_sampler,
        AutoregressiveRule: _check_autoregressive,
        TwoTowerRule: _check_two_tower,
    }
    checks[type(rule)](graphs, contract)


def member_contract(contract: Contract) -> Contract:
    """Give the contract that each graph of an ensemble fits alone."""
    rule, output = contract.program, contract.outputs[0]
    assert isinstance(rule, EnsembleRule)
    if rule.spread:
        axes = zip(output.dim_order, output.shape, strict=True)
        shape = tuple(n // 2 if axis in ("class", "channel") and n > 0 else n for axis, n in axes)
        output = replace(output, shape=shape, values=())
    return replace(contract, outputs=(output,), program=None)


def _check_ensemble(graphs: Graphs, contract: Contract) -> None:
    for model in graphs.values():
        check_fit(model, member_contract(contract))


def _check_cascade(graphs: Graphs, contract: Contract) -> None:
    rule = contract.program
    assert isinstance(rule, CascadeRule)
    check_fit(graphs[MAIN], replace(contract, program=None))
    taken = [one for one in contract.inputs if one.name in rule.inputs]
    inputs = [Tensor(one.name, one.data_type, len(one.shape)) for one in taken]
    _check(rule.gate, graphs[rule.gate], inputs, [Tensor(rule.output)])


def _check_per_pixel(graphs: Graphs, contract: Contract) -> None:
    rule, output = contract.program, contract.outputs[0]
    assert isinstance(rule, PerPixelRule)
    rank = 1 + len(rule.pixel_shape)
    inputs = [Tensor(one.name, one.data_type, rank) for one in contract.inputs]
    _check(MAIN, graphs[MAIN], inputs, [_of(output, 0)])
    for entry in graph_inputs(graphs[MAIN]):
        if (count := tensor_facts(entry)[0][0]) != -1:
            raise ContractError(
                f"the graph takes {count} rows of {entry.name!r} at once.",
                rule="Where pixels, or spectra, are rows, their number must be free.",
                fix="Export the graph with a free first axis.",
            )


def _check_clusters(graphs: Graphs, contract: Contract) -> None:
    check_fit(graphs[MAIN], graph_contract(contract))


def graph_contract(contract: Contract) -> Contract:
    """Give the contract of what a program gives before it has seen a scene."""
    rule = contract.program
    if not isinstance(rule, ClustersRule):
        return contract
    output = feature_output(rule, contract.outputs[0])
    return replace(contract, outputs=(output, *contract.outputs[1:]), program=None)


def _check_sampler(graphs: Graphs, contract: Contract) -> None:
    rule = contract.program
    assert isinstance(rule, SamplerRule)
    rank = 5 if rule.is_volume else 4
    inputs = [Tensor(rule.noisy, "float32", rank), Tensor(rule.time, rule.time_type, 1)]
    if rule.condition == "input":
        inputs += [Tensor(one.name, one.data_type, rank) for one in contract.inputs]
    _check(MAIN, graphs[MAIN], inputs, [_of(contract.outputs[0], rank)])


def _check_autoregressive(graphs: Graphs, contract: Contract) -> None:
    rule = contract.program
    assert isinstance(rule, AutoregressiveRule)
    inputs = [Tensor(one.name, one.data_type, len(one.shape)) for one in contract.inputs]
    _check(MAIN, graphs[MAIN], inputs, [Tensor(rule.memory)])
    cache = rule.cache
    past = [Tensor(name, "float32", len(cache.shape)) for name in cache.past] if cache else []
    present = [Tensor(name, "float32") for name in cache.present] if cache else []
    _check(
        rule.decoder, graphs[rule.decoder],
        [Tensor(rule.tokens, "int64", 2), Tensor(rule.memory_input), *past],
        [Tensor(rule.logits), *present],
    )  # fmt: skip


def _check_two_tower(graphs: Graphs, contract: Contract) -> None:
    rule = contract.program
    assert isinstance(rule, TwoTowerRule)
    check_fit(graphs[MAIN], replace(contract, program=None))
    names = (rule.tokens, *((rule.mask,) if rule.mask else ()))
    inputs = [Tensor(name, rule.token_type, 2) for name in names]
    _check(rule.text, graphs[rule.text], inputs, [Tensor(rule.embedding, "float32", 2)])
    found = {entry.name: entry for entry in graph_inputs(graphs[rule.text])}
    shape, _ = tensor_facts(found[rule.tokens])
    length = shape[1] if shape else -1
    if length > 0 and length != rule.length:
        raise ContractError(
            f"the text tower takes sentences of {length} tokens.",
            seen=f"The contract states 'length': {rule.length}.",
            fix=f"State 'length': {length} in its edgers:program.",
        )


def _of(output: ModelOutput, rank: int) -> Tensor:
    return Tensor(output.name, output.data_type, rank)


def _check(
    part: str, model: "onnx.ModelProto", inputs: Sequence[Tensor], outputs: Sequence[Tensor]
) -> None:
    """Hold names, types and axes of a graph against what it is called with."""
    found = {entry.name: entry for entry in graph_inputs(model)}
    given = {entry.name: entry for entry in model.graph.output}
    if left := sorted(set(found) - {one.name for one in inputs}):
        raise ContractError(
            f"graph {part!r} takes {left[0]!r}, which its program does not give.",
            rule=f"It is called with: {', '.join(one.name for one in inputs)}.",
        )
    for kind, wanted, there in (("input", inputs, found), ("output", outputs, given)):
        for one in wanted:
            if one.name not in there:
                raise ContractError(
                    f"graph {part!r} has no {kind} {one.name!r}.",
                    seen=f"Its {kind}s are: {', '.join(there) or 'none'}.",
                    fix="Correct the names in the contract's edgers:program.",
                )
            shape, data_type = tensor_facts(there[one.name])
            if one.data_type and data_type != one.data_type:
                raise ContractError(
                    f"{kind} {one.name!r} of graph {part!r} is {data_type}, "
                    f"its program needs {one.data_type}."
                )
            known = there[one.name].type.tensor_type.HasField("shape")
            if one.rank and known and len(shape) != one.rank:
                raise ContractError(
                    f"{kind} {one.name!r} of graph {part!r} has {len(shape)} axes, "
                    f"its program needs {one.rank}."
                )
