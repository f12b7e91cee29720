"""Text of a run: what is asked of a model that writes, and the words of what it answers."""

from collections.abc import Sequence

from edgers.bundle import TOKENIZER
from edgers.contract.program import AutoregressiveRule
from edgers.engines import Tensors
from edgers.errors import BadInputError
from edgers.pipeline.model import Model
from edgers.programs.autoregressive import prompt_name
from edgers.programs.tokenizer import Tokenizer
from edgers.tasks.row_meaning import Words


def words_of(model: Model) -> Words | None:
    """Give what makes words of a model's tokens; None where its bundle has no tokenizer."""
    found = _tokenizer(model)
    return None if found is None else found.text


def questions_of(model: Model, asked: Sequence[str]) -> tuple[str, ...]:
    """Give what is asked of every tile: by the user, else by the contract; may be nothing."""
    rule = model.bundle.contract.program
    stated = rule.question if isinstance(rule, AutoregressiveRule) else ""
    return tuple(asked) or ((stated,) if stated else ())


def prompts(model: Model, asked: Sequence[str]) -> Tensors:
    """Give what every tile gets beside its image: the tokens of questions, if the model takes one.

    Raises BadInputError where something is asked of a model that takes no question, or too much.
    """
    found = _tokenizer(model)
    if found is not None:
        questions = questions_of(model, asked) or ("",)
        return {prompt_name(i): found.prompt(one) for i, one in enumerate(questions)}
    if asked:
        raise BadInputError(
            f"model {model.bundle.contract.name!r} takes no question.",
            seen=f"Asked: {asked[0]!r}.",
            rule="A model that does has an autoregressive program and a tokenizer in its bundle.",
            fix="Run without --ask.",
        )
    return {}


def _tokenizer(model: Model) -> Tokenizer | None:
    rule, data = model.bundle.contract.program, model.bundle.entries.get(TOKENIZER)
    if data is None or not isinstance(rule, AutoregressiveRule):
        return None
    return Tokenizer(data, rule)
