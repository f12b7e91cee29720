"""Rows taken as they arrive give the pixels of the whole scene, bit for bit."""

import tempfile
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import onnx
import pytest
from builders.bundles import BAND_NAMES, contract_document, make_bundle
from builders.graphs import GraphBuilder
from builders.networks import fixed_net, patch_net, plain_contract, unet, valid_net
from builders.random_graphs import RandomGraph, random_graphs
from builders.runs import Net, read_product
from builders.scenes import noise, write_scene
from builders.strips import fed_pipe, raw_rows, read_rows, write_strip
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from edgers.bundle import open_bundle
from edgers.errors import TilingError
from edgers.pipeline.model import Model, load_model
from edgers.pipeline.options import RunOptions
from edgers.pipeline.pushbroom import StripOptions, run_strip
from edgers.pipeline.run import run_scene
from edgers.scene.pushbroom import StripSource
from edgers.tiling.axis_tiles import plan_axis, smallest_tile_px
from edgers.tiling.halo import AxisHalo
from edgers.tiling.row_stream import RowStream, RowTile

IGNORED = 77


def samples_with_holes(height: int, width: int, seed: int) -> np.ndarray[Any, Any]:
    """Give samples of which some pixels miss a band, and a block misses all."""
    samples = noise(3, height, width, seed=seed)
    samples[0, ::7, ::3] = IGNORED
    samples[:, height // 3 : height // 2, width // 4 : width // 2] = IGNORED
    return samples


def assert_equal(
    model: Model, folder: Path, samples: np.ndarray[Any, Any], options: StripOptions, **chunk: int
) -> None:
    """Run samples as a scene and as a strip; both give the same rows, or both refuse."""
    scene = write_scene(folder / "s.tif", samples, names=BAND_NAMES, nodata=IGNORED)
    strip = write_strip(folder / "s.bil", samples, data_ignore_value=IGNORED)
    try:
        wanted = read_product(run_scene(model, scene, folder / "scene", RunOptions()))
    except TilingError:
        with pytest.raises(TilingError, match=r"too small|gives no output"):
            run_strip(model, StripSource(source=str(strip), idle_s=0), folder / "strip", options)
        assert not (folder / "strip").exists()
        return
    data = b"".join(raw_rows(samples))
    with fed_pipe(folder / "pipe", data, chunk.get("bytes", len(data))) as pipe:
        where = StripSource(source=str(pipe), header=strip.with_suffix(".hdr"))
        report = run_strip(model, where, folder / "strip", options)
    assert report.rows_in == samples.shape[1]
    assert np.array_equal(read_rows(report.products[0]), wanted)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    graph=random_graphs(),
    height=st.integers(1, 170),
    width=st.integers(30, 90),
    extra=st.tuples(st.integers(0, 70), st.integers(0, 70)),
    chunk=st.integers(1, 5000),
    seed=st.integers(0, 99),
)
def test_random_graphs(
    graph: RandomGraph, height: int, width: int, extra: tuple[int, int], chunk: int, seed: int
) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        bundle = make_bundle(folder, contract_document(), lambda: graph.model)
        with load_model(open_bundle(bundle)) as model:
            halo = model.bundle.halo
            options = StripOptions(
                tile_px=smallest_tile_px(halo.width) + extra[0],
                rows_px=smallest_tile_px(halo.height) + extra[1],
                workers=2,
            )
            samples = samples_with_holes(height, width, seed)
            assert_equal(model, folder, samples, options, bytes=chunk)


def valid_strided() -> onnx.ModelProto:
    """An output of half the rows, less a border that no padding makes up for."""
    graph = GraphBuilder(seed=5)
    hidden = graph.relu(graph.conv("x", 4, 3, stride=2, pads=[0, 0, 0, 0]))
    return graph.model(graph.conv(hidden, 3, 3, pads=[0, 0, 0, 0]))


def fixed_blocks() -> onnx.ModelProto:
    """The mean of each 4 × 4 px, in a graph that takes one such block at a time."""
    graph = GraphBuilder()
    small = graph.pool("x", "AveragePool", kernel=4, stride=4)
    whole = graph.resize(small, 4.0, coordinate_transformation_mode="asymmetric")
    return graph.model(whole, sizes=(4, 4))


NETS = [fixed_net, fixed_blocks, patch_net, unet, valid_net, valid_strided]


@pytest.mark.parametrize("net", NETS)
@pytest.mark.parametrize("height", [1, 3, 4, 17, 63, 64, 65, 128, 150, 151, 191, 192, 193])
@pytest.mark.parametrize("extend", ["reflect", "edge", "zero"])
def test_every_kind_of_output(tmp_path: Path, net: Net, height: int, extend: str) -> None:
    document = plain_contract(**{"edgers:extend": extend})
    with load_model(open_bundle(make_bundle(tmp_path, document, net))) as model:
        rows_px = smallest_tile_px(model.bundle.halo.height) + 9
        options = StripOptions(tile_px=64, rows_px=rows_px)
        assert_equal(model, tmp_path, samples_with_holes(height, 70, height), options)


