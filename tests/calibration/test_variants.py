"""Which way of quantizing is chosen, and how an output is compared."""

from dataclasses import replace
from math import inf

import numpy as np
import numpy.typing as npt
import pytest
from builders.calibration import ListTiles, noise_tiles, plain_ranges
from builders.engines import StandIn
from builders.networks import band_net
from builders.quantizable import NETWORKS

from edgers.bundle import canonical_json
from edgers.calibration.output_error import OutputError, output_error
from edgers.calibration.quantization import QuantizationPlan
from edgers.calibration.ranges import Ranges
from edgers.calibration.simulation import Simulation
from edgers.calibration.tiles import Tiles
from edgers.calibration.variants import (
    MARGIN_DB,
    FewTiles,
    Measure,
    Variant,
    best_of,
    variants_document,
    variants_of,
)
from edgers.engines import KNOWN, Tensors

TILES = noise_tiles(3)


def spoiled(spoil: object) -> StandIn:
    engine = KNOWN["onnxruntime"](band_net().SerializeToString())
    return StandIn("other", engine, spoil=spoil)  # type: ignore[arg-type]


def test_noise_of_a_tenth_is_20_db_and_changes_classes() -> None:
    random = np.random.default_rng(99)

    def noisy(values: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        return values + random.normal(0, 0.1, values.shape).astype(np.float32)

    plain = KNOWN["onnxruntime"](band_net().SerializeToString())
    error = output_error(plain, spoiled(noisy), TILES, "y", 1)
    assert error.sqnr_db == pytest.approx(20, abs=0.3)
    assert 0.02 < error.changed_share < 0.15
    same = output_error(plain, spoiled(lambda values: values), TILES, "y", 1)
    assert same == OutputError(sqnr_db=inf, changed_share=0.0)
    assert output_error(plain, spoiled(lambda values: values[:, ::-1]), TILES, "y", None) == (
        OutputError(sqnr_db=pytest.approx(-1.2, abs=0.3), changed_share=0.0)
    )


def test_one_score_changes_its_class_with_its_sign() -> None:
    plain = KNOWN["onnxruntime"](band_net().SerializeToString())
    one = spoiled(lambda values: values[:, :1])
    other = spoiled(lambda values: -values[:, :1])
    assert output_error(one, other, TILES, "y", 1).changed_share == 1.0
    assert output_error(one, plain_of_one(), TILES, "y", 1).changed_share == 0.0
    plain.close()


def plain_of_one() -> StandIn:
    return spoiled(lambda values: 2 * values[:, :1])


def variant(sqnr_db: float, changed: float = 0.01, **plan: object) -> Variant:
    return Variant(
        plan=QuantizationPlan(**plan),  # type: ignore[arg-type]
        graph=b"",
        error=OutputError(sqnr_db=sqnr_db, changed_share=changed),
    )


def test_more_is_chosen_only_where_it_gains_the_margin_and_changes_no_more_classes() -> None:
    plain = variant(30.0)
    worse = variant(29.0, method="mse")
    assert best_of([worse, plain]) is plain
    barely = variant(30.0 + MARGIN_DB - 0.01, bias_corrected=True)
    clearly = variant(30.0 + MARGIN_DB + 0.01, bias_corrected=True)
    assert best_of([plain, barely]) is plain
    assert best_of([plain, clearly]) is clearly
    both = variant(30.0 + 1.5 * MARGIN_DB, bias_corrected=True, equalised=True)
    assert best_of([plain, both]) is plain
    careless = variant(40.0, 0.02, equalised=True)
    assert best_of([plain, careless]) is plain
    broken = variant(float("nan"), method="entropy")
    assert best_of([broken, plain]) is plain


def test_few_tiles_are_taken_each_time() -> None:
    few = FewTiles(tiles=TILES, most=2)
    assert len(few) == len(list(few)) == len(list(few)) == 2
    assert len(FewTiles(tiles=TILES, most=9)) == 3


class Counted:
    """Tiles that count how often they are gone through."""

    def __init__(self, tiles: Tiles) -> None:
        self.tiles, self.times = tiles, 0

    def __len__(self) -> int:
        return len(self.tiles)

    def __iter__(self) -> object:
        self.times += 1
        return iter(self.tiles)


@pytest.mark.parametrize("name", ["chain", "residual"])
def test_every_way_is_tried_and_measured(name: str) -> None:
    graph = NETWORKS[name]().SerializeToString()
    collected: list[bytes] = []

    def collect(other: bytes) -> Ranges:
        collected.append(other)
        return plain_ranges(other, TILES)

    tiles = Counted(ListTiles(TILES.tensors))
    measure = Measure(tiles=tiles, output="y", class_axis=1)  # type: ignore[arg-type]
    plan = QuantizationPlan(form="s8s8")
    found = variants_of(graph, plain_ranges(graph, TILES), plan, collect, measure)
    assert len(collected) == 1
    assert tiles.times < 60
    table = variants_document(found)
    assert len(table) == len(found)
    assert sum(bool(row["chosen"]) for row in table) == 1
    ways = {(row["method"], row["equalised"], row["bias_corrected"]) for row in table}
    assert len(ways) == len(table) == 10
    assert not any(one.plan.kept for one in found)
    canonical_json(table)
    best = best_of(found)
    error = output_error(Simulation(graph), Simulation(best.graph), TILES, "y", 1)
    assert error == best.error
    assert replace(best.plan, form="s8s8") == best.plan


def test_an_equal_output_is_told_as_none() -> None:
    (row,) = variants_document((variant(inf),))
    assert row["sqnr_db"] is None
    canonical_json([row])


def test_tensors_are_a_mapping() -> None:
    """The builder gives what the Protocol promises."""
    tensors: Tensors = next(iter(TILES))
    assert set(tensors) == {"x"}
