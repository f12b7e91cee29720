"""Reading the rule of an autoregressive program."""

from collections.abc import Sequence

from edgers.contract.fields import Fields
from edgers.contract.model import ModelInput, ModelOutput
from edgers.contract.program import AutoregressiveRule, CacheRule

MOST_BEAMS = 32
"""Most beams of a search; the catalogue's largest is 3."""

CACHE_FIELDS = ("past", "present", "layers", "kinds", "shape")


def read_autoregressive(
    stated: Fields, _inputs: Sequence[ModelInput], output: ModelOutput
) -> AutoregressiveRule:
    """Read the rule; raises ContractError where it is not usable."""
    tokens = {key: stated.optional_count(key, 0) for key in ("bos", "eos", "pad")}
    for key, value in tokens.items():
        if value is None:
            raise stated.fail(key, "It must be the number of a token.")
    beams = stated.optional_count("beams", 1) or 1
    if beams > MOST_BEAMS:
        raise stated.fail("beams", f"At most {MOST_BEAMS} are tried.")
    longest = stated.optional_count("max_tokens", 1)
    if longest is None:
        raise stated.fail("max_tokens", "It must say how long an answer may become.")
    if output.dim_order != ("batch", "token"):
        raise stated.fail("kind", "The output must have the axes 'batch' and 'token'.")
    prompt = stated.optional_text("prompt") or ""
    if prompt.count("{prompt}") > 1:
        raise stated.fail("prompt", "'{prompt}' may stand once in it.")
    question = stated.optional_text("question") or ""
    if question and "{prompt}" not in prompt:
        raise stated.fail("question", "The 'prompt' has no '{prompt}' to put it at.")
    return AutoregressiveRule(
        decoder=stated.text("decoder"),
        memory=stated.text("memory"),
        memory_input=stated.text("memory_input"),
        tokens=stated.text("tokens"),
        logits=stated.text("logits"),
        bos=tokens["bos"] or 0,
        eos=tokens["eos"] or 0,
        pad=tokens["pad"] or 0,
        max_tokens=longest,
        beams=beams,
        length_penalty=stated.number("length_penalty", 1.0),
        cache=_read_cache(stated.object("cache")) if stated.has("cache") else None,
        prompt=prompt,
        question=question,
        max_prompt=stated.optional_count("max_prompt", 1),
    )


def _read_cache(stated: Fields) -> CacheRule:
    """Read names by their pattern: `past.{layer}.{kind}` for each layer and kind."""
    stated.refuse_unknown("", CACHE_FIELDS)
    layers = stated.optional_count("layers", 1)
    if layers is None:
        raise stated.fail("layers", "It must say how many layers have keys and values.")
    kinds = stated.texts("kinds") if stated.has("kinds") else ("key", "value")
    found = {}
    for which in ("past", "present"):
        pattern = stated.text(which)
        if "{layer}" not in pattern or (len(kinds) > 1 and "{kind}" not in pattern):
            raise stated.fail(which, "It must hold '{layer}' and '{kind}'.")
        found[which] = tuple(
            pattern.replace("{layer}", str(layer)).replace("{kind}", kind)
            for layer in range(layers)
            for kind in kinds
        )
    shape = stated.integers("shape")
    if shape.count(0) != 1 or len(shape) < 3 or shape[0] != -1 or min(shape[1:]) < 0:
        raise stated.fail("shape", "It must be [-1, heads, 0, size]: batch first, 0 for length.")
    return CacheRule(past=found["past"], present=found["present"], shape=shape)
