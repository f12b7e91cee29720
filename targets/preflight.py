"""Whether the TensorRT way of a bundle runs on a device, judged before TensorRT is loaded.

TensorRT has no call that says whether a plan will load; it fails late, and without a driver it
crashes. All that is compared here is known beforehand, so nothing of the GPU is touched.
"""

from collections.abc import Callable

from edgers.targets.device_facts import DeviceFacts, GpuFacts
from edgers.targets.gpu import text_from_version
from edgers.targets.module_family import module_family
from edgers.targets.needs import KernelNeed, Needs
from edgers.targets.tensorrt_check import check_tensorrt
from edgers.targets.verdict import Check, Verdict, megabytes, no, ok, warning

REBUILD = "build the plan again here with 'edgers build'"
"""What to do where a plan was built elsewhere."""

PREPARED = "tiles are prepared on the CPU instead, and more bytes go to the GPU"
"""What a kernel that does not load costs: the plan takes tensors as well as stored samples."""

TIGHT_SHARE = 0.9
"""Share of the free memory above which a need is told: what other processes take may change."""


def preflight(needs: Needs, facts: DeviceFacts) -> Verdict:
    """Judge a device; never raises, whatever the facts.

    Topics, in this order: driver, cc, tensorrt, cuda, module, dla, memory, kernels. Without a GPU
    what only a GPU can tell is left out.
    """
    checks = [_driver(facts)]
    if facts.gpu is not None:
        checks.append(_cc(needs, facts.gpu))
    checks.append(check_tensorrt(needs, facts.tensorrt))
    if facts.gpu is not None:
        checks.append(_cuda(needs, facts.gpu))
        checks += _module(needs, facts, facts.gpu)
    checks += _dla(needs, facts)
    if facts.gpu is not None:
        checks.append(_memory(needs, facts, facts.gpu))
        checks.append(_kernels(needs, facts.gpu))
    return Verdict(checks=tuple(checks))


def _driver(facts: DeviceFacts) -> Check:
    if facts.gpu is None:
        why = facts.no_gpu.strip().rstrip(".") or "none was found"
        return no("driver", f"No GPU can be used ({why}), and the bundle is for one: run it on a "
                  "device with an NVIDIA GPU and its driver.")  # fmt: skip
    release = f", driver {facts.gpu.driver}" if facts.gpu.driver else ""
    return ok("driver", f"{facts.gpu.name} answers{release}.")


def _cc(needs: Needs, gpu: GpuFacts) -> Check:
    found, wanted = text_from_version(gpu.cc), text_from_version(needs.cc)
    if gpu.cc == needs.cc:
        return ok("cc", f"Compute capability {found} is the one it was made for.")
    return no("cc", f"The GPU has compute capability {found}, and the bundle was made for {wanted} "
              "and runs on no other: compile the model for this device.")  # fmt: skip


def _cuda(needs: Needs, gpu: GpuFacts) -> Check:
    found = text_from_version(gpu.cuda)
    if needs.cuda is None or gpu.cuda[:2] >= needs.cuda[:2]:
        return ok("cuda", f"The driver brings CUDA {found}.")
    wanted = text_from_version(needs.cuda)
    # Within a major version libraries run on drivers of any minor (CUDA compatibility guide).
    if gpu.cuda[:1] == needs.cuda[:1]:
        return warning("cuda", f"The driver brings CUDA {found}, older than the {wanted} that the "
                       "plan was built under; within one major version that runs.")  # fmt: skip
    return no("cuda", f"The driver brings CUDA {found}, and the plan was built under {wanted}, a "
              f"later major version: update the driver, or {REBUILD}.")  # fmt: skip


