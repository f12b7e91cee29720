"""Sentences as a text tower takes them: begun, ended and filled up as in its training."""

from dataclasses import dataclass

import numpy as np

from edgers.contract.two_tower import TwoTowerRule
from edgers.errors import BundleError
from edgers.programs.search import Tokens
from edgers.programs.tokenizer import tokenizer_from, too_long


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentence:
    """One sentence in tokens."""

    tokens: Tokens
    """Its tokens, and what fills it up, (1, length)."""
    count: int
    """Tokens that are its own."""


class Sentences:
    """A loaded tokenizer, and how a text tower wants its tokens."""

    def __init__(self, data: bytes, rule: TwoTowerRule) -> None:
        """Read it; raises EngineError without the library, BundleError where it does not do."""
        named = [one for one in (rule.bos, rule.eos, rule.pad) if one is not None]
        self._inner = tokenizer_from(data, max(named, default=0))
        cut, filled = self._inner.truncation or {}, self._inner.padding or {}
        self._rule = rule
        self._length = rule.length or filled.get("length") or cut.get("max_length")
        self._pad = filled.get("pad_id") if rule.pad is None else rule.pad
        self._inner.no_truncation()
        self._inner.no_padding()
        is_filled = rule.length or filled.get("length")
        if not is_filled:
            # Cut off, but never filled up.
            self._pad = None
        elif self._pad is None:
            raise BundleError(
                "nothing says what fills a sentence up.",
                seen=f"The text tower takes {self._length} tokens.",
                rule="Either the contract has 'pad', or the tokenizer has padding.",
            )

    def tokens(self, text: str) -> Sentence:
        """Give the tokens of a sentence; raises BadInputError where it is too long."""
        found, limit = self._own(text), self._length
        if limit is not None and len(found) > limit:
            # What is cut off would be looked for by nobody, and not be told of.
            raise too_long(text, len(found), limit, lambda some: len(self._own(some)) <= limit)
        count = len(found)
        if self._pad is not None:
            found += [self._pad] * ((limit or count) - count)
        return Sentence(tokens=np.array([found], np.int64), count=count)

    def _own(self, text: str) -> list[int]:
        rule = self._rule
        if rule.bos is None or rule.eos is None:
            return list(self._inner.encode(text).ids)
        return [rule.bos, *self._inner.encode(text, add_special_tokens=False).ids, rule.eos]
