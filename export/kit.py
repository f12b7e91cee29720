"""Compiling for a GPU: a build kit, everything of a bundle but the plan.

Only the device, or its twin on the ground, can make the plan: 'edgers build'. Nothing is timed, and
the same inputs give the same bytes.
"""

import platform
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import onnx

import edgers
from edgers.build_kit import BuildKit, KitBand, document_from_kit
from edgers.bundle import CONTRACT, bundle_bytes, canonical_json, open_bundle
from edgers.calibration.certificate import certificate_document
from edgers.calibration.legality import Band, check_legality
from edgers.calibration.ranges import ranges_bytes
from edgers.contract import contract_from_file
from edgers.engines.agreement import TOLERANCE, share_apart
from edgers.errors import BadInputError, EngineError, GraphError
from edgers.export.accuracy import AccuracyDemand
from edgers.export.allowed import Allowed
from edgers.export.compiled import Compiled, operators_of
from edgers.export.golden import golden_answer, golden_entries, golden_sides_px
from edgers.export.graph import check_fit, graph_from_file
from edgers.export.kit_accuracy import JudgedForms, judged_forms, reference
from edgers.export.kit_bands import TargetBands, bands_of_target
from edgers.export.kit_engines import CPU, stand_ins
from edgers.export.kit_forms import FP32, Form, Offer, kit_bands
from edgers.export.kit_graph import fitting_graph
from edgers.export.kit_kernels import kit_kernels
from edgers.export.kit_options import KitOptions
from edgers.export.kit_sides import tile_sides
from edgers.export.stored import stored_vectors
from edgers.export.trial import Subject, Trial, array_of, load_candidate, try_candidate
from edgers.files import write_whole
from edgers.targets.target import Target
from edgers.tiling.graph import halo_from_graph
from edgers.tiling.halo import document_from_halo
from edgers.vector_swap import fitting_entries

RANGES = "calibration/ranges.json"
"""Entry of the ranges of the graph's tensors."""

ENGINE = "tensorrt"
"""The engine that kits are for."""

Tell = Callable[[str], None]


def compile_kit(
    graph: Path, contract: Path, path: Path, *, target: Target, allowed: Allowed,
    demand: AccuracyDemand | None, options: KitOptions | None, tell: Tell,
    vectors: Path | None = None,
) -> Compiled:  # fmt: skip
    """Compile a graph into a build kit at `path`; arguments and errors as of `compile_bundle`.

    Raises GraphError too, where no TensorRT of the target takes the graph.
    """
    options = options or KitOptions()
    places = bands_of_target(target, dla=options.dla)
    allowed, dropped = _checked(target, allowed, options)
    stated = contract_from_file(contract)
    model = graph_from_file(graph)
    check_fit(model, stated)
    stored = stored_vectors(vectors, stated)
    data, done = fitting_graph(graph.read_bytes(), places.bands)
    fitted = onnx.load_model_from_string(data)
    halo = halo_from_graph(fitted, stated.inputs, stated.outputs[0].name)
    subject = Subject(graph=data, contract=stated, halo=halo)
    tell("golden tile")
    with closing(load_candidate(reference("fp32"), data)) as engine:
        golden = golden_entries(engine, stated, halo)
    if done:
        _check_same(graph.read_bytes(), subject, golden, done)
    stand_in = _proved(subject, golden)
    assert stand_in.engine is not None
    forms = judged_forms(subject, allowed, demand, golden, tell)
    bands, illegal = kit_bands(
        places.bands,
        Offer(
            forms=forms.forms, precisions=forms.precisions, weak_half=forms.weak_half,
            weak_int8_half=forms.weak_int8_half, dla=options.dla,
        ),
    )  # fmt: skip
    software = [one for one in places.software if _is_in(one.tensorrt, bands)]
    assert target.gpu is not None
    kernels = kit_kernels(stated, target.gpu, software, options.kernels, tell)
    kit = BuildKit(
        cc=target.gpu.cc, sides=tile_sides(stated, halo, golden_sides_px(stated, golden)),
        bands=bands, kernels=kernels.kernels, dla=options.dla, plan=None,
    )  # fmt: skip
    shipped = _shipped(bands, forms.forms)
    entries = {
        CONTRACT: canonical_json(stated.document),
        **golden,
        **fitting_entries(stored, stated, golden),
        **{form.entry: form.graph for form in shipped},
        **{form.golden: form.answer for form in shipped},
        **kernels.entries,
        **({RANGES: ranges_bytes(forms.ranges)} if forms.ranges else {}),
    }
    facts = {
        "name": stated.name,
        "target": target.name,
        "engines": stand_ins(forms, shipped, stand_in.engine.info.version),
        "halo": document_from_halo(halo),
        "kit": document_from_kit(kit),
        "made_by": f"edgers {edgers.__version__}",
    }
    left_out = {**dropped, **places.left_out, **forms.left_out, **illegal, **kernels.left_out}
    measured = _measured(places, shipped, forms, stand_in, left_out, done)
    write_whole(path, bundle_bytes(entries, facts, measured))
    return Compiled(
        bundle=open_bundle(path), path=path, operators=operators_of(fitted), proof=stand_in.proof
    )


