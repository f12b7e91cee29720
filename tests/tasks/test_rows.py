"""What the numbers of a tile are, and what its row says."""

from typing import Any

import numpy as np
import pytest

from edgers.contract import ModelClass, ModelOutput
from edgers.contract.model import OutputValue
from edgers.errors import ContractError
from edgers.tasks.kinds import check_output, is_mixable, kind_of
from edgers.tasks.row_meaning import RowMeaning
from edgers.tasks.rows import RowDecoder

NAMES = ("field", "forest", "town")


def output(axes: str = "class", count: int = 3, **fields: Any) -> ModelOutput:
    """Give an output with the axes batch and those named, the last of `count`."""
    names = ("batch", *axes.split())
    classes = tuple(ModelClass(value=i * 10, name=n, colour="112233") for i, n in enumerate(NAMES))
    stated: dict[str, Any] = {
        "classes": classes if names[-1] == "class" else (),
        "task": "classification",
    }
    shape = (-1,) * (len(names) - 1) + (count,)
    stated |= {"shape": shape, **fields}
    return ModelOutput(name="y", dim_order=names, data_type="float32", **stated)


def softmax(scores: Any) -> Any:
    powers = np.exp(np.asarray(scores, float))
    return powers / powers.sum()


def cells(one: ModelOutput, tensor: Any) -> dict[str, Any]:
    """Decode a tensor of one tile and give its row by column."""
    given = np.asarray(tensor, np.float32)
    meaning = RowMeaning(one, given.shape)
    row = RowDecoder(one).decode(given)
    assert row.shape == (meaning.length,)
    columns = meaning.columns(row[None])
    return {f.name: column[0] for f, column in zip(meaning.fields, columns, strict=True)}


def test_one_class_holds_under_softmax() -> None:
    scores = [0.5, 3.0, -1.0]
    row = cells(output(), [scores])
    assert (row["class"], row["class_name"]) == (10, "forest")
    assert [row[f"p_{name}"] for name in NAMES] == pytest.approx(softmax(scores), rel=1e-6)
    assert row["score"] == row["p_forest"]


def test_of_equal_classes_the_first_wins() -> None:
    assert cells(output(), [[1.0, 2.0, 2.0]])["class_name"] == "forest"


@pytest.mark.parametrize(
    ("thresholds", "held"),
    [((), "field;town"), ((0.9, 0.2, 0.5), "forest;town"), ((0.99,) * 3, "")],
)
def test_several_classes_may_hold_each_above_its_threshold(
    thresholds: tuple[float, ...], held: str
) -> None:
    one = output(activation="sigmoid", class_rule="several", thresholds=thresholds)
    row = cells(one, [[1.0, -1.0, 2.0]])
    assert row["classes"] == held
    assert row["p_forest"] == pytest.approx(1 / (1 + np.e), rel=1e-6)
    assert "class" not in row


@pytest.mark.parametrize(
    ("scores", "name"),
    [([-2, -3], "field"), ([2, -1], "forest"), ([3, 1], "town"), ([-1, 2], "forest")],
)
def test_ordered_classes_are_counted_up(scores: list[float], name: str) -> None:
    row = cells(output(count=2, class_rule="ordered", activation="sigmoid"), [scores])
    assert row["class_name"] == name
    assert sum(row[f"p_{one}"] for one in NAMES) == pytest.approx(1, abs=1e-6)


def test_a_sigmoid_for_one_class_tells_the_likeliest() -> None:
    row = cells(output(activation="sigmoid"), [[1.0, -1.0, 2.0]])
    assert row["class_name"] == "town"
    assert row["score"] == pytest.approx(1 / (1 + np.exp(-2.0)))


@pytest.mark.parametrize(("threshold", "name"), [(0.5, "wet"), (0.9, "dry")])
def test_one_score_for_two_classes_has_a_threshold(threshold: float, name: str) -> None:
    two = (
        ModelClass(value=0, name="dry", colour="000000"),
        ModelClass(value=1, name="wet", colour="0000FF"),
    )
    one = output(count=1, classes=two, activation="sigmoid", threshold=threshold)
    row = cells(one, [[1.0]])
    assert row["class_name"] == name
    assert row["p_wet"] == pytest.approx(1 / (1 + np.exp(-1.0)))
    assert row["p_dry"] == pytest.approx(1 - row["p_wet"], abs=1e-6)


