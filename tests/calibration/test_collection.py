"""Going through tiles: the numbers of a plain reference, in any order, in bounded memory."""

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from builders.bundles import tiny_net
from builders.calibrated import MadeTiles, collection_peak
from builders.graphs import GraphBuilder
from builders.networks import NAN_AT, broken_net, unet

from edgers.calibration.collection import collect_spans, collect_tallies
from edgers.calibration.ranges import METHODS
from edgers.calibration.tally import HALF
from edgers.engines import Tensors
from edgers.errors import BadInputError, GraphError


def everything(net: onnx.ModelProto, tiles: MadeTiles) -> dict[str, Tensors]:
    """Run all tiles and keep all tensors."""
    opened = onnx.ModelProto()
    opened.CopyFrom(net)
    del opened.graph.output[:]
    names = [name for node in net.graph.node for name in node.output]
    opened.graph.output.extend(onnx.ValueInfoProto(name=name) for name in names)
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    session = ort.InferenceSession(opened.SerializeToString(), options)
    runs = [dict(tile) | dict(zip(names, session.run(names, tile), strict=True)) for tile in tiles]
    return {name: np.concatenate([run[name] for run in runs]) for name in ["x", *names]}


@pytest.mark.parametrize("net", [tiny_net, unet])
def test_ranges_are_those_of_everything_at_once(net: object) -> None:
    graph = net()  # type: ignore[operator]
    tiles = MadeTiles(7, growth=1.5)
    found, wanted = collect_tallies(graph, tiles), everything(graph, tiles)
    assert found.keys() == wanted.keys()
    for name, values in wanted.items():
        tally = found[name]
        assert (tally.low, tally.high) == (values.min(), values.max())
        reach = tally.width * HALF
        counts, _ = np.histogram(values.astype(np.float64), 2 * HALF, (-reach, reach))
        assert np.array_equal(tally.counts, counts)
    spans = collect_spans(graph, tiles)
    assert all(tuple(found) == METHODS for found in spans.values())


def test_the_order_of_tiles_and_the_turns_change_nothing() -> None:
    net = tiny_net()
    one = collect_spans(net, MadeTiles(6, growth=1.5))
    assert one == collect_spans(net, MadeTiles(6, growth=1.5, order=(3, 5, 0, 1, 4, 2)))
    assert one == collect_spans(net, MadeTiles(6, growth=1.5), limit_bytes=40_000)


class Spoiled(MadeTiles):
    """Tiles of which some hold what `broken_net` answers with NaN."""

    def __iter__(self):  # type: ignore[no-untyped-def]
        for i, tile in enumerate(super().__iter__()):
            if i in (3, 5):
                tile["x"][0, 1, 2, 2] = NAN_AT
            yield tile


def test_a_tensor_with_nan_is_named_with_the_first_tile() -> None:
    with pytest.raises(GraphError) as caught:
        collect_spans(broken_net(), Spoiled(8), place="tile at {}".format)
    assert "holds NaN" in caught.value.what
    assert "'t1'" in caught.value.what
    assert caught.value.seen == "On tile at 3."


def test_tensors_of_zeros_and_constants_have_ranges() -> None:
    graph = GraphBuilder()
    zero = graph.node("Mul", ["x", graph.constant(0.0)])
    net = graph.model(graph.node("Add", [zero, graph.constant(2.5)]))
    found = collect_spans(net, MadeTiles(3))
    assert set(found[zero].values()) == {(0, 0)}
    assert set(found[net.graph.node[1].output[0]].values()) == {(2.5, 2.5)}


def test_no_tile_is_refused() -> None:
    with pytest.raises(BadInputError, match="no tile"):
        collect_spans(tiny_net(), MadeTiles(0))


def test_a_graph_that_cannot_be_loaded_is_refused() -> None:
    net = tiny_net()
    net.graph.node[0].op_type = "NoSuchOperator"
    with pytest.raises(GraphError, match="cannot be made to show"):
        collect_spans(net, MadeTiles(1))


def test_memory_does_not_grow_with_the_tiles() -> None:
    # All tensors of a tile of 48 px are 0.3 MB: those of 450 tiles are 130 MB.
    assert collection_peak(500) - collection_peak(50) < 16 * 2**20
