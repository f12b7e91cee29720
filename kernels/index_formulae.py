"""Spectral indices as data: a sum over a sum of bands, for one kernel to compute them all.

An index is (Σ a · band + a₀) / (Σ b · band + b₀ + Σ (band − c)²). Bands have the common names of
the STAC EO extension; reflectances are from 0 to 1.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexFormula:
    """One index: what it is, where it comes from, and its numbers."""

    formula: str
    """As it is written, with names of bands."""
    source: str
    """Who published it, and when."""
    numerator: Mapping[str, float]
    """Factor of each band above the line."""
    denominator: Mapping[str, float] = field(default_factory=dict)
    """Factor of each band below the line."""
    above: float = 0.0
    """Number added above the line."""
    below: float = 0.0
    """Number added below the line."""
    squares: Mapping[str, float] = field(default_factory=dict)
    """Bands of which (band − number)² is added below the line."""

    @property
    def bands(self) -> tuple[str, ...]:
        """Names of the bands it needs, each once."""
        return tuple(dict.fromkeys([*self.numerator, *self.denominator, *self.squares]))


def _difference(first: str, second: str, source: str) -> IndexFormula:
    return IndexFormula(
        formula=f"({first} - {second}) / ({first} + {second})",
        source=source,
        numerator={first: 1.0, second: -1.0},
        denominator={first: 1.0, second: 1.0},
    )


def _adjusted(factor: float, red: float, extra: float, formula: str, source: str) -> IndexFormula:
    return IndexFormula(
        formula=formula,
        source=source,
        numerator={"nir": factor, "red": -factor},
        denominator={"nir": 1.0, "red": red},
        below=extra,
    )


INDEX_FORMULAE: Mapping[str, IndexFormula] = MappingProxyType(
    {
        "ndvi": _difference("nir", "red", "Rouse et al. 1974"),
        "gndvi": _difference("nir", "green", "Gitelson, Kaufman and Merzlyak 1996"),
        "ndre": _difference("nir", "rededge071", "Barnes et al. 2000"),
        "ndwi": _difference("green", "nir", "McFeeters 1996"),
        "mndwi": _difference("green", "swir16", "Xu 2006"),
        "ndmi": _difference("nir", "swir16", "Gao 1996; so called by Wilson and Sader 2002"),
        "lswi": _difference("nir", "swir16", "Xiao et al. 2004"),
        "nbr": _difference("nir", "swir22", "Garcia and Caselles 1991; Key and Benson 2006"),
        "ndsi": _difference("green", "swir16", "Hall, Riggs and Salomonson 1995"),
        "ndbi": _difference("swir16", "nir", "Zha, Gao and Ni 2003"),
        "savi": _adjusted(
            1.5, 1.0, 0.5, "1.5 * (nir - red) / (nir + red + 0.5)", "Huete 1988, L = 0.5"
        ),
        "osavi": _adjusted(
            1.0, 1.0, 0.16, "(nir - red) / (nir + red + 0.16)", "Rondeaux, Steven and Baret 1996"
        ),
        "evi2": _adjusted(
            2.5, 2.4, 1.0, "2.5 * (nir - red) / (nir + 2.4 * red + 1)", "Jiang et al. 2008"
        ),
        "evi": IndexFormula(
            formula="2.5 * (nir - red) / (nir + 6 * red - 7.5 * blue + 1)",
            source="Huete et al. 2002",
            numerator={"nir": 2.5, "red": -2.5},
            denominator={"nir": 1.0, "red": 6.0, "blue": -7.5},
            below=1.0,
        ),
        "bsi": IndexFormula(
            formula="((swir16 + red) - (nir + blue)) / ((swir16 + red) + (nir + blue))",
            source="Rikimaru, Roy and Miyatake 2002",
            numerator={"swir16": 1.0, "red": 1.0, "nir": -1.0, "blue": -1.0},
            denominator={"swir16": 1.0, "red": 1.0, "nir": 1.0, "blue": 1.0},
        ),
        "awei_nsh": IndexFormula(
            formula="4 * (green - swir16) - (0.25 * nir + 2.75 * swir22)",
            source="Feyisa et al. 2014, no shadows",
            numerator={"green": 4.0, "swir16": -4.0, "nir": -0.25, "swir22": -2.75},
            below=1.0,
        ),
        "awei_sh": IndexFormula(
            formula="blue + 2.5 * green - 1.5 * (nir + swir16) - 0.25 * swir22",
            source="Feyisa et al. 2014, shadows",
            numerator={"blue": 1.0, "green": 2.5, "nir": -1.5, "swir16": -1.5, "swir22": -0.25},
            below=1.0,
        ),
        "bai": IndexFormula(
            formula="1 / ((0.1 - red) ** 2 + (0.06 - nir) ** 2)",
            source="Chuvieco, Martin and Palacios 2002",
            numerator={},
            above=1.0,
            squares={"red": 0.1, "nir": 0.06},
        ),
    }
)
"""Formulae by name, in lower case."""