def test_numbers_have_the_names_and_units_of_the_contract() -> None:
    values = (OutputValue(name="biomass", unit="Mg/ha"), OutputValue(name="height", unit="m"))
    one = output("channel", 2, values=values, task="regression")
    assert cells(one, [[120.5, 18.25]]) == {"biomass": 120.5, "height": 18.25}
    assert [f.unit for f in RowMeaning(one, (1, 2)).fields] == ["Mg/ha", "m"]


def test_an_ensemble_gives_mean_and_standard_deviation() -> None:
    values = (OutputValue(name="a"), OutputValue(name="b"))
    one = output("member channel", 2, values=values, task="regression", shape=(-1, 3, 2))
    members = np.array([[1, 10], [2, 20], [6, 60]], np.float32)
    row = cells(one, members[None])
    assert row["a"] == 3
    assert row["b"] == 30
    assert row["a_std"] == pytest.approx(members[:, 0].std(), rel=1e-6)
    assert row["b_std"] == pytest.approx(members[:, 1].std(), rel=1e-6)


def test_a_variance_is_told_as_a_deviation() -> None:
    values = (OutputValue(name="a"), OutputValue(name="a_std", gives="log-variance"))
    one = output("channel", 2, values=values, task="regression")
    assert cells(one, [[7.0, np.log(9.0)]]) == pytest.approx({"a": 7.0, "a_std": 3.0})
    negative = (OutputValue(name="a"), OutputValue(name="a_std", gives="variance"))
    decoder = RowDecoder(output("channel", 2, values=negative, task="regression"))
    assert decoder.is_told(np.array([7, 4], np.float32))
    assert not decoder.is_told(np.array([7, -4], np.float32))


def test_a_single_number_needs_no_axis() -> None:
    one = ModelOutput(
        name="y", task="regression", shape=(-1,), dim_order=("batch",), data_type="float32"
    )
    assert cells(one, [4.5]) == {"value": 4.5}


@pytest.mark.parametrize(("normalise", "length"), [("l2", 1.0), (None, 5.0)])
def test_an_embedding_has_length_one_where_the_contract_says_so(
    normalise: Any, length: float
) -> None:
    one = output("feature", normalise=normalise, task="similarity-search")
    row = RowDecoder(one).decode(np.array([[3, 0, 4]], np.float32))
    assert np.linalg.norm(row) == pytest.approx(length, rel=1e-6)
    assert row[2] / row[0] == pytest.approx(4 / 3, rel=1e-6)


def test_an_embedding_of_no_length_is_not_finite() -> None:
    one = output("feature", normalise="l2", task="similarity-search")
    assert not np.isfinite(RowDecoder(one).decode(np.zeros((1, 3), np.float32))).any()


def test_rows_are_no_maps_and_cannot_be_mixed() -> None:
    one = output()
    check_output(one)
    assert kind_of(one) == "rows"
    assert not is_mixable(one)


@pytest.mark.parametrize(
    ("one", "message"),
    [
        (output(classes=()), "names no classes"),
        (output(count=4), "has 4 scores"),
        (output("class channel"), "has axes"),
        (output("member feature"), "axis 'member'"),
        (output(normalise="l2"), "no embedding"),
        (
            output(
                "channel", 1, values=(OutputValue(name="a", gives="log-variance"),), scope="scene"
            ),
            "logarithms",
        ),
        (output("channel", 2, values=(OutputValue(name="a"),)), "names 1 values and has 2"),
    ],
)
def test_a_contract_that_fits_no_row_is_refused(one: ModelOutput, message: str) -> None:
    with pytest.raises(ContractError, match=message):
        check_output(one)


@pytest.mark.parametrize("task", ["object-detection", "image-captioning", "instance-segmentation"])
def test_other_tasks_are_not_taken_for_rows(task: str) -> None:
    with pytest.raises(ContractError):
        kind_of(output("feature", task=task))


def test_scores_that_the_graph_gives_beside_the_contract_are_refused() -> None:
    with pytest.raises(ContractError, match="has 4 scores"):
        RowMeaning(output(count=-1), (1, 4))
