"""The four bands, the scaling that the network expects, and what things reflect in them."""

import numpy as np
import numpy.typing as npt

Colour = npt.NDArray[np.float32]
"""Reflectance in each band, (band,)."""

BANDS = (("B1", "blue", 0.48), ("B2", "green", 0.56), ("B3", "red", 0.66), ("B4", "nir", 0.83))
"""Name, common name and middle in micrometres; as satellites with 0.3 m pixels have them."""

SCALE = 10000.0
"""Digital numbers per unit of reflectance."""

MEAN_DN = (1200.0, 1250.0, 1250.0, 1550.0)
STDDEV_DN = (850.0, 850.0, 900.0, 1050.0)
"""Scaling of the contract, band by band; round numbers near those of the training scenes."""


def _colour(blue: float, green: float, red: float, nir: float) -> Colour:
    return np.array([blue, green, red, nir], np.float32)


SEA = _colour(0.062, 0.058, 0.036, 0.016)
SHOAL = _colour(0.075, 0.092, 0.060, 0.024)
FOAM = _colour(0.33, 0.35, 0.34, 0.26)
GRASS = _colour(0.045, 0.082, 0.060, 0.300)
MEADOW = _colour(0.060, 0.100, 0.090, 0.250)
SOIL = _colour(0.105, 0.140, 0.180, 0.240)
TREE = _colour(0.024, 0.045, 0.028, 0.235)
ASPHALT = _colour(0.095, 0.100, 0.102, 0.110)
CONCRETE = _colour(0.230, 0.250, 0.255, 0.280)
PAINT = _colour(0.40, 0.42, 0.42, 0.42)
YELLOW = _colour(0.10, 0.30, 0.38, 0.40)
GLASS = _colour(0.050, 0.055, 0.055, 0.060)
WHITE = _colour(0.47, 0.48, 0.48, 0.48)
CLOUD = _colour(0.55, 0.54, 0.53, 0.55)
WOOD = _colour(0.13, 0.16, 0.19, 0.25)

ROOFS = (
    _colour(0.07, 0.10, 0.22, 0.27), _colour(0.16, 0.17, 0.18, 0.20),
    _colour(0.09, 0.09, 0.10, 0.12), _colour(0.34, 0.35, 0.35, 0.36),
    _colour(0.13, 0.15, 0.20, 0.25), _colour(0.22, 0.22, 0.21, 0.23),
)  # fmt: skip
"""Tiles, felt, slate, metal."""

HULLS = (
    _colour(0.05, 0.05, 0.05, 0.06), _colour(0.13, 0.08, 0.05, 0.06),
    _colour(0.05, 0.06, 0.17, 0.20), _colour(0.20, 0.21, 0.21, 0.21),
    _colour(0.44, 0.45, 0.45, 0.45), _colour(0.06, 0.12, 0.07, 0.09),
)  # fmt: skip
DECKS = (
    _colour(0.07, 0.09, 0.20, 0.23), _colour(0.16, 0.17, 0.17, 0.18),
    _colour(0.08, 0.15, 0.11, 0.14), _colour(0.24, 0.26, 0.29, 0.32),
)  # fmt: skip
BOXES = (
    _colour(0.06, 0.07, 0.25, 0.30), _colour(0.25, 0.14, 0.07, 0.09),
    _colour(0.08, 0.18, 0.11, 0.20), _colour(0.38, 0.39, 0.39, 0.39),
    _colour(0.07, 0.18, 0.33, 0.37), _colour(0.15, 0.16, 0.16, 0.17),
)  # fmt: skip
"""Containers and bodies of lorries."""

CARS = (
    _colour(0.45, 0.46, 0.46, 0.46), _colour(0.45, 0.46, 0.46, 0.46),
    _colour(0.27, 0.28, 0.28, 0.28), _colour(0.28, 0.29, 0.29, 0.29),
    _colour(0.035, 0.035, 0.035, 0.045), _colour(0.04, 0.04, 0.045, 0.06),
    _colour(0.13, 0.14, 0.14, 0.15), _colour(0.05, 0.05, 0.24, 0.30),
    _colour(0.20, 0.10, 0.05, 0.07), _colour(0.07, 0.14, 0.10, 0.15),
)  # fmt: skip


def scaled(counts: npt.NDArray[np.uint16]) -> npt.NDArray[np.float32]:
    """Give (DN - mean) / stddev of counts (band, height, width)."""
    mean = np.array(MEAN_DN, np.float32)[:, None, None]
    found: npt.NDArray[np.float32] = (counts.astype(np.float32) - mean) / np.array(
        STDDEV_DN, np.float32
    )[:, None, None]
    return found
