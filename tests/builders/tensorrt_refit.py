"""Weights put into an engine afterwards."""

from typing import Any

from builders.tensorrt_basics import MisuseError, Part, bytes_of, say
from builders.tensorrt_model import Model
from builders.tensorrt_plan import hash_of, weights_from, with_weights


class Refitter(Part):
    """Puts weights into an engine that was built for it."""

    def _begin(self, engine: Any, logger: Any) -> None:
        self._engine, self._logger = engine, logger
        if not engine.refittable:
            say(logger, "ERROR", "Error Code 3: API Usage Error (the engine is not refittable)")
            raise TypeError("pybind11::init(): factory function returned nullptr")
        self._given: dict[str, Any] = {}

    @property
    def logger(self) -> Any:
        return self._logger

    def get_all_weights(self) -> list[str]:
        return list(weights_from(self._engine._plan.graph))

    def get_missing_weights(self) -> list[str]:
        if self._engine._is_refitted:
            return []
        return [name for name in self.get_all_weights() if name not in self._given]

    def refit_cuda_engine(self) -> bool:
        if missing := self.get_missing_weights():
            say(self._logger, "ERROR", f"Error Code 3: missing weights: {', '.join(missing)}")
            return False
        engine = self._engine
        identical = "REFIT" not in engine._plan.flags and "REFIT_IDENTICAL" in engine._plan.flags
        if identical and hash_of(self._given) != engine._plan.weights:
            raise MisuseError("REFIT_IDENTICAL, and the weights are others")
        engine._model = Model(with_weights(engine._plan.graph, self._given))
        engine._is_refitted = True
        return True


class OnnxParserRefitter(Part):
    """Gives a refitter the weights of an ONNX graph."""

    def _begin(self, refitter: Any, logger: Any) -> None:
        self._refitter, self._logger = refitter, logger

    def refit_from_bytes(self, model: Any, path: str | None = None) -> bool:
        weights = weights_from(bytes_of(model))
        if lacking := [one for one in self._refitter.get_all_weights() if one not in weights]:
            say(self._logger, "ERROR", f"the graph has no weights {', '.join(lacking)}")
            return False
        self._refitter._given = weights
        return True

    @property
    def num_errors(self) -> int:
        return 0


BEHAVIOURS = (Refitter, OnnxParserRefitter)
