"""Classes that are said at a run: the text tower of a bundle makes vectors of their names."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from edgers.bundle import TOKENIZER
from edgers.contract.two_tower import TwoTowerRule
from edgers.errors import BadInputError
from edgers.pipeline.model import Model
from edgers.programs.sentences import Sentences
from edgers.programs.two_tower import TwoTower
from edgers.stored_vectors import StoredVectors, of_length_one
from edgers.vector_swap import with_vectors

Vector = npt.NDArray[np.float32]


def class_vectors(model: Model, names: Sequence[str]) -> StoredVectors:
    """Make the vectors of classes: the mean direction of what the contract's templates say of each.

    Raises BadInputError where the bundle has no text tower, or a name is too long for it.
    """
    tower, rows = _Tower(model), []
    for name in names:
        said = tower.read([one.replace("{}", name) for one in tower.rule.templates])
        rows.append(of_length_one(of_length_one(said).mean(axis=0)))
    return StoredVectors(
        names=tuple(names),
        matrix=np.array(rows, np.float32),
        scale=tower.rule.scale,
        bias=tower.rule.bias,
        activation=tower.rule.activation,
        tower=f"{model.bundle.contract.name}, {' | '.join(tower.rule.templates)}",
    )


def sentence_vector(model: Model, text: str) -> Vector:
    """Embed a sentence as it stands, (feature,); raises as `class_vectors`."""
    found: Vector = _Tower(model).read([text])[0]
    return found


def with_classes(model: Model, names: Sequence[str]) -> Model:
    """Give a model with classes in place of those of its bundle, as `edgers swap` would make it."""
    return replace(model, bundle=with_vectors(model.bundle, class_vectors(model, names)))


def names_from_text(text: str) -> tuple[str, ...]:
    """Read names of classes, parted by commas; raises BadInputError where there is none."""
    names = tuple(one.strip() for one in text.split(",") if one.strip())
    if not names:
        raise BadInputError("no class is named.", fix="Name them, parted by commas.")
    return names


class _Tower:
    """The text tower of a model."""

    def __init__(self, model: Model) -> None:
        rule, data = model.bundle.contract.program, model.bundle.entries.get(TOKENIZER)
        towers = model.engine
        if not isinstance(rule, TwoTowerRule) or not isinstance(towers, TwoTower) or data is None:
            raise BadInputError(
                f"model {model.bundle.contract.name!r} reads no words.",
                rule="One that does has an 'edgers:program' of the kind 'two-tower'.",
                fix="Put vectors that were made on the ground into it: edgers swap --vectors.",
            )
        self.rule, self._sentences, self._towers = rule, Sentences(data, rule), towers

    def read(self, texts: Sequence[str]) -> Vector:
        """Embed sentences, (sentence, feature)."""
        rows = [self._sentences.tokens(one) for one in texts]
        return np.array([self._towers.read(one.tokens, one.count) for one in rows])
