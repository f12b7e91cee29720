"""Words to tokens and back."""

import builtins
from typing import Any

import numpy as np
import pytest

from edgers.contract.program import AutoregressiveRule
from edgers.errors import BadInputError, BundleError, EngineError
from edgers.programs.tokenizer import Tokenizer

library = pytest.importorskip("tokenizers")

VOCABULARY = ["<pad>", "<s>", "</s>", "what", "is", "this", "a", "ship", "?", "<loc_7>", "<loc_9>"]


def data() -> bytes:
    model = library.models.WordLevel({word: i for i, word in enumerate(VOCABULARY)}, "<pad>")
    made = library.Tokenizer(model)
    made.pre_tokenizer = library.pre_tokenizers.Whitespace()
    made.add_special_tokens(VOCABULARY[:3])
    made.add_special_tokens(["<loc_7>", "<loc_9>"])
    text: str = made.to_str()
    return text.encode()


def rule(prompt: str = "", eos: int = 2) -> AutoregressiveRule:
    return AutoregressiveRule(
        decoder="decoder", memory="m", memory_input="m", tokens="t", logits="l", bos=1, eos=eos,
        pad=0, max_tokens=5, prompt=prompt,
    )  # fmt: skip


def test_a_question_is_put_into_the_template() -> None:
    asking = Tokenizer(data(), rule("what is {prompt} ?"))
    assert asking.prompt("this ship").tolist() == [[1, 3, 4, 5, 7, 8]]
    assert asking.prompt().tolist() == [[1, 3, 4, 8]]
    assert Tokenizer(data(), rule()).prompt().tolist() == [[1]]


def test_a_question_to_a_model_that_takes_none_is_refused() -> None:
    with pytest.raises(BadInputError, match="takes no question"):
        Tokenizer(data(), rule("what is this")).prompt("a ship")


def test_an_answer_ends_at_its_end_and_keeps_its_places() -> None:
    found = Tokenizer(data(), rule()).text(np.array([[1, 6, 7, 9, 10, 2, 5, 5]]))
    assert found.replace(" ", "") == "aship<loc_7><loc_9>"
    assert Tokenizer(data(), rule()).text(np.array([6, 0, 7, 0])) == "a ship"


def test_what_is_no_tokenizer_or_another_ones_is_refused() -> None:
    for wrong in (b"", b"{}", b"\xff\xfe", data()[:50]):
        with pytest.raises(BundleError, match="no tokenizer"):
            Tokenizer(wrong, rule())
    with pytest.raises(BundleError, match="does not have the tokens"):
        Tokenizer(data(), rule(eos=11))


def test_without_the_library_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    ordinary = builtins.__import__

    def without(name: str, *rest: Any, **more: Any) -> Any:
        if name == "tokenizers":
            raise ImportError("No module named 'tokenizers'")
        return ordinary(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(EngineError, match=r"edgers\[text\]"):
        Tokenizer(b"", rule())
