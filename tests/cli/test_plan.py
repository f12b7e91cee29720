"""`edgers inspect BUNDLE SCENE`: how a run would go; and amounts of memory on the command line."""

import json
from pathlib import Path

import click
import pytest
from builders.bundles import BAND_NAMES, contract_document, make_bundle
from builders.networks import attention_net, index_contract, index_net
from builders.runs import edgers
from builders.scenes import noise, write_scene

from edgers.cli.memory import memory_bytes


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_bundle(tmp_path_factory.mktemp("bundle"))


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("scene")
    return write_scene(folder / "scene.tif", noise(3, 300, 1400), names=BAND_NAMES)


def test_a_plan_is_told_in_lines(bundle: Path, scene: Path) -> None:
    done = edgers("inspect", bundle, scene, "--tile", 200)
    assert (done.code, done.err) == (0, "")
    lines = done.out.splitlines()
    labels = [line[:12].strip() for line in lines]
    assert labels[:3] == ["scene", "tiles", "memory"]
    assert "1 400 × 300 px" in lines[0]
    assert "of at most" in lines[1]
    assert "each keeps its core" in lines[1]
    assert "peak" in lines[2]
    parts = [int(line.split()[0]) for line in lines[3:9]]
    assert all("MB" in line for line in lines[3:9])
    peak = int(lines[2].split()[2])
    assert peak <= sum(parts) + 6


def test_a_plan_as_json_adds_up(bundle: Path, scene: Path) -> None:
    done = edgers("inspect", bundle, scene, "--tile", 200, "--json")
    assert (done.code, done.err) == (0, "")
    plan = json.loads(done.out)
    assert (plan["height_px"], plan["width_px"]) == (300, 1400)
    assert plan["blend"] == "trim"
    assert plan["tile_px"] <= 200
    assert plan["tiles"] >= 14
    memory = plan["memory"]
    during = memory["cache"] + memory["tiles"] + memory["seams"]
    assert memory["peak"] == memory["process"] + memory["engine"] + max(during, memory["finish"])


def test_the_plan_is_that_of_the_run(tmp_path: Path, scene: Path) -> None:
    made = make_bundle(tmp_path, contract_document(), attention_net)
    chosen = ("--tile", 120, "--overlap", 10, "--blend", "linear")
    plan = json.loads(edgers("inspect", made, scene, "--json", *chosen).out)
    report = json.loads(edgers("run", made, scene, "-o", tmp_path / "out", "--json", *chosen).out)
    assert plan["blend"] == "linear"
    assert plan["tiles"] == report[0]["tiles"]
    assert plan["memory"]["seams"] > 0


def test_a_plan_writes_nothing(bundle: Path, scene: Path) -> None:
    before = sorted(scene.parent.iterdir()), sorted(bundle.parent.iterdir())
    assert edgers("inspect", bundle, scene).code == 0
    assert (sorted(scene.parent.iterdir()), sorted(bundle.parent.iterdir())) == before


def test_a_limit_is_kept_by_the_plan_that_is_shown(bundle: Path, scene: Path) -> None:
    free = json.loads(edgers("inspect", bundle, scene, "--json").out)
    limit = round(1.2 * free["memory"]["peak"])
    done = edgers("inspect", bundle, scene, "--json", "--max-memory", limit)
    assert done.code == 0
    assert json.loads(done.out)["memory"]["peak"] <= limit


@pytest.mark.parametrize("command", ["inspect", "run"])
def test_a_limit_that_is_too_low_is_refused_with_the_least(
    bundle: Path, scene: Path, tmp_path: Path, command: str
) -> None:
    out = ("-o", tmp_path / "out") if command == "run" else ()
    done = edgers(command, bundle, scene, *out, "--max-memory", "20MB")
    assert done.code == 2
    assert "the run does not fit in 20 MB." in done.err
    assert "Allow at least --max-memory " in done.err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("chosen", "word"),
    [
        (("--tile", "0"), "--tile"),
        (("--overlap", "-1"), "--overlap"),
        (("--blend", "mean"), "--blend"),
        (("--max-memory", "lots"), "write 800MB or 1.5GB"),
        (("--map", "B99=1"), "B99"),
    ],
)
def test_options_that_make_no_sense_are_refused_alike(
    bundle: Path, scene: Path, tmp_path: Path, chosen: tuple[str, str], word: str
) -> None:
    for command in (("inspect", bundle, scene), ("run", bundle, scene, "-o", tmp_path / "out")):
        done = edgers(*command, *chosen)
        assert done.code == 2
        assert word in done.err
    assert not (tmp_path / "out").exists()


def test_classes_cannot_be_mixed_in_a_plan_either(tmp_path: Path, scene: Path) -> None:
    made = make_bundle(tmp_path, index_contract(), index_net)
    done = edgers("inspect", made, scene, "--blend", "hann")
    assert done.code == 2
    assert "holds classes, not scores" in done.err
    assert edgers("inspect", made, scene, "--blend", "trim").code == 0


CONTEXT = click.Context(click.Command("run"))
OPTION = click.Option(["--max-memory"])


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("800MB", 800_000_000),
        ("1.5GB", 1_500_000_000),
        ("1GiB", 2**30),
        ("0.5KiB", 512),
        ("12mb", 12_000_000),
        (" 3 MiB ", 3 * 2**20),
        ("7", 7),
        ("7B", 7),
        ("2kb", 2000),
        ("0", 0),
        ("1000000GB", 10**15),
    ],
)
def test_amounts_of_memory(text: str, wanted: int) -> None:
    assert memory_bytes(CONTEXT, OPTION, text) == wanted


def test_no_amount_is_no_limit() -> None:
    assert memory_bytes(CONTEXT, OPTION, None) is None


@pytest.mark.parametrize(
    "text",
    ["", "MB", "lots", "-5MB", "1,5GB", "1.5.5GB", "8XB", "1e9", "inf", "nan", "0x10MB", "1 000MB",
     "5MB5", "5%", ".5GB", "9" * 400 + "GB"],
)  # fmt: skip
def test_junk_is_no_amount_of_memory(text: str) -> None:
    with pytest.raises(click.BadParameter, match="800MB") as caught:
        memory_bytes(CONTEXT, OPTION, text)
    assert caught.value.exit_code == 2
