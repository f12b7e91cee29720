"""What runs a kit where TensorRT has no plan, or its plan does not load: ONNX Runtime, in order."""

from collections.abc import Mapping, Sequence

from edgers.export.kit_accuracy import JudgedForms
from edgers.export.kit_forms import FP16, FP32, INT8, PRECISIONS, Form
from edgers.targets.target import Candidate

CPU = Candidate(engine="onnxruntime", precision="fp32", settings={"layout": "blocked"})
"""What runs on any CPU."""

CUDA = Candidate(engine="onnxruntime", precision="fp32", settings={"provider": "cuda"})
"""What runs on a GPU without TensorRT."""


def stand_ins(
    judged: JudgedForms, shipped: Sequence[Form], version: str
) -> list[Mapping[str, object]]:  # fmt: skip
    """Give the engines for the manifest: by TensorRT's provider, by CUDA's, and on the CPU.

    The first builds plans as tiles come, and lets the builder choose types as flags allow: it is
    for INT8 or FP16 where they may be left to it. At FP32 it would compute in TF32, so there it is
    not among them. `version` is that of the ONNX Runtime here.
    """
    forms = {form.name: form for form in shipped}
    found = [(CUDA, forms[FP32]), (CPU, forms[FP32])]
    lowest = _lowest(judged, forms)
    if lowest is not None:
        provider = Candidate(
            engine="onnxruntime", precision=PRECISIONS[lowest.name],
            settings={"provider": "tensorrt"},
        )  # fmt: skip
        found.insert(0, (provider, lowest))
    return [
        {
            "name": candidate.engine,
            "version": version,
            "precision": candidate.precision,
            "graph": form.entry,
            "golden": form.golden,
            "settings": dict(candidate.settings),
        }
        for candidate, form in found
    ]


def _lowest(judged: JudgedForms, forms: Mapping[str, Form]) -> Form | None:
    """Choose what TensorRT's provider runs: the provider sets FP16 beside INT8."""
    if INT8 in forms and not judged.weak_int8_half:
        return forms[INT8]
    return forms.get(FP16) if not judged.weak_half else None
