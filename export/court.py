"""Scenes that candidates are judged on, with FP32's products of them."""

import hashlib
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

from edgers.calibration.candidate import candidate_model
from edgers.calibration.judge import check_scenes, judge, verdict_on
from edgers.calibration.juries import jury_of
from edgers.calibration.jury import JudgedScene, SceneUnderTest
from edgers.calibration.label_files import label_of
from edgers.calibration.verdict import Verdict
from edgers.calibration.verdict_lines import verdict_text
from edgers.closing import Closing
from edgers.errors import BadInputError
from edgers.export.accuracy import AccuracyDemand
from edgers.export.trial import Subject
from edgers.pipeline.model import Model
from edgers.pipeline.options import RunOptions
from edgers.targets.target import Candidate


class Court(Closing):
    """Judges candidates against FP32 on whole scenes; a context manager.

    FP32's products are made once. A candidate is judged once: settings of an engine that do not
    change its answers are not looked at again.
    """

    def __init__(
        self, subject: Subject, golden: Mapping[str, bytes], reference: Candidate,
        demand: AccuracyDemand, scenes: Sequence[Path], tell: Callable[[str], None],
    ) -> None:  # fmt: skip
        """Read all labels and run FP32, on the engine `reference`, over `scenes`.

        `golden` are the entries of the golden tile. Raises BadInputError where labels are given and
        fit none of the scenes, and as `jury_of`, `check_scenes` and `run_scene` do.
        """
        self._subject, self._golden, self._demand, self._tell = subject, golden, demand, tell
        self.jury = jury_of(subject.contract.outputs[0], demand.scheme)
        if demand.labels and not self.jury.takes_labels:
            raise BadInputError(
                "labels are of no use for answers of whole tiles.",
                rule="Rows of a candidate are held against those of FP32.",
                fix="Leave --labels out.",
            )
        endings = self.jury.label_endings
        self.scenes = tuple(
            SceneUnderTest(path=path, label=label_of(path, demand.labels, endings))
            for path in scenes
        )
        if demand.labels and not any(scene.label for scene in self.scenes):
            raise BadInputError(
                "the labels fit none of the scenes that are judged.",
                seen=f"Scenes: {', '.join(path.name for path in scenes)}.",
                rule="A label has its scene's name, or differs in the last word after '_'.",
            )
        self._options = RunOptions(renamed=demand.renamed)
        self._verdicts: dict[tuple[str, ...], Verdict] = {}
        with ExitStack() as opened:
            name = opened.enter_context(tempfile.TemporaryDirectory(prefix="edgers-"))
            self._folder = Path(name)
            with self._model(subject.graph, reference) as model:
                check_scenes(model, self.scenes, self.jury, self._options)
                tell(f"fp32 over {len(self.scenes)} scenes")
                self.fp32 = judge(model, self.scenes, self._folder / "fp32", self._options)
            self._opened = opened.pop_all()

    def close(self) -> None:
        """Remove the products."""
        self._opened.close()

    @property
    def label_names(self) -> dict[str, str]:
        """Give the file of the labels by scene."""
        return {one.name: one.scene.label.name for one in self.fp32 if one.scene.label}

    def verdict(self, graph: bytes, candidate: Candidate) -> Verdict:
        """Run a graph over all scenes and compare; raises EngineError where it does not load."""
        key = _key(graph, candidate)
        if key not in self._verdicts:
            self._tell(f"{candidate.engine} {candidate.precision} over {len(self.scenes)} scenes")
            with self._model(graph, candidate) as model:
                self._verdicts[key] = verdict_on(
                    model, self.fp32, self._folder / "candidate", self.jury, self._options
                )
        return self._verdicts[key]

    def products(self, graph: bytes, candidate: Candidate) -> tuple[JudgedScene, ...]:
        """Run a graph over all scenes and keep what it gives until the court is closed."""
        with self._model(graph, candidate) as model:
            return judge(model, self.scenes, self._folder / "shown", self._options)

    def objection(self, graph: bytes, candidate: Candidate) -> str:
        """Say why a candidate may not ship; empty where it may. FP32 is what others lose to."""
        if candidate.precision == "fp32":
            return ""
        verdict = self.verdict(graph, candidate)
        broken = verdict.broken_rules(self._demand.max_drop)
        return f"{verdict_text(verdict)}: {'; '.join(broken)}" if broken else ""

    def _model(self, graph: bytes, candidate: Candidate) -> Model:
        return candidate_model(
            graph, self._subject.contract, self._subject.halo, self._golden,
            engine=candidate.engine, precision=candidate.precision, settings=candidate.settings,
        )  # fmt: skip


def _key(graph: bytes, candidate: Candidate) -> tuple[str, ...]:
    """Name what a candidate's answers hang on."""
    rest = candidate.settings.get("rest", "")
    return hashlib.sha256(graph).hexdigest(), candidate.engine, candidate.precision, rest
