"""The model contract as frozen values: what a model needs and what it gives.

Field names follow the STAC MLM extension 1.6 (github.com/stac-extensions/mlm); what MLM lacks is
read from `edgers:` fields. Reading is in `read.py`, drafting a new contract in `draft.py`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from edgers.contract.boxes import BoxHead
from edgers.contract.kept import Kept, KeptReference
from edgers.contract.masks import MaskHead
from edgers.contract.program import ProgramRule
from edgers.contract.shapes import SpokenForm
from edgers.kernels.extension import Extend
from edgers.kernels.score_rule import Activation

DEFAULT_GSD_TOLERANCE = 0.5
"""Relative GSD difference accepted when a contract states a GSD and no tolerance.

A 10 m model then accepts 5 m to 15 m: wide enough for 10 m data kept in degrees (such a pixel is
10 m × 5 m at 60° north, 7.1 m on average), narrow enough to refuse 3 m and 20 m data."""

DEFAULT_WAVELENGTH_TOLERANCE_UM = 0.01
"""Half width of the wavelength match, µm, when a band states none.

About the band spacing of imaging spectrometers (6.5 to 10 nm for EnMAP and AVIRIS)."""


PixelRule = Literal["all", "any"]
Values = Literal["stored", "physical"]
Resampling = Literal["nearest", "bilinear", "cubic", "cubic_spline", "lanczos", "average"]
Blend = Literal["hann", "linear", "average", "trim"]
GsdRule = Literal["refuse", "resample"]
Spectral = Literal["linear", "gaussian"]
Scope = Literal["tile", "scene"]
Normalise = Literal["l2"]
ClassRule = Literal["one", "several", "ordered"]
Gives = Literal["value", "variance", "log-variance"]

WHERE_NODATA = "nodata"
"""What `Restoration.where` says of pixels that the input has no data at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """One band the model needs, in words a scene can be searched by."""

    name: str
    """Name as the sensor's users write it, such as `B04`."""
    common_name: str | None = None
    """STAC common name, such as `red`."""
    center_wavelength_um: float | None = None
    """Centre wavelength in µm."""
    wavelength_tolerance_um: float = DEFAULT_WAVELENGTH_TOLERANCE_UM
    """Largest distance, in µm, at which a scene band still counts as this one."""
    unit: str | None = None
    """Unit of the values the model was trained on, such as `DN`, `reflectance` or `dB`."""
    data_type: str | None = None
    """Sample type the model was trained on, such as `uint16`; None accepts any real type."""
    fwhm_um: float | None = None
    """Full width at half maximum in µm, where it is stated."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScalingStep:
    """One step from stored samples to network values."""

    kind: str
    """A key of `edgers.kernels.scaling.STEPS`."""
    parameters: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    """Numbers by parameter name, one for all bands or one a band."""
    data_type: str | None = None
    """Target type of a `cast` step."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NodataRule:
    """How samples without a measurement are told apart and what the network sees instead."""

    pixel: PixelRule = "all"
    """A pixel is nodata when all its bands are, or when any is.

    Whatever this says, a NaN in any band makes the pixel nodata: NaN is never a measurement."""
    fill: float | Literal["mean"] = 0.0
    """Value put in place of a missing sample before scaling, or `mean`: the z-score mean."""
    counts: bool = True
    """Whether a pixel that is nodata here is nodata in the product.

    A reference mask or a DEM with holes may say no: its holes are filled, and nothing more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelInput:
    """One input tensor of the graph and the bands that fill it."""

    name: str
    """Tensor name in the graph."""
    bands: tuple[Band, ...]
    """Bands in the order of the tensor's channels."""
    shape: tuple[int, ...]
    """Tensor shape; −1 where any size will do."""
    dim_order: tuple[str, ...]
    """Axis names in the tensor's order: `batch`, `channel`, `height`, `width`, and `time` where the
    input is a series of dates."""
    data_type: str
    """Type of the tensor the network takes."""
    scaling: tuple[ScalingStep, ...] = ()
    """Steps applied in order to the stored (or physical) samples."""
    nodata: NodataRule = NodataRule()
    """What counts as missing and what stands in for it."""
    values: Values | None = None
    """Whether the model takes stored samples or stored × scale + offset; None when not said."""
    gsd_m: float | None = None
    """Ground sample distance the model was trained at, in metres."""
    gsd_tolerance: float = DEFAULT_GSD_TOLERANCE
    """Relative difference from `gsd_m` that is still accepted."""
    gsd_rule: GsdRule = "refuse"
    """What becomes of a scene outside the tolerance: refused, or read on a grid of `gsd_m`."""
    substitute: float | None = None
    """Sample, before `scaling`, that stands everywhere where the user gives no file for this input;
    None where the input is needed."""
    tile_px: int | None = None
    """Tile side to use when the command line gives none."""
    overlap_px: int | None = None
    """Overlap on each side of a tile, for graphs whose halo has no bound."""
    resampling: Resampling = "bilinear"
    """How bands of another GSD than the scene's grid are resampled, in GDAL's words."""
    spectral: Spectral | None = None
    """How spectra of a table with other wavelengths are brought to the bands; None: not at all."""
    extend: Extend = "reflect"
    """How a scene is made larger when the graph needs a certain size; the rest is cut off again."""
    kept: Kept | None = None
    """How scenes kept on board fill the input; None where all its files are given to each run."""

    @property
    def gives_grid(self) -> bool:
        """Tell whether its files may be those whose pixels the others are put onto."""
        return not self.is_optional and not isinstance(self.kept, KeptReference)

    @property
    def is_optional(self) -> bool:
        """Tell whether the model runs without a file for this input."""
        return self.substitute is not None

    @property
    def is_series(self) -> bool:
        """Tell whether the input is a series of dates."""
        return "time" in self.dim_order

    @property
    def dates(self) -> int:
        """Dates the input takes: −1 for any number, 1 where it is no series."""
        return self.length("time") if self.is_series else 1

    def length(self, axis: str) -> int:
        """Give the stated length along an axis that `dim_order` names; −1 for any."""
        return self.shape[self.dim_order.index(axis)]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelClass:
    """One class of an output."""

    value: int
    """Number written into the class map, or given to objects."""
    name: str
    """Word shown to people."""
    colour: str
    """Colour as six hexadecimal digits, `RRGGBB`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputValue:
    """One number that an output gives for each pixel."""

    name: str
    """Word shown to people, such as `biomass`."""
    unit: str = ""
    """Unit, such as `Mg/ha`; empty where there is none."""
    gives: Gives = "value"
    """What the network gives: the value, or the variance of one, or its natural logarithm. Of
    variances the product holds the square root, the standard deviation, in this unit."""
    threshold: float | None = None
    """Value from which on a pixel counts as found; None where nothing is looked for."""
    center_wavelength_um: float | None = None
    """Centre wavelength in µm, where the value is that of a spectral band."""
    fwhm_um: float | None = None
    """Full width at half maximum of that band, in µm."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Storage:
    """How values are written as whole numbers: value = stored × scale + offset."""

    data_type: str
    """`int16`, `uint16` or `uint8`; its smallest or largest number stands for nodata."""
    scale: float
    """Step between two stored numbers."""
    offset: float = 0.0
    """Value of a stored 0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Restoration:
    """An output that is an input's image again: without noise, or without gaps.

    It has the input's bands in their order. Its values, which are in the network's scaling, are
    brought back to the input's samples.
    """

    input: str
    """Name of the input."""
    where: str | None = None
    """Where the network is believed, and elsewhere the input itself: `nodata` for pixels without
    data, or the name of an input whose first band is a mask, not 0 there; None for everywhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelOutput:
    """One output tensor of the graph and what it means."""

    name: str
    """Tensor name in the graph."""
    task: str
    """STAC MLM task name, such as `semantic-segmentation`."""
    shape: tuple[int, ...]
    """Tensor shape; −1 where any size will do."""
    dim_order: tuple[str, ...]
    """Axis names in the tensor's order; the class axis is `class` or `channel`."""
    data_type: str
    """Type of the tensor the network gives."""
    classes: tuple[ModelClass, ...] = ()
    """Classes in the order of the class axis."""
    activation: Activation = "softmax"
    """What turns raw values into probabilities; `none` when they already are."""
    threshold: float = 0.5
    """Probability from which a one-channel output means the second class."""
    blend: Blend | None = None
    """How overlapping tiles of a graph without a bound are mixed; None leaves it to the runtime."""
    values: tuple[OutputValue, ...] = ()
    """What each number of a pixel is, where the task gives numbers; empty where not said."""
    storage: Storage | None = None
    """How such numbers are stored; None for float32."""
    boxes: BoxHead | None = None
    """What the numbers of a detector mean; None where the task finds no objects."""
    masks: MaskHead | None = None
    """Which pixels belong to its objects; None where these are rectangles."""
    shapes: tuple[SpokenForm, ...] = ()
    """How its text tells where things are; empty where it does not, or is none."""
    scope: Scope = "tile"
    """Whether an answer without image axes is of each tile, or of the scene: the tiles' mean."""
    thresholds: tuple[float, ...] = ()
    """Probability from which each class holds, where several may; `threshold` where empty."""
    normalise: Normalise | None = None
    """What is done to an embedding: `l2` divides it by its length; None leaves it as it is."""
    class_rule: ClassRule = "one"
    """What scores mean: `one` class a pixel; `several`, each by itself; or `ordered` classes, with
    a score for each but the first, that the pixel is of that class or a higher one."""
    ignore: tuple[int, ...] = ()
    """Class values that the product shows as nodata."""
    sum_tolerance: float | None = None
    """How far the values of a pixel may sum up to something else than 1; None where it is no
    matter."""
    restores: Restoration | None = None
    """Whose image the output is; None where it is none."""

    @property
    def has_members(self) -> bool:
        """Tell whether the output has an axis of members of an ensemble."""
        return "member" in self.dim_order

    def length(self, axis: str) -> int:
        """Give the stated length along an axis: -1 for any, 1 where there is no such axis."""
        return self.shape[self.dim_order.index(axis)] if axis in self.dim_order else 1

    @property
    def tensors(self) -> tuple[str, ...]:
        """Tensors beside its own that its boxes and masks are in."""
        head = self.boxes
        found = [name for _, name in head.tensors] if head else []
        found += [level.output for level in head.levels if level.output] if head else []
        return (*found, *([self.masks.output] if self.masks else []))

    @property
    def shown_classes(self) -> tuple[ModelClass, ...]:
        """Classes that the product shows."""
        return tuple(one for one in self.classes if one.value not in self.ignore)


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """What a model needs and gives."""

    name: str
    """Model name; products are named after it."""
    inputs: tuple[ModelInput, ...]
    """Input tensors, all on one pixel grid."""
    outputs: tuple[ModelOutput, ...]
    """Output tensors."""
    document: Mapping[str, object]
    """The JSON document as it was read; bundles carry this, so nothing is lost on the way."""
    program: ProgramRule | None = None
    """How its graphs are called; None where there is one, run once a tile."""
    rows: ModelOutput | None = None
    """The first output as the contract states it of a row of a table; None where it does not."""

    @property
    def main(self) -> ModelInput:
        """The first input that gives a grid: neither optional nor an earlier scene."""
        return next(one for one in self.inputs if one.gives_grid)
