"""Models that tell where things are, over scenes: objects out of their text."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from builders.programs import load, run_bundle
from builders.runs import edgers
from builders.scenes import write_scene
from builders.strips import write_strip
from builders.tellers import make_teller, teller_document
from builders.unfinished import leave_unfinished, products

from edgers.contract.shapes import SpokenForm
from edgers.errors import BadInputError, ContractError
from edgers.pipeline.options import RunOptions
from edgers.pipeline.plan import plan_tiles
from edgers.pipeline.run import run_scene
from edgers.pipeline.spoken_decoder import Heard, SpokenDecoder, SpokenObject
from edgers.pipeline.spoken_story import Story
from edgers.products.object_features import OBJECT
from edgers.programs.spoken_shapes import shapes_in

pytest.importorskip("tokenizers")

BANDS = ("B02", "B03", "B04")


def samples() -> Any:
    """A ship that two tiles see, and what is bright in the second band, seen by one."""
    scene = np.zeros((3, 32, 88), np.float32)
    scene[0, 10:14, 25:37] = 1
    scene[1, 5:15, 77:87] = 1
    return scene


@pytest.fixture(scope="module")
def asking(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle with classes that takes a question."""
    document = teller_document(prompt="where is {prompt}", question="it ?", max_prompt=6)
    return make_teller(tmp_path_factory.mktemp("asking"), document)


def known(path: Path) -> list[dict[str, Any]]:
    features = json.loads(path.read_text())["features"]
    return [one["properties"] for one in features]


def test_what_text_tells_becomes_objects_joined_across_tiles(asking: Path, tmp_path: Path) -> None:
    report = run_bundle(tmp_path, asking, samples(), overlap_px=4)
    ship, plane = sorted(known(report.products[0]), key=lambda one: one["class"])
    assert (ship["class"], ship["class_name"], ship["tiles"]) == (1, "ship", 2)
    # Places are the middles of bins of a pixel.
    assert ship["area_m2"] == pytest.approx(11 * 3 * 100, rel=0.01)
    assert ship["said"].startswith("ship<loc_")
    assert ship["asked"] == "it ?"
    # Six tokens of an answer, the end among them, each a softmax of 4 against 41 of 0.
    assert ship["score"] == pytest.approx(np.exp(4) / (np.exp(4) + 41), abs=1e-4)
    assert (plane["class_name"], plane["tiles"]) == ("Big-Plane", 1)
    spoken = report.found.spoken
    assert spoken is not None
    assert (spoken.texts, spoken.shapes, spoken.malformed, spoken.unknown) == (4, 3, 0, 0)


