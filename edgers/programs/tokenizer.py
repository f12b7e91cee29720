"""From words to tokens and back, by the `tokenizer.json` of a bundle (library `tokenizers`)."""

from typing import TYPE_CHECKING, Any

import numpy as np

from edgers.bundle import TOKENIZER
from edgers.contract.program import AutoregressiveRule
from edgers.errors import BadInputError, BundleError, EngineError
from edgers.programs.search import Tokens

if TYPE_CHECKING:
    import numpy.typing as npt


class Tokenizer:
    """A loaded tokenizer and the rule that says what its tokens are for."""

    def __init__(self, data: bytes, rule: AutoregressiveRule) -> None:
        """Read it; raises EngineError without the library, and BundleError where it is damaged."""
        try:
            from tokenizers import Tokenizer as Library
        except ImportError as error:
            raise EngineError(
                "text needs the library tokenizers.",
                seen=f"{error}.",
                fix="Install it with: pip install 'edgers[text]'",
            ) from error
        try:
            self._inner: Any = Library.from_str(data.decode())
        # The library raises plain Exception on anything that it cannot read.
        except Exception as error:
            raise BundleError(f"{TOKENIZER} is no tokenizer.", seen=f"{error}.") from error
        self._rule = rule
        biggest = max(rule.bos, rule.eos, rule.pad)
        if biggest >= self._inner.get_vocab_size():
            raise BundleError(
                f"{TOKENIZER} does not have the tokens that the contract names.",
                seen=f"It has {self._inner.get_vocab_size()} tokens.",
                rule=f"The contract names token {biggest}.",
            )

    def prompt(self, asked: str = "") -> Tokens:
        """Give the tokens an answer goes on from, (1, length): `bos`, then the prompt.

        Raises BadInputError where something is asked and the contract has no place for it.
        """
        template = self._rule.prompt
        if asked and "{prompt}" not in template:
            raise BadInputError(
                "this model takes no question.",
                seen=f"Asked: {asked!r}.",
                rule="The prompt of its contract has no '{prompt}'.",
            )
        text = template.replace("{prompt}", asked)
        found = self._inner.encode(text, add_special_tokens=False).ids if text else []
        return np.array([[self._rule.bos, *found]], np.int64)

    def text(self, tokens: "npt.NDArray[np.generic]") -> str:
        """Give the words of an answer, (length,) or (1, length), up to its end."""
        rule, kept = self._rule, []
        for token in np.asarray(tokens).ravel().tolist():
            if token == rule.eos:
                break
            if token not in (rule.bos, rule.pad):
                kept.append(token)
        # Tokens of places are special to some tokenizers, and are part of the answer.
        return str(self._inner.decode(kept, skip_special_tokens=False))
