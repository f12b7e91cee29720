"""The shapes that a plan is built for."""

from pathlib import Path

import numpy as np
import pytest
from builders.bundles import make_bundle
from builders.networks import channels_last_contract, channels_last_net, fixed_net, plain_contract
from builders.stacks import fusion_document, fusion_net, series_document, series_net

from edgers.build_kit import TileSides
from edgers.building.profile_race import race_profiles
from edgers.building.profiles import golden_tiles, profiles, usual_tiles
from edgers.bundle import open_bundle
from edgers.engines import EngineInfo, Tensors

SIDES = TileSides(least_px=16, usual_px=48, most_px=96)


def test_any_sides_come_first_and_the_usual_size_second(tmp_path: Path) -> None:
    bundle = open_bundle(make_bundle(tmp_path))
    dynamic, fixed = profiles(bundle, SIDES)
    assert (dynamic.name, fixed.name) == ("dynamic", "fixed")
    assert dynamic.shapes == {"x": ((1, 3, 16, 16), (1, 3, 48, 48), (1, 3, 96, 96))}
    assert fixed.shapes == {"x": ((1, 3, 48, 48),) * 3}


def test_the_golden_tile_is_always_within(tmp_path: Path) -> None:
    bundle = open_bundle(make_bundle(tmp_path))
    side = golden_tiles(bundle)["x"].shape[2]
    narrow = TileSides(least_px=side + 8, usual_px=side + 8, most_px=side + 8)
    least, _, most = profiles(bundle, narrow)[0].shapes["x"]
    assert least[2] == side < most[2]


def test_axes_come_in_the_order_of_the_contract(tmp_path: Path) -> None:
    bundle = open_bundle(make_bundle(tmp_path, channels_last_contract(), channels_last_net))
    dynamic, _ = profiles(bundle, SIDES)
    assert dynamic.shapes["x"] == ((1, 16, 16, 3), (1, 48, 48, 3), (1, 96, 96, 3))
    assert usual_tiles(bundle, SIDES)["x"].shape == (1, 48, 48, 3)


def test_every_input_has_its_shapes_and_a_series_any_number_of_dates(tmp_path: Path) -> None:
    several = open_bundle(make_bundle(tmp_path, fusion_document(), fusion_net))
    dynamic, _ = profiles(several, SIDES)
    assert list(dynamic.shapes) == [one.name for one in several.contract.inputs]
    series = open_bundle(make_bundle(tmp_path, series_document(), series_net))
    (source,) = series.contract.inputs
    least, usual, most = profiles(series, SIDES)[0].shapes[source.name]
    time = source.dim_order.index("time")
    assert (least[time], usual[time], most[time]) == (1, 2, 12)
    fixed = open_bundle(make_bundle(tmp_path, series_document(3), lambda: series_net(3)))
    assert {shape[time] for shape in profiles(fixed, SIDES)[0].shapes[source.name]} == {3}


def test_the_usual_tile_is_the_golden_tile_repeated(tmp_path: Path) -> None:
    bundle = open_bundle(make_bundle(tmp_path))
    golden, tile = golden_tiles(bundle)["x"], usual_tiles(bundle, SIDES)["x"]
    side = golden.shape[2]
    rest = 48 - side
    assert 0 < rest < side
    np.testing.assert_array_equal(tile[..., :side, :side], golden)
    np.testing.assert_array_equal(tile[..., side:, side:], golden[..., :rest, :rest])


def test_a_graph_of_one_size_has_that_alone(tmp_path: Path) -> None:
    bundle = open_bundle(make_bundle(tmp_path, plain_contract(), fixed_net))
    (fixed,) = profiles(bundle, SIDES)
    assert fixed.name == "fixed"
    assert fixed.shapes["x"][0][2:] == (64, 64)
    assert usual_tiles(bundle, SIDES)["x"].shape[2:] == (64, 64)


def test_a_dla_gets_single_sizes_alone(tmp_path: Path) -> None:
    bundle = open_bundle(make_bundle(tmp_path))
    golden, fixed = profiles(bundle, SIDES, any_size=False)
    assert golden.shapes == {"x": (golden_tiles(bundle)["x"].shape,) * 3}
    assert fixed.shapes == {"x": ((1, 3, 48, 48),) * 3}


class Slow:
    """An engine that lets a clock run on."""

    def __init__(self, clock: list[float], times_s: list[float]) -> None:
        self.clock, self.times_s, self.closed = clock, times_s, False

    @property
    def info(self) -> EngineInfo:
        return EngineInfo(name="slow", version="1", device="none")

    def infer(self, inputs: Tensors) -> Tensors:
        self.clock[0] += self.times_s.pop(0) if len(self.times_s) > 1 else self.times_s[0]
        return {}

    def close(self) -> None:
        self.closed = True


@pytest.mark.parametrize(
    ("dynamic_s", "fixed_s", "chosen", "rounds"),
    [
        # The first run of each, which costs more, does not count.
        ([9.0, 0.2], [90.0, 0.1], "fixed", 9),
        ([90.0, 0.1], [9.0, 0.2], "dynamic", 9),
        # As fast as each other: the one that takes any size.
        ([0.1, 0.101], [0.1, 0.1], "dynamic", 9),
        # Slow ones are run a few times only.
        ([8.0], [5.0], "fixed", 3),
    ],
)
def test_the_faster_profile_is_chosen_by_turns(
    dynamic_s: list[float], fixed_s: list[float], chosen: str, rounds: int
) -> None:
    clock = [0.0]
    made = {"dynamic": Slow(clock, [*dynamic_s]), "fixed": Slow(clock, [*fixed_s])}
    found = race_profiles(made.__getitem__, {}, lambda: clock[0])
    assert found.chosen == chosen
    assert found.median_ms["fixed"] == pytest.approx(1000 * fixed_s[-1])
    assert all(one.closed for one in made.values())
    runs = rounds + 1
    assert clock[0] == pytest.approx(
        sum(times[0] + (runs - 1) * times[-1] for times in (dynamic_s, fixed_s))
    )
