"""How the graphs of a bundle are called: the `edgers:program` of a contract, as frozen values.

Without one a model is *single*: its graph is run once a tile. Loops and choices are the runtime's,
heavy work the graphs'. The graph that the others go with is called `main`; each further one is a
*part* with a name of its own. Reading is in `read_program.py`.
"""

from dataclasses import dataclass
from typing import Literal

from edgers.contract.sampler import SamplerRule
from edgers.contract.two_tower import TwoTowerRule
from edgers.kernels.score_rule import Activation

MAIN = "main"
"""Name of the graph that `edgers compile` is given first."""

PART_NAMES = r"[a-z][a-z0-9-]{0,31}"
"""What a part may be called: it becomes part of the name of an entry."""

RESERVED = (MAIN, "fp32", "fp16", "bf16", "int8")
"""Names that no part may have: forms of the main graph are kept under their precision."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One graph of an ensemble."""

    part: str
    """Its name; `main` for the first graph."""
    weight: float = 1.0
    """What it counts for; weights are divided by their sum."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EnsembleRule:
    """Several graphs see the same tile, and what they say is averaged."""

    members: tuple[Member, ...]
    """Graphs, at least two."""
    activation: Activation = "none"
    """What each answer goes through before the mean: `softmax` and `sigmoid` give a mean of
    probabilities, `none` one of the values as they are."""
    spread: bool = False
    """Whether the standard deviation over members follows the mean, channel by channel."""

    @property
    def parts(self) -> tuple[str, ...]:
        """Name the graphs beside the main one."""
        return tuple(one.part for one in self.members if one.part != MAIN)


@dataclass(frozen=True, slots=True, kw_only=True)
class CascadeRule:
    """A cheap graph looks first, and the main one only at tiles that pass."""

    gate: str
    """Part that looks first."""
    output: str
    """Its output; of several numbers the largest counts."""
    inputs: tuple[str, ...]
    """Inputs of the contract that it takes."""
    threshold: float
    """Score from which a tile passes; a score that is no number passes too."""
    miss_rate: float
    """Stated share of the tiles worth a look that the gate stops, 0 to 1."""
    stated_on: str
    """What the miss rate was measured on, in words."""
    activation: Literal["none", "sigmoid"] = "none"
    """What the score goes through before it is compared."""
    otherwise: float = 0.0
    """What a tile that does not pass holds everywhere: a class, or a value."""

    @property
    def parts(self) -> tuple[str, ...]:
        """Name the graphs beside the main one."""
        return (self.gate,)


@dataclass(frozen=True, slots=True, kw_only=True)
class PerPixelRule:
    """The main graph takes pixels as rows of a table: trees, clusters, components, spectra."""

    pixel_shape: tuple[int, ...] = (-1,)
    """Shape of one pixel in the graph; −1 once, for as many as there are."""

    @property
    def parts(self) -> tuple[str, ...]:
        """Name the graphs beside the main one: none."""
        return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ClustersRule:
    """The main graph gives features of pixels, and k-means finds groups of them in each scene."""

    k: int
    """Number of clusters."""
    seed: int = 0
    """Seed of the first centroids."""
    sample_px: int = 16_384
    """Most pixels that the centroids are fitted to, on a lattice over the scene."""
    iterations: int = 100
    """Most rounds of the fit; it ends earlier where no pixel changes its cluster."""
    reference: tuple[tuple[float, ...], ...] = ()
    """Centroids, (cluster, feature), whose order the scene's take; empty for order by brightness,
    the mean of a centroid's features, darkest first."""
    axes: tuple[str, ...] = ("batch", "channel", "height", "width")
    """Axes of the features."""
    shape: tuple[int, ...] = (-1, -1, -1, -1)
    """Their shape; −1 where any size will do."""

    @property
    def parts(self) -> tuple[str, ...]:
        """Name the graphs beside the main one: none."""
        return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheRule:
    """Keys and values that a decoder gives back with each token, and takes again with the next."""

    past: tuple[str, ...]
    """Inputs of the decoder."""
    present: tuple[str, ...]
    """Its outputs, in the same order."""
    shape: tuple[int, ...]
    """Shape of one before the first token: batch, heads, 0, head size; batch is filled in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AutoregressiveRule:
    """The main graph reads the tile, and a decoder writes tokens about it, one after another."""

    decoder: str
    """Part that writes."""
    memory: str
    """Output of the main graph, and ..."""
    memory_input: str
    """... the input of the decoder that takes it."""
    tokens: str
    """Input of the decoder with the tokens so far, int64 (batch, length)."""
    logits: str
    """Output of the decoder, (batch, length, vocabulary)."""
    bos: int
    """Token that begins an answer."""
    eos: int
    """Token that ends it."""
    pad: int
    """Token that fills an answer up behind its end."""
    max_tokens: int
    """Longest answer, the prompt not counted."""
    beams: int = 1
    """Beams of the search; 1 is greedy."""
    length_penalty: float = 1.0
    """Sums of log-probabilities are divided by length ** this."""
    cache: CacheRule | None = None
    """Keys and values; None for a decoder that sees all tokens each time."""
    prompt: str = ""
    """What stands before the answer; `{prompt}` is what the user asks. Empty for none."""
    question: str = ""
    """What is asked where the user asks nothing."""
    max_prompt: int | None = None
    """Most tokens before the answer, `bos` and the question among them; None for any number."""

    @property
    def parts(self) -> tuple[str, ...]:
        """Name the graphs beside the main one."""
        return (self.decoder,)


ProgramRule = (
    EnsembleRule
    | CascadeRule
    | PerPixelRule
    | ClustersRule
    | SamplerRule
    | AutoregressiveRule
    | TwoTowerRule
)
"""Every kind but the single one, which has nothing to say."""
