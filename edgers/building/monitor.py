"""How far a build is, and how it is stopped: TensorRT tells and asks from version 10 on."""

from typing import Any, Protocol


class StepListener(Protocol):
    """Hears of the steps of a build, from a thread of TensorRT."""

    @property
    def is_cancelled(self) -> bool:
        """Tell whether the build is to end."""

    def step(self, phase: str, done: int, steps: int) -> None:
        """Hear that a phase has done so many of its steps."""


def monitor(trt: Any, listener: StepListener) -> Any | None:
    """Make a progress monitor for this TensorRT; None before 10, which has none."""
    if not has_monitor(trt):
        return None

    class Monitor(trt.IProgressMonitor):  # type: ignore[misc]  # of a package that is not typed
        """Counts steps; says no to going on once the listener is cancelled.

        It never raises: an exception would end the process inside TensorRT.
        """

        def __init__(self) -> None:
            trt.IProgressMonitor.__init__(self)
            self.phases: dict[str, int] = {}

        def phase_start(self, phase_name: str, parent_phase: str | None, num_steps: int) -> None:
            """Note how many steps a phase has."""
            self.phases[phase_name] = int(num_steps)
            listener.step(phase_name, 0, int(num_steps))

        def step_complete(self, phase_name: str, step: int) -> bool:
            """Tell of a step; give whether to go on."""
            listener.step(phase_name, int(step) + 1, self.phases.get(phase_name, 0))
            return not listener.is_cancelled

        def phase_finish(self, phase_name: str) -> None:
            """Forget a phase."""
            self.phases.pop(phase_name, None)

    return Monitor()


def has_monitor(trt: Any) -> bool:
    """Tell whether a build of this TensorRT can be followed, and stopped."""
    return hasattr(trt, "IProgressMonitor")
