"""Reading and checking a contract: STAC MLM JSON, alone or inside a STAC Item or Collection."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import cast, get_args

from edgers.contract.fields import Fields, Json
from edgers.contract.kept import read_kept
from edgers.contract.model import (
    DEFAULT_GSD_TOLERANCE,
    DEFAULT_WAVELENGTH_TOLERANCE_UM,
    Band,
    Contract,
    GsdRule,
    ModelInput,
    NodataRule,
    PixelRule,
    Resampling,
    Spectral,
    Values,
)
from edgers.contract.program import AutoregressiveRule, ClustersRule
from edgers.contract.read_boxes import check_box_tensors
from edgers.contract.read_clusters import cluster_output
from edgers.contract.read_masks import check_mask_tensors
from edgers.contract.read_output import read_output
from edgers.contract.read_program import read_program
from edgers.contract.read_rows import (
    as_image_input,
    as_image_output,
    check_row_output,
    read_pixel_shape,
    takes_rows,
)
from edgers.contract.scaling import looks_at_scene, read_scaling
from edgers.contract.strict_json import MAX_DEPTH, is_too_deep, strict_json
from edgers.contract.tensor_axes import TENSOR_TYPES, read_axes
from edgers.contract.together import check_restorations, check_together
from edgers.errors import ContractError
from edgers.files import read_file
from edgers.kernels.extension import Extend

MAX_CONTRACT_BYTES = 4_000_000
"""Largest contract read; the largest of the catalogue's (224 bands) is under 100 kB."""

INPUT_FIELDS = (
    "edgers:value_scaling",
    "edgers:nodata",
    "edgers:values",
    "edgers:gsd_m",
    "edgers:gsd_tolerance",
    "edgers:gsd_rule",
    "edgers:optional",
    "edgers:tile_px",
    "edgers:overlap_px",
    "edgers:extend",
    "edgers:resampling",
    "edgers:spectral_resampling",
    "edgers:kept",
)
PIXEL_RULES: tuple[PixelRule, ...] = ("all", "any")
VALUES: tuple[Values, ...] = ("stored", "physical")
EXTENDS: tuple[Extend, ...] = ("reflect", "edge", "zero")
RESAMPLINGS: tuple[Resampling, ...] = get_args(Resampling)
SPECTRAL: tuple[Spectral, ...] = get_args(Spectral)
GSD_RULES: tuple[GsdRule, ...] = get_args(GsdRule)
IMAGE_AXES = ("batch", "channel", "height", "width")
SAMPLE_TYPES = (*TENSOR_TYPES, "uint32", "uint64")
KEEPING_RESIZES = ("crop", "pad")
"""MLM resize types that leave pixels as they are: tiles are read at the scene's own GSD."""


def contract_from_file(path: Path) -> Contract:
    """Read a contract file.

    Raises ContractError where the file is missing, is not JSON, or breaks a rule of the contract.
    """
    data = read_file(path, "contract", MAX_CONTRACT_BYTES, ContractError)
    return contract_from_bytes(data, str(path))


def contract_from_bytes(data: bytes, origin: str) -> Contract:
    """Read a contract from JSON bytes; `origin` names it in errors."""
    try:
        document = strict_json(data)
    except (ValueError, RecursionError) as error:
        raise ContractError(
            f"contract {origin} is not a JSON document.",
            seen=f"{error}.",
            fix="Start one with 'edgers contract init MODEL.onnx'.",
        ) from error
    if not isinstance(document, dict) or is_too_deep(document):
        raise ContractError(
            f"contract {origin} must hold a JSON object, at most {MAX_DEPTH} levels deep."
        )
    return contract_from_document(document)


