"""What a program must give again at every load: the golden answers of a bundle."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from edgers.bundle import GOLDEN_GATE, GOLDEN_TEXT
from edgers.engines.engine import Engine, Tensors
from edgers.programs.cascade import Cascade
from edgers.programs.two_tower import TwoTower


def provable(program: Engine) -> Engine:
    """Give what must answer the golden tile, and be the same in tiles as untiled.

    Of a cascade that is the heavy graph, for whether a tile passes says nothing of its answer; of
    all else it is the whole.
    """
    return program.heavy if isinstance(program, Cascade) else program


def side_answers(program: Engine, inputs: Tensors) -> Mapping[str, npt.NDArray[np.generic]]:
    """Give what else must come again, by bundle entry.

    That is what the gate of a cascade says, and what the text tower makes of a sentence.
    """
    if isinstance(program, TwoTower):
        return {GOLDEN_TEXT: program.golden_sentence()}
    return {GOLDEN_GATE: program.scores(inputs)} if isinstance(program, Cascade) else {}
