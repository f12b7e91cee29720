"""Whether a runtime that takes graphs as they are runs one here."""

from collections.abc import Mapping

from edgers.targets.device_facts import DeviceFacts
from edgers.targets.needs import EngineNeeds
from edgers.targets.verdict import Check, Verdict, megabytes, no, ok, warning

GPU_PROVIDERS = ("cuda", "tensorrt")
"""Providers of ONNX Runtime that work on a GPU."""

INT8_FLAGS = frozenset({"avx512_vnni", "avx_vnni", "amx_int8", "asimddp"})
"""Processors that add up products of 8 bits in 32: x86 with VNNI or AMX, Arm with dot products (in
the words of the Linux kernel). Elsewhere ONNX Runtime takes a detour that is exact and slow."""

FLAGS = {
    "bf16": frozenset({"avx512_bf16", "amx_bf16", "bf16"}),
    "fp16": frozenset({"avx512_fp16", "amx_fp16", "asimdhp", "fphp"}),
}
"""Instruction sets that compute in a precision, of x86 and Arm; OpenVINO is used at none that the
processor lacks."""


def check_engine(needs: EngineNeeds, facts: DeviceFacts, installed: Mapping[str, str]) -> Verdict:
    """Judge a runtime; `installed` gives versions by package, empty where they are not known.

    Where a package has a GPU provider, that stands beside it: package, space, provider.
    """
    checks = [_installed(needs, installed)]
    if needs.provider in GPU_PROVIDERS:
        checks.append(_gpu(needs, facts))
        if needs.engine in installed and f"{needs.engine} {needs.provider}" not in installed:
            checks.append(no("provider", f"The {needs.engine} that is installed was built without "
                             f"{needs.provider}: install {needs.engine}-gpu."))  # fmt: skip
    else:
        checks += _precision(needs, facts)
    # Where a system does not tell its memory, nothing can be said.
    if facts.free_bytes > 0:
        checks.append(_memory(needs, facts))
    return Verdict(checks=tuple(checks))


def _installed(needs: EngineNeeds, installed: Mapping[str, str]) -> Check:
    name, found = needs.engine, installed.get(needs.engine)
    if found is None:
        return no("engine", f"{name} is not installed: pip install {name}.")
    if found and needs.version and found != needs.version:
        return warning("engine", f"{name} {found} is installed, and the bundle was checked with "
                       f"{needs.version}: its golden tile will tell.")  # fmt: skip
    return ok("engine", f"{name} {found or needs.version} is installed.")


def _gpu(needs: EngineNeeds, facts: DeviceFacts) -> Check:
    if facts.gpu is None:
        why = facts.no_gpu.strip().rstrip(".") or "none was found"
        return no("driver", f"{needs.engine} is to run on a GPU through {needs.provider}, and none "
                  f"can be used ({why}): run it on a device with one.")  # fmt: skip
    return ok("driver", f"{facts.gpu.name} answers.")


def _precision(needs: EngineNeeds, facts: DeviceFacts) -> list[Check]:
    # Where a system does not list flags, nothing can be said.
    if not facts.cpu_flags:
        return []
    name = "precision"
    if needs.precision == "int8":
        if facts.cpu_flags & INT8_FLAGS:
            return [ok(name, "The processor has instructions for products of 8 bits.")]
        return [warning(name, "The processor has no instructions for products of 8 bits (VNNI, "
                        "AMX, dot products): INT8 is exact here and may be slower than "
                        "FP32.")]  # fmt: skip
    # ONNX Runtime computes at any of its precisions on any processor, if slowly.
    if needs.engine == "openvino" and needs.precision in FLAGS:
        if facts.cpu_flags & FLAGS[needs.precision]:
            return [ok(name, f"The processor computes in {needs.precision}.")]
        return [no(name, f"The processor does not compute in {needs.precision}: compile the model "
                   "at fp32.")]  # fmt: skip
    return []


def _memory(needs: EngineNeeds, facts: DeviceFacts) -> Check:
    need, free = megabytes(needs.graph_bytes), megabytes(facts.free_bytes)
    if needs.graph_bytes > facts.free_bytes:
        return no("memory", f"The model alone takes {need}, and {free} are free: stop what else "
                  "runs here.")  # fmt: skip
    return ok("memory", f"The model takes at least {need}, and {free} are free; 'edgers inspect "
              "BUNDLE SCENE' tells what a run takes.")  # fmt: skip