def contract_from_document(document: Json) -> Contract:
    """Check a parsed JSON document and give the contract it states."""
    inner = document.get("properties")
    properties = inner if isinstance(inner, Mapping) else document
    top = Fields(cast(Json, properties), "properties" if properties is inner else "contract")
    if not top.has("mlm:input") or not top.has("mlm:output"):
        raise ContractError(
            "contract has no 'mlm:input' and 'mlm:output'.",
            rule="It must be a STAC MLM document (github.com/stac-extensions/mlm).",
            fix="Start one with 'edgers contract init MODEL.onnx'.",
        )
    top.refuse_unknown("edgers:", ("edgers:program",))
    table = _band_table(document)
    inputs = tuple(_read_input(entry, table) for entry in top.objects("mlm:input"))
    rule, rows = read_pixel_shape(list(top.objects("mlm:input"))), None
    check_together(inputs)
    outputs = tuple(read_output(entry) for entry in top.objects("mlm:output"))
    check_box_tensors(outputs)
    check_mask_tensors(outputs)
    if rule is not None:
        if top.has("edgers:program"):
            raise top.fail("edgers:program", "A graph that takes rows of a table has none.")
        rows = check_row_output(outputs[0])
        outputs = (as_image_output(rows), *outputs[1:])
    program = rule or read_program(top, inputs, outputs[0])
    if isinstance(program, ClustersRule):
        outputs = (cluster_output(program, outputs[0]), *outputs[1:])
    check_restorations(inputs, outputs)
    if outputs[0].shapes and not isinstance(program, AutoregressiveRule):
        raise ContractError(
            f"contract output {outputs[0].name!r} tells of shapes in text.",
            rule="Text is written by an 'edgers:program' of the kind 'autoregressive'.",
        )
    return Contract(
        name=top.text("mlm:name"),
        inputs=inputs,
        outputs=outputs,
        document=document,
        program=program,
        rows=rows,
    )


def _band_table(document: Json) -> Mapping[str, Json]:
    """Collect band descriptions by name from every place STAC allows them in."""
    places: list[object] = [document, document.get("properties")]
    assets = document.get("assets")
    places += list(assets.values()) if isinstance(assets, Mapping) else []
    table: dict[str, dict[str, object]] = {}
    for place in places:
        if not isinstance(place, Mapping):
            continue
        for key in ("bands", "eo:bands", "raster:bands"):
            bands = place.get(key)
            for band in bands if isinstance(bands, list) else []:
                if isinstance(band, Mapping) and isinstance(name := band.get("name"), str):
                    table.setdefault(name, {}).update(cast(Json, band))
    return table


def _read_band(value: object, source: Fields, table: Mapping[str, Json]) -> Band:
    """Read one band reference, with what the document says of it elsewhere."""
    own = {"name": value} if isinstance(value, str) else value
    if not isinstance(own, Mapping):
        raise source.fail("bands", "Each entry must be a band name or an object with 'name'.")
    name = Fields(own, f"{source.where}.bands").text("name")
    band = Fields({**table.get(name, {}), **own}, f"{source.where}.bands[{name}]")
    if band.has("expression"):
        raise ContractError(
            f"contract band {name!r} is computed by an expression.",
            rule="Bands are read, not computed.",
            fix="Put the formula into the graph, or into the scene as a band of its own.",
        )
    wavelength = band.optional_positive("center_wavelength", "eo:center_wavelength")
    width = band.optional_positive("full_width_half_max", "eo:full_width_half_max")
    return Band(
        name=name,
        common_name=band.optional_text("common_name", "eo:common_name"),
        center_wavelength_um=wavelength,
        wavelength_tolerance_um=band.positive(
            "edgers:wavelength_tolerance_um",
            width / 2 if width else DEFAULT_WAVELENGTH_TOLERANCE_UM,
        ),
        unit=band.optional_text("unit"),
        data_type=band.choice("data_type", SAMPLE_TYPES) if band.has("data_type") else None,
        fwhm_um=width,
    )


