"""The rule of a sampler: an answer that is drawn from noise in steps, as frozen values."""

from dataclasses import dataclass
from typing import Literal

Method = Literal["ddpm", "ddim", "dpm-solver++"]
"""Steps: Ho et al. 2020 (arXiv:2006.11239), Song et al. 2021 (arXiv:2010.02502), and the multistep
solver of order 2 of Lu et al. 2022 (arXiv:2211.01095)."""
Betas = Literal["linear", "scaled-linear", "cosine"]
"""How much noise a training step adds: betas evenly spaced, their square roots evenly spaced
(latent diffusion), or after the squared cosine of Nichol and Dhariwal 2021 (arXiv:2102.09672)."""
Prediction = Literal["epsilon", "v", "sample"]
"""What the network gives: the noise, the velocity (Salimans and Ho 2022, arXiv:2202.00512), or the
clean answer."""
Start = Literal["noise", "image"]
TimeType = Literal["int64", "float32"]
Spacing = Literal["trailing", "leading"]
Condition = Literal["input", "before", "after", "none"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SamplerRule:
    """The main graph takes noise out of an answer, step by step."""

    method: Method
    """Which steps are taken."""
    steps: int
    """How many."""
    noisy: str
    """Input of the graph that takes the answer as it stands."""
    time: str
    """Input of the graph that takes the training step it stands at, one number a batch."""
    time_type: TimeType = "int64"
    """Type of that number."""
    condition: Condition = "input"
    """Where the image goes: into its own inputs, or as channels `before` or `after` those of the
    noisy answer; `none` where only the start sees it."""
    train_steps: int = 1000
    """Steps of the schedule the network was trained on."""
    betas: Betas = "linear"
    """Shape of the schedule."""
    beta_start: float = 1e-4
    """First beta; the cosine has none. The default is that of Ho et al."""
    beta_end: float = 0.02
    """Last beta; the cosine has none."""
    spacing: Spacing = "trailing"
    """Which training steps are visited: counted down from the last, or multiples down to 0."""
    prediction: Prediction = "epsilon"
    """What the network gives."""
    clip: float | None = None
    """Largest absolute value of the clean answer that a step assumes; None for no limit."""
    eta: float = 0.0
    """Noise that DDIM adds, as a share of DDPM's."""
    start: Start = "noise"
    """What stands first: noise, or the image itself, which is taken for noisy (denoisers)."""
    is_volume: bool = False
    """Whether the graph takes bands as depth: (batch, 1, band, height, width)."""
    seed: int = 0
    """With the place of a tile, gives its noise."""

    @property
    def parts(self) -> tuple[str, ...]:
        """Name the graphs beside the main one: none."""
        return ()
