"""Loading the graphs of a program."""

from collections.abc import Callable, Mapping
from contextlib import ExitStack, closing

from edgers.contract import Contract
from edgers.contract.program import (
    MAIN,
    AutoregressiveRule,
    CascadeRule,
    ClustersRule,
    EnsembleRule,
    PerPixelRule,
)
from edgers.contract.two_tower import TwoTowerRule
from edgers.engines.engine import Engine
from edgers.programs.autoregressive import Autoregressive
from edgers.programs.cascade import Cascade
from edgers.programs.clusters import Clusters
from edgers.programs.ensemble import Ensemble
from edgers.programs.per_pixel import PerPixel
from edgers.programs.program import Program
from edgers.programs.sampler import Sampler
from edgers.programs.single import Single
from edgers.programs.two_tower import TwoTower
from edgers.tiling.halo import Halo


def part_names(contract: Contract) -> tuple[str, ...]:
    """Name the graphs beside the main one that a contract calls for."""
    return () if contract.program is None else contract.program.parts


def load_program(
    load: Callable[[bytes], Engine], graphs: Mapping[str, bytes], contract: Contract, halo: Halo
) -> Program:
    """Load every graph and put the program around them.

    `graphs` holds the main graph and all parts by name. Raises EngineError, with nothing left open,
    where one is refused.
    """
    with ExitStack() as opened:
        engines: dict[str, Engine] = {}
        for part in (MAIN, *part_names(contract)):
            engines[part] = opened.enter_context(closing(load(graphs[part])))
        program = _program(engines, contract, halo)
        opened.pop_all()
        return program


def _program(engines: Mapping[str, Engine], contract: Contract, halo: Halo) -> Program:
    rule, main = contract.program, engines[MAIN]
    if rule is None:
        return Single(main)
    if isinstance(rule, EnsembleRule):
        return Ensemble(engines, rule, contract.outputs[0])
    if isinstance(rule, CascadeRule):
        return Cascade(engines[rule.gate], main, rule, contract, halo)
    if isinstance(rule, PerPixelRule):
        return PerPixel(main, rule, contract)
    if isinstance(rule, ClustersRule):
        return Clusters(main, rule, contract.outputs[0].name)
    if isinstance(rule, AutoregressiveRule):
        return Autoregressive(main, engines[rule.decoder], rule, contract)
    if isinstance(rule, TwoTowerRule):
        return TwoTower(main, engines[rule.text], rule)
    return Sampler(main, rule, contract)
