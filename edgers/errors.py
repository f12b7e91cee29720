"""The errors EdgeRS raises, and how each one reads.

EdgersError                   exit code 1
├── BadInputError             exit code 2: something the user gave does not fit
│   ├── ContractError         a contract that cannot be read, or contradicts itself
│   ├── GraphError            an ONNX graph that cannot be used, or does not fit its contract
│   ├── BundleError           a bundle that is unreadable, altered or made for another device
│   ├── SceneError            a scene that cannot be read, or has nothing to say
│   │   └── BandError         a band the model needs is missing, ambiguous or of the wrong kind
│   ├── TilingError           a tile size the graph does not allow
│   ├── MemoryPlanError       a run that does not fit in the memory allowed
│   └── OutputError           a product that cannot be written where it was asked for
│       └── ResumeError       an unfinished run that was another one
├── EngineError               a runtime failed on a graph and input that should work
└── AccuracyError             exit code 3: a lower precision costs more accuracy than is allowed
"""


class EdgersError(Exception):
    """An error told in four parts: what failed, the value seen, the rule, and what to do.

    Parts that have nothing to add are left out; `str(error)` gives one part a line.
    """

    exit_code = 1

    def __init__(self, what: str, *, seen: str = "", rule: str = "", fix: str = "") -> None:
        self.what = what
        self.seen = seen
        self.rule = rule
        self.fix = fix
        super().__init__("\n".join(part for part in (what, seen, rule, fix) if part))


class BadInputError(EdgersError):
    """Something the user gave does not fit; nothing was written."""

    exit_code = 2


class ContractError(BadInputError):
    """A contract that cannot be read, or contradicts itself."""


class GraphError(BadInputError):
    """An ONNX graph that cannot be used, or does not fit its contract."""


class BundleError(BadInputError):
    """A bundle that is unreadable, altered or made for another device."""


class SceneError(BadInputError):
    """A scene that cannot be read, or holds nothing to run on."""


class BandError(SceneError):
    """A band the model needs is missing, ambiguous or of the wrong kind."""


class TilingError(BadInputError):
    """A tile size that the graph does not allow."""


class MemoryPlanError(BadInputError):
    """A run that does not fit in the memory allowed."""


class OutputError(BadInputError):
    """A product that cannot be written where it was asked for."""


class ResumeError(OutputError):
    """An unfinished run in the output folder that was another one."""


class EngineError(EdgersError):
    """A runtime failed on a graph and input that should work."""


class AccuracyError(EdgersError):
    """A lower precision costs more accuracy than is allowed; nothing was written."""

    exit_code = 3