def _checked(
    target: Target, allowed: Allowed, options: KitOptions
) -> tuple[Allowed, dict[str, str]]:
    """Refuse what the target does not have; with a DLA leave INT8 out and say so."""
    if allowed.engine not in (None, ENGINE):
        raise BadInputError(
            f"target {target.name} is not compiled for {allowed.engine}.",
            rule="It is compiled for TensorRT; ONNX Runtime stands in where that cannot run.",
            fix="Leave --engine out.",
        )
    unknown = [one for one in allowed.precisions if one not in target.precisions]
    if unknown:
        raise BadInputError(
            f"target {target.name} cannot be compiled to {unknown[0]!r}.",
            rule=f"It takes: {', '.join(target.precisions)}.",
        )
    if not options.dla:
        return allowed, {}
    if "fp16" not in allowed.precisions:
        raise BadInputError(
            "a DLA is built for in FP16.",
            seen=f"Allowed: {', '.join(allowed.precisions)}.",
            fix="Allow it with --precision fp16.",
        )
    if "int8" not in allowed.precisions:
        return allowed, {}
    others = tuple(one for one in allowed.precisions if one != "int8")
    return replace(allowed, precisions=others), {"int8": "a DLA is built for in FP16 only"}


def _check_same(original: bytes, subject: Subject, golden: Mapping[str, bytes], done: str) -> None:
    """Raise GraphError where a graph that was changed to fit gives something else."""
    with closing(load_candidate(reference("fp32"), original)) as engine:
        answer = golden_answer(engine, subject.contract, subject.halo)
    wanted = array_of(answer)
    apart = share_apart(array_of(golden[subject.golden_output("fp32")]), wanted)
    if not apart <= TOLERANCE["fp32"]:
        raise GraphError(
            f"the graph gives something else when it is {done}.",
            seen=f"On the golden tile it is {apart:.2g} apart.",
            rule=f"At most {TOLERANCE['fp32']:g} is accepted.",
            fix="Export it in opset 17.",
        )


def _proved(subject: Subject, golden: Mapping[str, bytes]) -> Trial:
    """Try the engine that runs on any CPU, and hold tiled against untiled on it."""
    trial = try_candidate(CPU, subject, golden, None)
    if trial.engine is not None:
        trial.engine.close()
    if trial.out:
        raise EngineError("ONNX Runtime does not run the graph.", seen=trial.out)
    if not trial.holds:
        assert trial.proof is not None
        raise GraphError(
            "the halo worked out from the graph does not hold.",
            seen=f"Tiled and untiled differ by {trial.proof.difference:.3g} on random data.",
            rule="They must be equal.",
            fix="This is a fault of EdgeRS: please report it with the graph.",
        )
    return trial


def _is_in(tensorrt: tuple[int, ...], bands: tuple[KitBand, ...]) -> bool:
    return any(band.takes(tensorrt) for band in bands)


def _shipped(bands: tuple[KitBand, ...], forms: Mapping[str, Form]) -> list[Form]:
    """Give the forms that some band is fed with, and FP32, which stands in."""
    fed = {attempt.graph for band in bands for attempt in band.attempts}
    return [form for form in forms.values() if form.name == FP32 or form.entry in fed]


def _measured(
    places: TargetBands, shipped: list[Form], forms: JudgedForms, proved: Trial,
    left_out: Mapping[str, str], done: str,
) -> dict[str, object]:  # fmt: skip
    """Give what was found out here; none of it is of the device."""
    measured: dict[str, object] = {
        "machine": platform.machine(),
        "system": platform.system(),
        "legality": {form.name: _legality(form, places.bands) for form in shipped},
        "on_the_device": "not measured",
    }
    certificates = [
        certificate_document(one)
        for one in forms.certificates
        if one.form in {form.name for form in shipped}
    ]
    optional = {
        "certificates": certificates, "left_out": dict(left_out), "graph": done,
        "not_judged": dict(forms.not_judged),
    }  # fmt: skip
    measured |= {key: value for key, value in optional.items() if value}
    if proved.proof is not None:
        measured["tiled_minus_untiled"] = proved.proof.difference
    return measured


def _legality(form: Form, bands: tuple[Band, ...]) -> dict[str, object]:
    """Say what each band makes of a form; that FP32 runs in FP32 needs no remark."""
    return {
        verdict.band.name: {
            "legal": verdict.legal,
            "remarks": sorted({one.what for one in verdict.remarks if form.name != FP32}),
        }
        for verdict in check_legality(form.graph, bands).verdicts
    }
