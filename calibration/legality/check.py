"""Whether TensorRT will take a graph, band by band, before any device is at hand."""

from collections.abc import Sequence
from dataclasses import dataclass

import onnx

from edgers.calibration.legality.bands import ALL, Band
from edgers.calibration.legality.reading import view_from
from edgers.calibration.legality.rule import Level, Rule
from edgers.calibration.legality.rules import RULES
from edgers.calibration.legality.typing_strategy import Typing, typing_of
from edgers.errors import GraphError

SHOWN = 5
"""Findings that an error lists before it counts the rest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A rule, and where it is broken."""

    rule: Rule
    """The rule."""
    what: str
    """What is wrong, with the value seen."""
    fix: str
    """What to do."""
    node: str
    """The node, "" where it is the file as a whole."""
    tensor: str
    """The tensor, "" where it is none in particular."""

    def __str__(self) -> str:
        return f"{self.what} [{self.rule.name}] {self.fix}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What one band makes of a graph."""

    band: Band
    """The band."""
    typing: Typing
    """How the file is to be fed to it."""
    findings: tuple[Finding, ...]
    """What stands against it."""
    remarks: tuple[Finding, ...]
    """What is worth knowing though it is legal."""

    @property
    def legal(self) -> bool:
        """Whether nothing stands against it."""
        return not self.findings

    def __str__(self) -> str:
        if self.legal:
            return f"TensorRT {self.band.name}: legal, {self.typing}{_by_rule(self.remarks)}"
        return f"TensorRT {self.band.name}: not legal{_by_rule(self.findings)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Legality:
    """What each band makes of a graph."""

    verdicts: tuple[Verdict, ...]
    """One a band, in the order asked for."""

    @property
    def legal(self) -> bool:
        """Whether every band takes it."""
        return all(verdict.legal for verdict in self.verdicts)

    def of(self, band: Band) -> Verdict:
        """Give the verdict of one band that was asked for; raises KeyError for others."""
        for verdict in self.verdicts:
            if verdict.band == band:
                return verdict
        raise KeyError(band.name)

    def __str__(self) -> str:
        return "\n".join(map(str, self.verdicts))


def _by_rule(findings: Sequence[Finding]) -> str:
    """Write the first finding of each rule, a line each, with how many more there are."""
    first: dict[str, Finding] = {}
    for finding in findings:
        first.setdefault(finding.rule.name, finding)
    lines = []
    for name, finding in first.items():
        more = sum(one.rule.name == name for one in findings) - 1
        lines.append(f"\n  {finding}" + (f" ({more} more)" if more else ""))
    return "".join(lines)


def check_legality(graph: "bytes | onnx.ModelProto", bands: Sequence[Band] = ALL) -> Legality:
    """Hold a graph against the rules of some bands; weights in other files are not read.

    Raises GraphError where it is broken: no ONNX model, no nodes, tensors made twice or read
    before they are made, a scale or zero point whose bytes do not fit.
    """
    view = view_from(graph)
    verdicts = []
    for band in bands:
        found = [
            Finding(
                rule=rule, what=one.what, fix=one.fix, node=one.node, tensor=one.tensor
            )
            for rule in RULES.values()
            if band in rule.bands
            for one in rule.check(view, band)
        ]  # fmt: skip
        verdicts.append(
            Verdict(
                band=band,
                typing=typing_of(view, band),
                findings=tuple(one for one in found if one.rule.level is not Level.REMARK),
                remarks=tuple(one for one in found if one.rule.level is Level.REMARK),
            )
        )
    return Legality(verdicts=tuple(verdicts))


def require_legal(
    graph: "bytes | onnx.ModelProto", bands: Sequence[Band] = ALL, name: str = "the graph"
) -> Legality:
    """Raise GraphError where one of some bands would not take a graph; give the verdicts else.

    `name` is what the error calls the graph.
    """
    legality = check_legality(graph, bands)
    against = [verdict for verdict in legality.verdicts if not verdict.legal]
    if not against:
        return legality
    first: dict[tuple[str, str, str], Finding] = {}
    for verdict in against:
        for finding in verdict.findings:
            first.setdefault((finding.rule.name, finding.node, finding.tensor), finding)
    found = list(first.values())
    lines = [f"{one.what} [{one.rule.name}]" for one in found[:SHOWN]]
    if len(found) > SHOWN:
        lines.append(f"And {len(found) - SHOWN} more.")
    raise GraphError(
        f"{name} is not legal for TensorRT {', '.join(one.band.name for one in against)}.",
        seen="\n".join(lines),
        rule="\n".join(dict.fromkeys(one.rule.text for one in found[:SHOWN])),
        fix="\n".join(dict.fromkeys(one.fix for one in found[:SHOWN])),
    )