halos = st.builds(
    lambda before, after, align, coarse, strict, fixed: axis_halo(
        before, after, align, coarse=coarse, strict=strict, fixed=fixed
    ),
    before=st.integers(0, 60),
    after=st.integers(0, 60),
    align=st.sampled_from([1, 2, 4, 8, 16]),
    coarse=st.booleans(),
    strict=st.booleans(),
    fixed=st.none() | st.integers(0, 60),
)


def axis_halo(
    before: int, after: int, align: int, *, coarse: bool, strict: bool, fixed: int | None
) -> AxisHalo:
    """Give the halo of a graph that pads what it looks at; `fixed` is room in its one size."""
    stride = Fraction(align if coarse else 1)
    sizes = (0, *(None if strict else -(-r // int(stride)) for r in range(1, align)))
    halo = AxisHalo(
        before_px=before, after_px=after, align_px=align, stride=stride,
        offset_px=Fraction(0), sizes=sizes,
    )  # fmt: skip
    return halo if fixed is None else replace(halo, fixed_px=smallest_tile_px(halo) + fixed * align)


def tiles_of(stream: RowStream, rows: int) -> list[tuple[int, RowTile]]:
    """Give each tile with the rows that had arrived when it came."""
    found = [(count, one) for count in range(1, rows + 1) for one in stream.ready(count)]
    return found + [(rows, one) for one in stream.rest(rows)]


@settings(max_examples=200, deadline=None)
@given(halo=halos, rows=st.integers(1, 900), extra=st.integers(0, 80))
@example(halo=axis_halo(0, 0, 4, coarse=True, strict=False, fixed=None), rows=13, extra=0)
def test_cores_cover_the_strip_and_windows_hold_what_they_look_at(
    halo: AxisHalo, rows: int, extra: int
) -> None:
    stream = RowStream(halo, smallest_tile_px(halo) + extra)
    whole = plan_axis(rows, smallest_tile_px(halo) + extra, halo)
    found = tiles_of(stream, rows)
    covered = [o for _, one in found for o in range(one.tile.core_start, one.tile.core_stop)]
    assert covered == list(range(whole.output_px))
    for count, one in found:
        tile = one.tile
        assert tile.window_start % halo.align_px == 0
        assert tile.window_start >= count - stream.lag_px
        assert tile.crop_start == tile.core_start - tile.window_start // halo.stride
        first = tile.core_start * halo.stride - halo.before_px
        last = -(-tile.core_stop * halo.stride // halo.align_px) * halo.align_px + halo.after_px
        assert tile.window_start <= max(0, first)
        assert tile.window_stop >= min(last, whole.extended_px)
        assert tile.window_stop <= whole.extended_px
        assert (halo.output_size(tile.window_stop - tile.window_start) or 0) > 0
        if halo.fixed_px and tile.window_stop > rows:  # the one window at the end of the scene
            assert tile.window_stop == whole.extended_px
        elif tile.window_stop > rows:  # as much to mirror as is mirrored, or all there is
            assert tile.window_start <= max(0, 2 * rows - tile.window_stop - 1)
        wanted = whole.input_index(tile.core_start, tile.core_stop)
        assert np.array_equal(one.under, wanted)


@settings(max_examples=100, deadline=None)
@given(halo=halos, extra=st.integers(0, 80))
def test_a_row_waits_for_a_tile_at_most(halo: AxisHalo, extra: int) -> None:
    tile_px = smallest_tile_px(halo) + extra
    stream = RowStream(halo, tile_px)
    assert stream.lag_px <= (halo.fixed_px or tile_px)
    out = 0
    for count in range(1, 600):
        for one in stream.ready(count):
            assert one.tile.window_stop <= count
            out = one.tile.core_stop
        assert (out + 1) * halo.stride > count - stream.lag_px


@pytest.mark.parametrize("fault", ["before", "after", "mirror"])
def test_a_planted_fault_shows(tmp_path: Path, fault: str) -> None:
    """A halo one step too small, or too few rows to mirror, is seen as another pixel."""
    samples = noise(3, 150, 40, seed=1)
    with load_model(open_bundle(make_bundle(tmp_path, contract_document(), unet))) as model:
        axis = model.bundle.halo.height
        wrong = {
            "before": replace(axis, before_px=axis.before_px - 2 * axis.align_px),
            "after": replace(axis, after_px=axis.after_px - 2 * axis.align_px),
            "mirror": axis,
        }[fault]
        options = StripOptions(rows_px=smallest_tile_px(axis) + 8)

        class Faulty(RowStream):
            def __init__(self, halo: AxisHalo, tile_px: int) -> None:
                super().__init__(wrong, tile_px)

            def _rest_start(self, rows: int) -> int:
                if fault != "mirror":
                    return super()._rest_start(rows)
                return (rows - 2) // self._halo.align_px * self._halo.align_px

        assert_equal(model, tmp_path, samples, options)
        with (
            mock.patch("edgers.pipeline.pushbroom.RowStream", Faulty),
            pytest.raises(AssertionError),
        ):
            assert_equal(model, tmp_path, samples, options)
