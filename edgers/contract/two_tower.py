"""Two towers: one graph embeds pictures, one sentences; reading is in `read_two_tower.py`."""

from dataclasses import dataclass
from typing import Literal

from edgers.kernels.score_rule import Activation

TokenType = Literal["int64", "int32"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TwoTowerRule:
    """The main graph embeds the tile, and a part sentences: what is looked for is said at a run."""

    text: str
    """Part that embeds sentences."""
    tokens: str
    """Its input with the tokens of a sentence, (batch, length)."""
    embedding: str
    """Its output, (batch, feature)."""
    mask: str | None = None
    """Its input that says which tokens are of the sentence, 1, and which fill it up, 0."""
    token_type: TokenType = "int64"
    """Type of both inputs."""
    bos: int | None = None
    """Token that begins a sentence. Where neither it nor `eos` is stated, the tokenizer adds what
    it adds."""
    eos: int | None = None
    """Token that ends it."""
    pad: int | None = None
    """Token that fills it up; None for what the tokenizer's padding has."""
    length: int | None = None
    """Tokens the graph takes; None for what the tokenizer cuts off at or fills up to, else any."""
    templates: tuple[str, ...] = ("{}",)
    """Sentences about a class, `{}` for its name: the mean of their directions stands for it."""
    scale: float = 1.0
    """What a cosine is multiplied with before it becomes a probability (CLIP: about 100)."""
    bias: float = 0.0
    """What is added then (SigLIP: about −16)."""
    activation: Activation = "softmax"
    """`softmax` where one class holds (CLIP), `sigmoid` where several may (SigLIP)."""

    @property
    def parts(self) -> tuple[str, ...]:
        """Name the graphs beside the main one."""
        return (self.text,)
