"""The roofline bound, on layers whose time can be worked out by hand."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgers.targets.gpu import PowerMode
from edgers.targets.roofline import PRECISIONS, GraphWork, LayerWork, Traffic, bound, in_eight_bits

MODE = PowerMode(
    name="15W", power_w=15, int8_tops=20, fp16_tflops=10, fp32_tflops=1.0, bandwidth_gbs=100
)  # fmt: skip


def layer(
    operations: int, weights: int, activations: int, *, int8: bool = False
) -> LayerWork:  # fmt: skip
    kind = "eight_bit" if int8 else "floats"
    return LayerWork(
        name="conv", ops=("Conv",), operations=operations, is_int8=int8,
        weights=Traffic(**{kind: weights}), activations=Traffic(**{kind: activations}),
    )  # fmt: skip


# 10^9 operations take 1 ms at 1 TFLOPS; 10^8 bytes take 1 ms at 100 GB/s.
BUSY = layer(10**9, 0, 10**6)
WIDE = layer(10**6, 0, 50 * 10**6)
WORK = GraphWork(layers=(BUSY, WIDE), ends=Traffic(floats=10**6), not_counted=())


def test_a_layer_takes_the_longer_of_computing_and_moving() -> None:
    found = bound(WORK, "fp32", MODE)
    assert found is not None
    # 1 ms of computing, and 200 MB at 100 GB/s.
    assert found.latency_s == pytest.approx(1e-3 + 2e-3)
    assert found.compute_share == pytest.approx(1 / 3)
    assert found.tiles_per_s == pytest.approx(1 / 3e-3)
    assert found.energy_j(15) == pytest.approx(0.045)
    assert found.energy_j(None) is None


def test_with_a_perfect_cache_only_the_ends_are_moved() -> None:
    found = bound(WORK, "fp32", MODE)
    assert found is not None
    assert found.floor_s == pytest.approx(1.001e-3)
    ends = replace(WORK, ends=Traffic(floats=10**8))
    still = bound(ends, "fp32", MODE)
    assert still is not None
    assert still.floor_s == pytest.approx(4e-3)


def test_memory_is_weights_ends_and_the_largest_activations() -> None:
    work = replace(WORK, layers=(layer(1, 100, 10), layer(1, 200, 30)), ends=Traffic(floats=7))
    found = bound(work, "fp16", MODE)
    assert found is not None
    assert found.memory_bytes == 2 * (100 + 200 + 7 + 30)


def test_values_in_halves_move_in_half_the_time() -> None:
    work = replace(WORK, layers=(WIDE,))
    whole, half = bound(work, "fp32", MODE), bound(work, "fp16", MODE)
    assert whole is not None
    assert half is not None
    assert half.latency_s == pytest.approx(whole.latency_s / 2)


def test_a_graph_without_int8_gives_the_least_that_int8_can_take() -> None:
    found, all_narrow = bound(WORK, "int8", MODE), in_eight_bits(WORK)
    assert found is not None
    # 10^9 at 20 TOPS are 50 µs, and 50 MB at 100 GB/s are 500 µs.
    assert found.latency_s == pytest.approx(550e-6)
    assert all_narrow.is_quantized
    assert all_narrow.ends == Traffic(eight_bit=10**6)
    mixed = replace(WORK, layers=(BUSY, layer(10**9, 0, 10**6, int8=True)))
    part = bound(mixed, "int8", MODE)
    assert part is not None
    # The first is not quantized, and runs in halves: 100 µs, not 50.
    assert part.latency_s == pytest.approx(150e-6)


def test_a_quantized_graph_gives_the_bounds_of_one_that_is_not() -> None:
    narrow = replace(WORK, layers=(layer(10**9, 0, 10**6, int8=True), WIDE))
    assert bound(narrow, "fp32", MODE) == bound(WORK, "fp32", MODE)
    assert bound(narrow, "fp16", MODE) == bound(WORK, "fp16", MODE)


@pytest.mark.parametrize(
    ("precision", "missing"),
    [("fp32", "fp32_tflops"), ("fp16", "fp16_tflops"), ("int8", "int8_tops"),
     ("fp32", "bandwidth_gbs"), ("int8", "bandwidth_gbs")],
)  # fmt: skip
def test_where_a_peak_is_not_known_there_is_no_bound(precision: str, missing: str) -> None:
    assert bound(WORK, precision, MODE) is not None
    assert bound(WORK, precision, replace(MODE, **{missing: None})) is None
    others = dict.fromkeys(("fp32_tflops", "int8_tops"))
    assert bound(WORK, "fp16", replace(MODE, **others)) is not None  # type: ignore[arg-type]


def test_layers_that_compute_nothing_need_no_peak() -> None:
    work = replace(WORK, layers=(layer(0, 0, 10**8),))
    blind = replace(MODE, fp32_tflops=None)
    found = bound(work, "fp32", blind)
    assert found is not None
    assert found.latency_s == pytest.approx(4e-3)
    empty = bound(replace(WORK, layers=()), "fp32", MODE)
    assert empty is not None
    assert empty.tiles_per_s == float("inf")


counts = st.integers(0, 10**12)
layers = st.builds(layer, counts, counts, counts, int8=st.booleans())
works = st.builds(
    GraphWork, layers=st.lists(layers, max_size=6).map(tuple),
    ends=st.builds(Traffic, floats=counts), not_counted=st.just(()),
)  # fmt: skip
PEAKS = ("int8_tops", "fp16_tflops", "fp32_tflops", "bandwidth_gbs")


@given(works, st.sampled_from(PRECISIONS), st.sampled_from(PEAKS), st.floats(1, 100))
def test_more_of_anything_is_never_slower(
    work: GraphWork, precision: str, peak: str, times: float
) -> None:
    better = replace(MODE, **{peak: getattr(MODE, peak) * times})
    slow, fast = bound(work, precision, MODE), bound(work, precision, better)
    assert slow is not None
    assert fast is not None
    assert fast.latency_s <= slow.latency_s * (1 + 1e-12)
    assert fast.floor_s <= slow.floor_s * (1 + 1e-12)
    assert 0 <= slow.compute_share <= 1 + 1e-12


@given(works, st.sampled_from(PRECISIONS), layers)
def test_more_work_is_never_faster(work: GraphWork, precision: str, more: LayerWork) -> None:
    # Where nothing is quantized INT8 is a bound of another graph.
    first = layer(1, 1, 1, int8=True)
    less = replace(work, layers=(first, *work.layers))
    small, large = (bound(one, precision, MODE)
                    for one in (less, replace(less, layers=(*less.layers, more))))  # fmt: skip
    assert small is not None
    assert large is not None
    assert large.latency_s >= small.latency_s * (1 - 1e-12)
    assert large.memory_bytes >= small.memory_bytes
