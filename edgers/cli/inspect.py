"""`edgers inspect`: what a bundle or a scene holds."""

from pathlib import Path
from typing import Any

import click

from edgers.bundle import Bundle, open_bundle
from edgers.cli.built_lines import BUILT_KEYS, built_lines
from edgers.cli.certificate import ACCURACY_KEYS, accuracy_lines
from edgers.cli.compile import contract_line
from edgers.cli.estimate import show_estimate
from edgers.cli.kit_lines import KIT_KEYS, kit_lines
from edgers.cli.plan import show_plan
from edgers.cli.run_options import options_from_chosen, run_options
from edgers.cli.show import line, print_lines, shape_text
from edgers.cli.table_columns import column_lines
from edgers.cli.vector_lines import vector_lines
from edgers.contract import Band, ModelInput
from edgers.contract.kept import Kept, KeptReference
from edgers.contract.read_rows import row_output
from edgers.export.candidate_table import TABLE_KEYS, table_lines
from edgers.pipeline.plan import usual_tile_px
from edgers.programs.facts import program_facts
from edgers.scene.asset import Asset
from edgers.scene.bands import SceneBand
from edgers.scene.folder import scene_files
from edgers.scene.open import environment
from edgers.scene.table_file import is_table
from edgers.tiling.halo import AxisHalo


@click.command(
    help="Say what the bundle or the scene at PATH holds. With a bundle and a SCENE: how the scene "
    "would be run, and what memory that takes. With --target: what a bundle or an ONNX graph takes "
    "at least on a device that is not at hand."
)
@click.argument("path", type=click.Path(path_type=Path))
@click.argument("scene", required=False, type=click.Path(path_type=Path))
@run_options
@click.option("--target", metavar="NAME", help="Bounds of time, memory and energy on a device.")
@click.option("--json", "as_json", is_flag=True, help="Print the plan or the bounds as JSON.")
def command(
    path: Path, scene: Path | None, target: str | None, as_json: bool, **chosen: Any
) -> None:
    """Run the command."""
    options = options_from_chosen(**chosen)
    if target is not None:
        show_estimate(target, path, scene, options, as_json=as_json)
    elif scene is not None or options.inputs:
        show_plan(path, scene, options, as_json=as_json)
    elif _is_archive(path):
        _show_bundle(path)
    elif is_table(path):
        print_lines(column_lines(path))
    else:
        _show_scene(path)


def _is_archive(path: Path) -> bool:
    """Tell a bundle from a scene; what is not there is left to the bundle's error."""
    if path.suffix == ".edgers" or not path.exists():
        return True
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(2) == b"PK"


def _show_bundle(path: Path) -> None:
    bundle = open_bundle(path)
    line("bundle", f"{path} · {path.stat().st_size / 1e6:.2f} MB · target {bundle.target}")
    line("id", bundle.bundle_id)
    _show_contract(bundle)
    print_lines(vector_lines(bundle))
    _show_halo(bundle)
    for choice in bundle.engines:
        provider = choice.settings.get("provider", "cpu")
        by = "" if provider == "cpu" else f" · by {provider}"
        line("engine", f"{choice.name} {choice.version} · {choice.precision} · {choice.graph}{by}")
    for text in table_lines(bundle.measured):
        line("candidate", text)
    print_lines(kit_lines(bundle))
    print_lines(built_lines(bundle))
    print_lines(accuracy_lines(bundle.measured))
    for key, value in bundle.measured.items():
        if key not in (*TABLE_KEYS, *ACCURACY_KEYS, *KIT_KEYS, *BUILT_KEYS):
            line("measured", f"{key} = {value}")
    for name, sha256 in sorted(bundle.hashes.items()):
        line("sha256", f"{sha256}  {name} ({len(bundle.entries[name])} bytes)")


def _show_scene(path: Path) -> None:
    files = scene_files(path)
    line("scene", f"{path} · {len(files)} file{'s' * (len(files) > 1)}")
    with environment():
        for position, file in enumerate(files):
            with Asset(file, position) as asset:
                _show_asset(asset, file.name)


def _show_asset(asset: Asset, name: str) -> None:
    dataset = asset.dataset
    line("file", f"{name} · {dataset.driver} · {shape_text(*dataset.shape)} px")
    place = dataset.crs.to_string()[:60] if dataset.crs else "none"
    points = f" · {len(dataset.gcps[0])} ground control points" if dataset.gcps[0] else ""
    line("CRS", f"{place}{f' · GSD {asset.gsd_m:.3g} m' if asset.gsd_m else ''}{points}")
    masks = {flag.name for flags in dataset.mask_flag_enums for flag in flags}
    value = "no value" if dataset.nodata is None else dataset.nodata
    line("nodata", f"{value} · {', '.join(sorted(masks))}")
    for band in asset.bands:
        line(f"band {band.index}", _scene_band(band))


