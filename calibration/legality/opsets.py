"""Which operator sets a file may be written in."""

from collections.abc import Iterator

from edgers.calibration.legality.bands import ALL, Band
from edgers.calibration.legality.graph_view import GraphView
from edgers.calibration.legality.reading import DEFAULT_DOMAINS
from edgers.calibration.legality.rule import Level, Trouble, rule

PER_AXIS_OPSET = 13
"""First opset whose quantizers have an axis (onnx.ai, QuantizeLinear 13)."""


@rule(Level.REFUSED, ALL)
def opset_window(view: GraphView, band: Band) -> Iterator[Trouble]:
    """The opset of ai.onnx is one that the parser of the band takes.

    Source: onnx-tensorrt docs/operators.md and docs/Changelog.md; NVIDIA's ONNX opset guide for
    the lower end. The table of bands says where each window was read.
    """
    lowest, highest = band.opsets
    if not lowest <= view.opset <= highest:
        yield Trouble(
            what=f"The file is written in opset {view.opset}; TensorRT {band.name} takes {lowest}"
            f" to {highest}.",
            fix="Export the network again in an opset that all targets take.",
        )


@rule(Level.UNFIT, ALL)
def quantizer_opset(view: GraphView, band: Band) -> Iterator[Trouble]:
    """Q/DQ are written in opset 13 or later.

    Source: onnx.ai, QuantizeLinear 13; before, there is no axis, and onnx-tensorrt takes another
    one in its place from version to version.
    """
    if view.quantizers and view.opset < PER_AXIS_OPSET:
        yield Trouble(
            node=view.quantizers[0].node.label,
            what=f"The file has Q/DQ in opset {view.opset}.",
            fix="Export the network again in opset 13 or later.",
        )


@rule(Level.REFUSED, ALL)
def default_domain(view: GraphView, band: Band) -> Iterator[Trouble]:
    """All operators are of ai.onnx.

    Source: onnx-tensorrt, importFallbackPluginImporter: an operator without importer is looked for
    among plugins ("Plugin not found"), and EdgeRS ships none.
    """
    own = set(view.functions)
    for node in view.nodes:
        if node.domain and f"{node.domain}::{node.op}" not in own:
            yield Trouble(
                node=node.label, what=f"{node.label}: is {node.domain}.{node.op}.",
                fix="Optimise and quantize without contrib operators.",
            )  # fmt: skip


@rule(Level.UNFIT, ALL)
def stray_imports(view: GraphView, band: Band) -> Iterator[Trouble]:
    """No domain but ai.onnx is imported.

    Source: ONNX Runtime's quant_pre_process leaves com.microsoft and others behind, used or not;
    that a parser passes over them was not measured.
    """
    strays = sorted(name for name in view.imports if name not in DEFAULT_DOMAINS)
    if strays:
        yield Trouble(
            what=f"The file imports {', '.join(strays)}.",
            fix="Remove the opset imports that no node uses.",
        )


@rule(Level.UNFIT, ALL)
def local_functions(view: GraphView, band: Band) -> Iterator[Trouble]:
    """The file defines no operators of its own.

    Source: onnx-tensorrt docs/Changelog.md: local functions are read from 9.0 on; these rules do
    not look inside them.
    """
    if view.functions:
        yield Trouble(
            what=f"The file defines {', '.join(view.functions[:3])}.",
            fix="Put their nodes into the graph with onnx.inliner.inline_local_functions.",
        )


RULES = (opset_window, quantizer_opset, default_domain, stray_imports, local_functions)