def _module(needs: Needs, facts: DeviceFacts, gpu: GpuFacts) -> list[Check]:
    if not needs.device and not needs.module:
        return []
    if needs.module == facts.module and (needs.module or needs.device == gpu.name):
        return [ok("module", f"The plan was built on {needs.module or needs.device}, as this is.")]
    here = facts.module or gpu.name
    built = needs.module or needs.device
    known = module_family(needs.module), module_family(facts.module)
    # Carrier boards give the same module other names.
    same = known[0] == known[1] != frozenset()
    # Cards of one compute capability load each other's plans, with a warning of TensorRT's.
    cards = not needs.module and not facts.module
    if same or cards:
        return [warning("module", f"The plan was built on {built}, and this is {here}: it may be "
                        f"slower than one built here; if so, {REBUILD}.")]  # fmt: skip
    return [no("module", f"The plan was built on {built}, and this is {here}; a plan runs only on "
               f"the kind of module that built it: {REBUILD}.")]  # fmt: skip


def _dla(needs: Needs, facts: DeviceFacts) -> list[Check]:
    if not needs.wants_dla:
        return []
    if facts.dla_cores <= 0:
        return [no("dla", "This device has no DLA, and the bundle is for one: compile the model "
                   "without --dla.")]  # fmt: skip
    core = needs.dla_core
    if core is not None and core >= facts.dla_cores:
        return [no("dla", f"The plan is for DLA core {core}, and this device has {facts.dla_cores} "
                   f"(counted from 0): {REBUILD}.")]  # fmt: skip
    return [ok("dla", f"The device has {facts.dla_cores} DLA.")]


def _memory(needs: Needs, facts: DeviceFacts, gpu: GpuFacts) -> Check:
    # A Jetson's GPU works in the machine's memory, and its driver counts as taken what the system
    # would give back (CUDA for Tegra application note, integrated GPUs).
    free = max(gpu.free_bytes, facts.free_bytes) if facts.module else gpu.free_bytes
    least = "at least " if needs.tensorrt is None else ""
    need = f"{least}{megabytes(needs.memory_bytes)} ({megabytes(needs.plan_bytes)} for the model, "
    need += f"{megabytes(needs.run_bytes)} for tiles)"
    if needs.memory_bytes > free:
        return no("memory", f"A run takes {need} of the GPU's memory, and {megabytes(free)} are "
                  "free: stop what else runs there, or compile for smaller tiles.")  # fmt: skip
    if needs.memory_bytes > TIGHT_SHARE * free:
        return warning("memory", f"A run takes {need}, nearly all of the {megabytes(free)} that "
                       "are free.")  # fmt: skip
    return ok("memory", f"A run takes {need}, and {megabytes(free)} are free.")


def _kernels(needs: Needs, gpu: GpuFacts) -> Check:
    name = "kernels"

    def loaded(kernel: KernelNeed) -> list[str]:
        return [form.kind for form in kernel.forms if form.since_cuda <= gpu.cuda[:2]]

    def those(which: Callable[[KernelNeed], bool]) -> tuple[list[KernelNeed], str]:
        chosen = [kernel for kernel in needs.kernels if which(kernel)]
        return chosen, ", ".join(kernel.name for kernel in chosen)

    found = text_from_version(gpu.cuda)
    if not needs.kernels:
        return warning(name, f"The bundle holds no CUDA kernels: {PREPARED}.")
    missing, names = those(lambda kernel: not kernel.forms)
    if missing:
        return warning(name, f"The bundle holds no cubin and no PTX of {names}: {PREPARED}.")
    late, names = those(lambda kernel: not loaded(kernel))
    if late:
        since = max(min(form.since_cuda for form in kernel.forms) for kernel in late)
        return warning(name, f"The driver brings CUDA {found}, and no form of {names} loads before "
                       f"{text_from_version(since)}: {PREPARED}.")  # fmt: skip
    as_text, names = those(lambda kernel: "cubin" not in loaded(kernel))
    if as_text:
        return warning(name, f"Of {names} only PTX loads under CUDA {found}: the driver assembles "
                       "it at each start, which takes time.")  # fmt: skip
    return ok(name, f"All {len(needs.kernels)} CUDA kernels load under CUDA {found}.")