def _scene_band(band: SceneBand) -> str:
    words = [band.name or "(no name)", band.common_name]
    words += [f"{band.wavelength_um:g} µm"] if band.wavelength_um else []
    words += [band.data_type, band.unit]
    if (band.scale, band.offset) != (1.0, 0.0):
        words.append(f"scale {band.scale:g}, offset {band.offset:g}")
    return "  ".join(word for word in words if word)


def _show_contract(bundle: Bundle) -> None:
    output = bundle.contract.outputs[0]
    line("contract", contract_line(bundle.contract))
    if facts := program_facts(bundle.contract):
        line("program", " · ".join(f"{key} {value}" for key, value in facts.items()))
    for source in bundle.contract.inputs:
        _show_input(source)
    shape = _shape(output.shape, output.dim_order)
    line("output", f"{output.name} {shape} {output.data_type} · {output.task}")
    for entry in output.classes:
        line("", f"{entry.value}  {entry.name}  #{entry.colour}")
    if row := row_output(bundle.contract):
        shape = _shape(row.shape, row.dim_order)
        line("tables", f"as well, row by row: {shape} {row.data_type} · {row.task}")
    if head := output.boxes:
        line("boxes", f"{head.format} · from score {head.score_threshold:g} on")
    if masks := output.masks:
        line("masks", f"{masks.form}, of {masks.output} · from {masks.threshold:g} on")
    if output.shapes:
        told = (f"{one.kind} in {one.steps} steps" for one in output.shapes)
        line("shapes", f"in its text: {', '.join(told)}")


def _show_input(source: ModelInput) -> None:
    shape = _shape(source.shape, source.dim_order)
    optional = f" · optional: {source.substitute:g} stands in for it" if source.is_optional else ""
    line("input", f"{source.name} {shape} {source.data_type}{optional}")
    for band in source.bands:
        line("", _band(band))
    if source.kept is not None:
        line("kept", _kept(source.kept))
    line("scaling", " → ".join(step.kind for step in source.scaling) or "none")
    line("nodata", _nodata(source))


def _kept(rule: Kept) -> str:
    """Say how scenes kept on board fill an input."""
    if isinstance(rule, KeptReference):
        age = "" if rule.within_days is None else f", at most {rule.within_days:g} days old"
        return f"the {rule.choose} of {rule.scenes} earlier scenes of a place{age} (--state)"
    unit = "scenes" if rule.unit is None else f"× {rule.length} {rule.unit}"
    rest = f"{rule.several} of several, else {rule.missing}"
    return f"series of {rule.periods} {unit} · {rest} · at least {rule.least} (--state)"


def _show_halo(bundle: Bundle) -> None:
    halo = bundle.halo
    line("halo", halo.reason())
    for name, axis in (("rows", halo.height), ("columns", halo.width)):
        line("", f"{name}: {_axis(axis)}")
    side = usual_tile_px(bundle.contract, halo)
    line("tile", f"{side} px" + ("" if halo.height.fixed_px else " unless told otherwise"))


def _axis(axis: AxisHalo) -> str:
    text = f"{axis.before_px} px before, {axis.after_px} px after, on a grid of {axis.align_px} px"
    if axis.stride != 1:
        text += f", one output pixel for {axis.stride} input pixels"
    return text + (f", tiles of exactly {axis.fixed_px} px" if axis.fixed_px else "")


def _shape(shape: tuple[int, ...], axes: tuple[str, ...]) -> str:
    return (
        "["
        + ", ".join(f"{a} {'any' if n < 0 else n}" for n, a in zip(shape, axes, strict=True))
        + "]"
    )


def _band(band: Band) -> str:
    words = [band.name, band.common_name or ""]
    words += [f"{band.center_wavelength_um:g} µm"] if band.center_wavelength_um else []
    return "  ".join(word for word in words if word)


def _nodata(source: ModelInput) -> str:
    which = "all bands are missing" if source.nodata.pixel == "all" else "any band is missing"
    fill = "the band mean" if source.nodata.fill == "mean" else f"{source.nodata.fill:g}"
    return f"a pixel is nodata when {which} or one is NaN; missing samples become {fill}"
