"""From words to tokens and back, by the `tokenizer.json` of a bundle (library `tokenizers`)."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from edgers.bundle import TOKENIZER
from edgers.contract.program import AutoregressiveRule
from edgers.errors import BadInputError, BundleError, EngineError
from edgers.programs.search import Tokens

if TYPE_CHECKING:
    import numpy.typing as npt


def tokenizer_from(data: bytes, biggest: int) -> Any:
    """Load a tokenizer that has the token `biggest`; nothing is cut off or filled up by it.

    Raises EngineError without the library, and BundleError where it is damaged, or another one's.
    """
    try:
        from tokenizers import Tokenizer as Library
    except ImportError as error:
        raise EngineError(
            "text needs the library tokenizers.",
            seen=f"{error}.",
            fix="Install it with: pip install 'edgers[text]'",
        ) from error
    try:
        found = Library.from_str(data.decode())
    # The library raises plain Exception on anything that it cannot read.
    except Exception as error:
        raise BundleError(f"{TOKENIZER} is no tokenizer.", seen=f"{error}.") from error
    if biggest >= found.get_vocab_size():
        raise BundleError(
            f"{TOKENIZER} does not have the tokens that the contract names.",
            seen=f"It has {found.get_vocab_size()} tokens.",
            rule=f"The contract names token {biggest}.",
        )
    return found


def too_long(text: str, count: int, limit: int, fits: Callable[[str], bool]) -> BadInputError:
    """Say that a text of `count` tokens is too long, and how many of its words fit."""
    words = text.split()
    left = next((n for n in range(len(words), 0, -1) if fits(" ".join(words[:n]))), 0)
    return BadInputError(
        f"{text[:60]!r}{' …' if len(text) > 60 else ''} is too long for this model.",
        seen=f"It has {len(words)} words, with what stands around them {count} tokens.",
        rule=f"At most {limit} tokens: its first {left} words.",
        fix="Say it in fewer words.",
    )


class Tokenizer:
    """A loaded tokenizer and the rule that says what its tokens are for."""

    def __init__(self, data: bytes, rule: AutoregressiveRule) -> None:
        """Read it; raises as `tokenizer_from`."""
        self._inner = tokenizer_from(data, max(rule.bos, rule.eos, rule.pad))
        self._inner.no_truncation()
        self._inner.no_padding()
        self._rule = rule

    def prompt(self, asked: str = "") -> Tokens:
        """Give the tokens an answer goes on from, (1, length): `bos`, then the prompt.

        Raises BadInputError where something is asked and the contract has no place for it, or too
        much is.
        """
        if asked and "{prompt}" not in self._rule.prompt:
            raise BadInputError(
                "this model takes no question.",
                seen=f"Asked: {asked!r}.",
                rule="The prompt of its contract has no '{prompt}'.",
            )
        found, limit = self._tokens(asked), self._rule.max_prompt
        if limit is not None and len(found) > limit:
            raise too_long(
                asked, len(found), limit, lambda text: len(self._tokens(text)) <= limit
            )  # fmt: skip
        return np.array([found], np.int64)

    def _tokens(self, asked: str) -> list[int]:
        text = self._rule.prompt.replace("{prompt}", asked)
        found = self._inner.encode(text, add_special_tokens=False).ids if text else []
        return [self._rule.bos, *found]

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