def _read_input(source: Fields, table: Mapping[str, Json]) -> ModelInput:
    """Read one entry of `mlm:input`."""
    source.refuse_unknown("edgers:", INPUT_FIELDS)
    shape, axes, data_type = read_axes(source, "input")
    references = source.values.get("bands")
    if not isinstance(references, list) or not references:
        raise source.fail("bands", "It must list the bands, in the order of the channels.")
    bands = tuple(_read_band(entry, source, table) for entry in references)
    if set(axes) - {"time"} != set(IMAGE_AXES) and not takes_rows(axes):
        raise source.object("input").fail(
            "dim_order",
            "It must hold 'batch', 'channel', 'height' and 'width' in some order, and 'time' for a "
            "series of dates; or 'batch', 'channel' alone for rows of a table.",
        )
    channels = shape[axes.index("channel")]
    if channels not in (-1, len(bands)):
        raise source.fail(
            "bands", f"The tensor has {channels} channels; there are {len(bands)} bands."
        )
    if source.has("resize_type"):
        source.choice("resize_type", KEEPING_RESIZES)
    substitute = _read_substitute(source)
    scaling = read_scaling(source, len(bands))
    if substitute is not None and looks_at_scene(scaling):
        raise source.fail(
            "edgers:optional", "What stands in for a missing file has no percentiles of its own."
        )
    found = ModelInput(
        name=source.text("name"),
        bands=bands,
        shape=shape,
        dim_order=axes,
        data_type=data_type,
        scaling=scaling,
        nodata=_read_nodata(source, {step.kind for step in scaling}, counts=substitute is None),
        values=source.choice("edgers:values", VALUES) if source.has("edgers:values") else None,
        gsd_m=source.optional_positive("edgers:gsd_m"),
        gsd_tolerance=source.positive("edgers:gsd_tolerance", DEFAULT_GSD_TOLERANCE),
        gsd_rule=source.choice("edgers:gsd_rule", GSD_RULES, "refuse"),
        substitute=substitute,
        tile_px=source.optional_count("edgers:tile_px", 1),
        overlap_px=source.optional_count("edgers:overlap_px", 0),
        resampling=source.choice("edgers:resampling", RESAMPLINGS, "bilinear"),
        extend=source.choice("edgers:extend", EXTENDS, "reflect"),
        spectral=_read_spectral(source, bands),
        kept=read_kept(source, shape[axes.index("time")] if "time" in axes else None),
    )
    return as_image_input(found) if takes_rows(axes) else found


def _read_spectral(source: Fields, bands: Sequence[Band]) -> Spectral | None:
    """Read `edgers:spectral_resampling`, or give None where it is missing."""
    if not source.has("edgers:spectral_resampling"):
        return None
    found = source.choice("edgers:spectral_resampling", SPECTRAL)
    for band in bands:
        if band.center_wavelength_um is None or (found == "gaussian" and band.fwhm_um is None):
            lacks = "full_width_half_max" if band.center_wavelength_um else "center_wavelength"
            raise source.fail(
                "edgers:spectral_resampling", f"Band {band.name!r} states no {lacks}, in µm."
            )
    return found


def _read_substitute(source: Fields) -> float | None:
    """Read `edgers:optional`: what stands in where the user gives no file, or None."""
    if not source.has("edgers:optional"):
        return None
    return source.object("edgers:optional").number("fill")


def _read_nodata(source: Fields, step_kinds: set[str], *, counts: bool) -> NodataRule:
    """Read `edgers:nodata`, or give the default rule, by which `counts` holds."""
    if not source.has("edgers:nodata"):
        return NodataRule(counts=counts)
    rule = source.object("edgers:nodata")
    pixel, counts = rule.choice("pixel", PIXEL_RULES, "all"), rule.flag("counts", counts)
    if rule.values.get("fill") == "mean":
        if "z-score" not in step_kinds:
            raise rule.fail("fill", "'mean' is the z-score mean, and there is no z-score step.")
        return NodataRule(pixel=pixel, fill="mean", counts=counts)
    return NodataRule(pixel=pixel, fill=rule.number("fill", 0.0), counts=counts)