def test_frames_tell_objects_out_of_text_and_strips_cannot(asking: Path, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    write_scene(tmp_path / "in" / "s.tif", samples(), names=BANDS)
    done = edgers("watch", asking, tmp_path / "in", "-o", tmp_path / "o", "--ask", "is ?")
    assert done.code == 0, done.err
    (line,) = (tmp_path / "o" / "frames.jsonl").read_text().splitlines()
    told = json.loads(line)
    assert told["texts"]["shapes"] >= 3
    found = known(tmp_path / "o" / told["product"])
    assert {one["class_name"] for one in found} == {"ship", "Big-Plane"}
    assert {(one["asked"], one["frame"]) for one in found} == {("is ?", 0)}
    # Frames that were asked something else are no answers to this.
    done = edgers("watch", asking, tmp_path / "in", "-o", tmp_path / "o", "--ask", "it")
    assert (done.code, "other questions" in done.err) == (2, True)
    again = edgers("watch", asking, tmp_path / "in", "-o", tmp_path / "o", "--ask", "is ?")
    assert (again.code, "1 made before" in again.out) == (0, True)
    strip = write_strip(tmp_path / "s.bil", samples())
    done = edgers("pushbroom", asking, strip, "-o", tmp_path / "p", "--idle", 0)
    assert done.code == 2
    assert "in words" in done.err
    assert not (tmp_path / "p").exists()


def test_several_questions_are_each_answered_and_told(asking: Path, tmp_path: Path) -> None:
    scene = write_scene(tmp_path / "s.tif", samples(), names=BANDS)
    done = edgers(
        "run", asking, scene, "-o", tmp_path / "o", "--ask", "is ?", "--ask", "it",
        "--overlap", 4, "--vectors", "csv",
    )  # fmt: skip
    assert done.code == 0, done.err
    assert "texts       8 with 6 shapes" in done.out
    # Both answers tell of the same ship and plane; an object of one tile is of one question.
    item = json.loads((tmp_path / "o" / "s_tiny-net.json").read_text())
    assert item["properties"]["edgers:asked"] == ["is ?", "it"]
    assert "said,asked" in (tmp_path / "o" / "s_tiny-net.csv").read_text()


def test_inspect_tells_how_shapes_are_told(asking: Path) -> None:
    assert "shapes      in its text: places in 32 steps" in edgers("inspect", asking).out


def test_a_question_that_is_too_long_says_how_many_words_fit(asking: Path, tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="its first 3 words"):
        run_bundle(tmp_path, asking, samples(), ask=("it is where it is",))
    assert not list((tmp_path / "out").glob("*"))


def test_names_are_kept_as_said_where_the_contract_lists_none(tmp_path: Path) -> None:
    report = run_bundle(
        tmp_path, make_teller(tmp_path, teller_document(names=())), samples(), overlap_px=4
    )
    found = known(report.products[0])
    assert {(one["class"], one["class_name"], one["asked"]) for one in found} == {
        (None, "ship", None), (None, "Big-Plane", None),
    }  # fmt: skip
    assert {(one.name, one.objects) for one in report.found.objects} == {
        ("ship", 1), ("Big-Plane", 1),
    }  # fmt: skip


def test_what_is_of_no_class_or_malformed_is_left_out_and_counted(tmp_path: Path) -> None:
    # The contract writes the plane otherwise, knows no ship, and ends its bins too early for it.
    document = teller_document(names=("big plane", "hut"), steps=31)
    report = run_bundle(tmp_path, make_teller(tmp_path, document), samples(), overlap_px=4)
    spoken = report.found.spoken
    assert spoken is not None
    assert (spoken.shapes, spoken.malformed, spoken.unknown) == (2, 1, 1)
    assert [one["class_name"] for one in known(report.products[0])] == ["big plane"]


def test_what_an_answer_repeats_counts_once(asking: Path) -> None:
    said = "ship<loc_1><loc_2><loc_9><loc_8>"
    with load(asking) as model:
        decoder = SpokenDecoder(model, ("a", "b"))
        heard = decoder.hear([said * 3 + said.replace("8", "7"), said], (32, 32))
    assert [one.question for one in heard.objects] == [0, 0, 1]


def test_an_outline_is_kept_where_one_tile_saw_it_whole(asking: Path) -> None:
    form = SpokenForm(kind="places", steps=32)
    shapes, _ = shapes_in("ship<loc_1><loc_1><loc_9><loc_1><loc_1><loc_9>", (form,), 32, 32)
    entry = SpokenObject(name="ship", question=0, shape=shapes[0])
    with load(asking) as model:
        grid = plan_tiles(model, 32, 88, RunOptions())
    story = Story(
        heard=lambda _: Heard(objects=(entry,), malformed=0, unknown=0), positions={"ship": 0},
        grid=grid, questions=("",),
    )  # fmt: skip
    begin = [grid.tile(1).columns.window_start, grid.tile(1).rows.window_start]
    whole = np.zeros(1, OBJECT)
    whole["tile"], whole["corners"] = 1, entry.shape.box + begin
    outline, about = story.told(whole[0])
    assert outline.tolist() == (entry.shape.ring + begin).tolist()
    assert (len(outline), about["asked"]) == (3, None)
    whole["corners"][0, :, 0] += 5
    outline, about = story.told(whole[0])
    assert outline.tolist() == whole["corners"][0].tolist()
    assert about["said"] == entry.shape.said


def test_a_run_that_was_stopped_goes_on_to_the_same_bytes(asking: Path, tmp_path: Path) -> None:
    scene = write_scene(tmp_path / "s.tif", samples(), names=BANDS)
    with load(asking) as model:
        run_scene(model, scene, tmp_path / "whole", RunOptions())
        leave_unfinished(model, scene, tmp_path / "twice", 2)
        report = run_scene(model, scene, tmp_path / "twice", RunOptions())
    assert report.reused_tiles >= 2
    assert products(tmp_path / "twice") == products(tmp_path / "whole")


def test_shapes_need_words_and_a_program_that_writes(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="shapes in text need a tokenizer"):
        make_teller(tmp_path, teller_document(), with_words=False)
    alone = teller_document()
    del alone["edgers:program"]
    with pytest.raises(ContractError, match="Text is written by"):
        make_teller(tmp_path, alone)


@pytest.mark.parametrize(
    ("shapes", "told"),
    [
        ([{"form": "places"}], "steps"),
        ([{"form": "places", "steps": 10, "token": "loc"}], "token"),
        ([{"form": "boxes", "steps": 100, "turning": "clockwise"}], "turning is not known"),
        ([{"form": "runs", "steps": 1000}], "2 to 512"),
        ([{"form": "boxes", "steps": 9}, {"form": "boxes", "steps": 8}], "once"),
        ([{"form": "codes", "steps": 9}], "form"),
    ],
)
def test_shapes_that_are_not_told_well_are_refused(
    tmp_path: Path, shapes: list[dict[str, Any]], told: str
) -> None:
    document = teller_document()
    document["mlm:output"][0]["edgers:shapes"] = shapes
    with pytest.raises(ContractError, match=told):
        make_teller(tmp_path, document)
