"""Each TensorRT is fed with what it takes, the best first; what it does not take is told."""

import onnx
import pytest
from builders.networks import band_net
from builders.quantizable import chain

from edgers.calibration.half import half_graph
from edgers.calibration.legality import ALL, Band
from edgers.errors import GraphError
from edgers.export.kit_forms import FP16, FP32, INT8, INT8_HALF, Form, Offer, kit_bands

NET = chain().SerializeToString()
HALF = half_graph(NET)


def form(name: str, graph: bytes = NET) -> Form:
    return Form(name=name, graph=graph, answer=b"")


FORMS = {
    FP32: form(FP32), FP16: form(FP16, HALF), INT8: form(INT8), INT8_HALF: form(INT8_HALF, HALF),
}  # fmt: skip
EVERYTHING = ("fp32", "fp16", "int8")


def fed(band: Band, **chosen: object) -> list[tuple[str, str, tuple[str, ...]]]:
    """Give form, typing and flags of each attempt, in order."""
    fields = {"forms": FORMS, "precisions": EVERYTHING, **chosen}
    (found,), _ = kit_bands((band,), Offer(**fields))  # type: ignore[arg-type]
    names = {one.entry: one.name for one in FORMS.values()}
    return [(names[one.graph], one.typing, one.flags) for one in found.attempts]


BY_NAME = {band.name: band for band in ALL}


@pytest.mark.parametrize("name", ["8.5", "8.6"])
def test_8_is_fed_with_fp32_scales_and_flags(name: str) -> None:
    assert fed(BY_NAME[name]) == [
        (INT8, "weak", ("INT8", "FP16")), (FP32, "weak", ("FP16",)), (FP32, "weak", ()),
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["10.0–10.5", "10.6–10.14", "10.15–10.16"])
def test_10_is_fed_with_the_file_of_8_and_else_with_types_in_the_graph(name: str) -> None:
    assert fed(BY_NAME[name]) == [
        (INT8, "weak", ("INT8", "FP16")), (INT8_HALF, "strong", ()), (FP16, "strong", ()),
        (FP32, "weak", ()),
    ]  # fmt: skip


def test_11_is_fed_with_types_in_the_graph_and_no_flag() -> None:
    assert fed(BY_NAME["11.0–11.4"]) == [
        (INT8_HALF, "strong", ()), (INT8, "strong", ()), (FP16, "strong", ()),
        (FP32, "strong", ()),
    ]  # fmt: skip


def test_only_what_may_ship_is_fed_and_fp32_as_the_last_resort() -> None:
    assert fed(ALL[-1], precisions=("fp32",)) == [(FP32, "strong", ())]
    assert fed(ALL[0], precisions=("int8",)) == [
        (INT8, "weak", ("INT8", "FP16")), (FP32, "weak", ()),
    ]  # fmt: skip


def test_fp16_is_not_left_to_the_builder_where_it_does_not_hold() -> None:
    assert fed(ALL[0], weak_half="too large") == [
        (INT8, "weak", ("INT8", "FP16")), (FP32, "weak", ()),
    ]  # fmt: skip
    # What the graph states is safe: it keeps those nodes in FP32.
    assert (FP16, "strong", ()) in fed(ALL[2], weak_half="too large")
    assert fed(ALL[0], weak_int8_half="loses too much")[:2] == [
        (INT8, "weak", ("INT8",)), (FP32, "weak", ("FP16",)),
    ]  # fmt: skip


def test_a_form_that_is_not_legal_is_left_out_with_the_reason() -> None:
    forms = {**FORMS, INT8: form(INT8, _at_opset(21))}
    bands, left_out = kit_bands(ALL, Offer(forms=forms, precisions=EVERYTHING))
    feeds = {band.name: [one.graph for one in band.attempts] for band in bands}
    assert "graph/int8-s8s8.onnx" not in feeds["8.6"]
    assert "graph/int8-s8s8.onnx" in feeds["10.6–10.14"]
    assert "opset 21" in left_out["TensorRT 8.6 int8 (int8-s8s8)"]


def test_a_band_that_takes_nothing_is_left_out_and_all_of_them_are_an_error() -> None:
    offer = Offer(forms={FP32: form(FP32, _at_opset(21))}, precisions=("fp32",))
    bands, left_out = kit_bands(ALL, offer)
    assert [band.name for band in bands] == ["10.6–10.14", "10.15–10.16", "11.0–11.4"]
    assert any(name.startswith("TensorRT 8.5 fp32") for name in left_out)
    with pytest.raises(GraphError, match=r"no TensorRT of this target(.|\n)*opset 21"):
        kit_bands(ALL[:2], offer)


def _at_opset(opset: int) -> bytes:
    model = band_net()
    model.opset_import[0].version = opset
    model.ir_version = 10
    data: bytes = onnx.load_model_from_string(model.SerializeToString()).SerializeToString()
    return data
