"""From the answers of a model that writes to objects, in pixels of a tile's window."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from edgers.contract import ModelClass
from edgers.engines import Tensors
from edgers.errors import BundleError
from edgers.pipeline.model import Model
from edgers.pipeline.text import questions_of, words_of
from edgers.programs.autoregressive import SCORES
from edgers.programs.spoken_shape import SpokenShape
from edgers.programs.spoken_shapes import shapes_in
from edgers.tasks.boxes import BoxBlock
from edgers.tasks.pieces import pieces_of

UNNAMED = "unnamed"
"""Name of what a text does not name, where nothing was asked either."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpokenObject:
    """A shape, and what it is."""

    name: str
    """Its class, or what it is said to be."""
    question: int
    """Position of the question it answers."""
    shape: SpokenShape
    """Where it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What the texts of one tile tell."""

    objects: tuple[SpokenObject, ...]
    """Objects in the order of the texts."""
    malformed: int
    """What looks like a shape and is none."""
    unknown: int
    """Shapes that are of no class of the contract."""


class SpokenDecoder:
    """Decoder of a model whose text tells where things are; a plain function of its tokens."""

    def __init__(self, model: Model, ask: Sequence[str]) -> None:
        """Prepare for what is asked; raises BundleError where there is nothing to make words of."""
        words = words_of(model)
        if words is None:
            raise BundleError(
                "the bundle has no tokenizer.",
                rule="Shapes are read from words.",
                fix="Compile it with --tokenizer tokenizer.json.",
            )
        self._words, self._output = words, model.output
        self.questions = questions_of(model, ask) or ("",)
        self._known = {plain(one.name): one for one in self._output.classes}

    def texts(self, tensors: Tensors) -> list[str]:
        """Give the answer to each question."""
        tokens = np.split(tensors[self._output.name].ravel(), len(self.questions))
        return [self._words(one) for one in tokens]

    def hear(self, texts: Sequence[str], window_shape: tuple[int, int]) -> Heard:
        """Read the answers about a window of that height and width."""
        objects: dict[tuple[int, str, bytes], SpokenObject] = {}
        malformed = unknown = 0
        for question, text in enumerate(texts):
            shapes, none = shapes_in(text, self._output.shapes, *window_shape)
            malformed += none
            for shape in shapes:
                name = self._name(shape.name or self.questions[question])
                if name is None:
                    unknown += 1
                    continue
                # Models that got stuck say the same again and again.
                key = (question, plain(name), shape.ring.tobytes())
                objects.setdefault(key, SpokenObject(name=name, question=question, shape=shape))
        return Heard(objects=tuple(objects.values()), malformed=malformed, unknown=unknown)

    def decode(self, tensors: Tensors, window_shape: tuple[int, int]) -> BoxBlock:
        """Give the objects of a tile; the kind of each is its position among them."""
        objects = self.hear(self.texts(tensors), window_shape).objects
        scores = tensors[SCORES].astype(np.float64)
        corners = np.array([one.shape.box for one in objects]).reshape(-1, 4, 2)
        pieces = pieces_of(
            corners, scores[[one.question for one in objects]], np.arange(len(objects))
        )
        return BoxBlock(pieces=pieces, lost=False)

    def _name(self, said: str) -> str | None:
        """Give the class that is meant, None where there is none such."""
        known: dict[str, ModelClass] = self._known
        if not known:
            return said or UNNAMED
        if len(known) == 1 and not said:
            return next(iter(known.values())).name
        found = known.get(plain(said))
        return None if found is None else found.name


def plain(name: str) -> str:
    """Give a name by which others, that differ in case, hyphens and blanks alone, are the same."""
    return re.sub(r"[\s_-]+", " ", name).strip().casefold()
