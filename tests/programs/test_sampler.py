"""Samplers, held against loops in torch that are written from the papers' formulae."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import rasterio
from builders.denoisers import Denoiser
from builders.programs import (
    contract_of,
    load,
    make_program,
    run_bundle,
    value_document,
)
from builders.scenes import noise
from onnx import TensorProto

from edgers.engines import ENGINES
from edgers.errors import ContractError
from edgers.pipeline.mosaic import Mosaic
from edgers.programs import ORIGIN, Spot
from edgers.programs.noise import TileNoise
from edgers.programs.sampler import Sampler

torch = pytest.importorskip("torch")

BASE = {
    "kind": "sampler", "method": "ddim", "steps": 7, "noisy": "z", "time": "t",
    "schedule": {"train_steps": 50},
}  # fmt: skip


def made(program: dict[str, Any], net: Any) -> Sampler:
    contract = contract_of(value_document(program))
    engine = ENGINES["onnxruntime"](net.SerializeToString())
    return Sampler(engine, contract.program, contract)  # type: ignore[arg-type]


def tile(seed: int = 0, size: int = 12) -> npt.NDArray[np.float32]:
    return np.random.default_rng(seed).standard_normal((1, 3, size, size)).astype(np.float32)


def kept(betas: str, count: int = 50) -> Any:
    """Alpha-bar after each training step, in float64."""
    if betas == "linear":
        added = torch.linspace(1e-4, 0.02, count, dtype=torch.float64)
    elif betas == "scaled-linear":
        added = torch.linspace(1e-2, 0.02**0.5, count, dtype=torch.float64) ** 2
    else:

        def f(t: float) -> float:
            return math.cos((t + 0.008) / 1.008 * math.pi / 2) ** 2

        added = torch.tensor(
            [min(1 - f((i + 1) / count) / f(i / count), 0.999) for i in range(count)],
            dtype=torch.float64,
        )  # fmt: skip
    return torch.cumprod(1 - added, 0)


def torch_loop(
    net: Callable[[Any, int], Any], program: dict[str, Any], start: Any, draw: Callable[[], Any]
) -> Any:
    """Sample as the papers write it, with alpha, sigma and lambda of each step."""
    schedule = program.get("schedule", {})
    count, steps = schedule["train_steps"], program["steps"]
    bars = kept(schedule.get("betas", "linear"), count)
    if schedule.get("spacing") == "leading":
        times = [count // steps * i for i in range(steps)][::-1]
    else:
        times = [round(count - i * count / steps) - 1 for i in range(steps)]
    x, before = start, None
    for i, t in enumerate(times):
        a = bars[t]
        b = bars[times[i + 1]] if i + 1 < steps else torch.tensor(1.0, dtype=torch.float64)
        out = net(x.float(), t).double()
        kind = program.get("prediction", "epsilon")
        if kind == "epsilon":
            x0 = (x - (1 - a).sqrt() * out) / a.sqrt()
        else:
            x0 = a.sqrt() * x - (1 - a).sqrt() * out if kind == "v" else out
        if "clip" in program:
            x0 = x0.clamp(-program["clip"], program["clip"])
        if program["method"] == "ddpm":
            beta = 1 - a / b
            mean = (b.sqrt() * beta * x0 + (a / b).sqrt() * (1 - b) * x) / (1 - a)
            x = mean if i + 1 == steps else mean + (beta * (1 - b) / (1 - a)).sqrt() * draw()
        elif program["method"] == "ddim":
            eps = (x - a.sqrt() * x0) / (1 - a).sqrt()
            sigma = program.get("eta", 0.0) * ((1 - b) / (1 - a)).sqrt() * (1 - a / b).sqrt()
            x = b.sqrt() * x0 + (1 - b - sigma**2).sqrt() * eps
            x = x + sigma * draw() if sigma else x
        elif i + 1 == steps:
            x = x0
        else:
            now, then = ((v.sqrt() / (1 - v).sqrt()).log() for v in (a, b))
            d = x0
            if before is not None:
                r = (now - before[0]) / (then - now)
                d = (1 + 1 / (2 * r)) * x0 - before[1] / (2 * r)
            before = now, x0
            x = (1 - b).sqrt() / (1 - a).sqrt() * x - b.sqrt() * ((now - then).exp() - 1) * d
    return x


PROGRAMS = [
    {"method": "ddpm"},
    {"method": "ddpm", "schedule": {"train_steps": 20}, "steps": 20, "clip": 1.0},
    {"method": "ddim"},
    {"method": "ddim", "eta": 0.2, "clip": 3.0, "schedule": {"train_steps": 50, "betas": "cosine"}},
    {"method": "ddim", "schedule": {"train_steps": 50, "spacing": "leading"}, "clip": 2.0},
    {"method": "dpm-solver++"},
    {"method": "dpm-solver++", "steps": 1},
    {"method": "dpm-solver++", "clip": 3.0, "schedule": {"train_steps": 50, "betas": "cosine"}},
    {"method": "dpm-solver++", "prediction": "v",
     "schedule": {"train_steps": 50, "betas": "scaled-linear"}},
    {"method": "ddim", "prediction": "v", "schedule": {"train_steps": 50, "betas": "cosine"}},
    {"method": "ddpm", "prediction": "sample"},
]  # fmt: skip


@pytest.mark.parametrize("own", PROGRAMS, ids=lambda own: "-".join(map(str, own.values()))[:60])
def test_it_equals_a_loop_in_torch(own: dict[str, Any]) -> None:
    program, net = {**BASE, **own}, Denoiser(6, 3)
    found = made(program, net.graph({"z": 3, "x": 3})).infer({"x": tile()}, Spot(5, 9))["y"]
    drawn = TileNoise(0, Spot(5, 9))

    def draw() -> Any:
        return torch.from_numpy(drawn.normal((1, 3, 12, 12))).double()

    def step(noisy: Any, time: int) -> Any:
        return net.torch(torch.cat([noisy, torch.from_numpy(tile())], 1), time)

    wanted = torch_loop(step, program, draw(), draw).numpy()
    assert np.abs(wanted).max() > 0.1
    np.testing.assert_allclose(found, wanted, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("where", ["before", "after"])
def test_the_image_may_be_channels_of_the_noisy_input(where: str) -> None:
    program, net = {**BASE, "condition": where, "noisy": "x"}, Denoiser(6, 3)
    found = made(program, net.graph({"x": 6})).infer({"x": tile()})["y"]
    start = torch.from_numpy(TileNoise(0, ORIGIN).normal((1, 3, 12, 12))).double()
    image = torch.from_numpy(tile())

    def step(noisy: Any, time: int) -> Any:
        pair = [image, noisy] if where == "before" else [noisy, image]
        return net.torch(torch.cat(pair, 1), time)

    wanted = torch_loop(step, program, start, lambda: None).numpy()
    np.testing.assert_allclose(found, wanted, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("condition", ["none", "input", "before"])
def test_bands_may_be_the_depth_of_a_volume(condition: str) -> None:
    program = {**BASE, "volume": True, "start": "image", "condition": condition}
    net = Denoiser(1 if condition == "none" else 2, 1, rank=3)
    channels = {"none": {"z": 1}, "input": {"x": 1, "z": 1}, "before": {"z": 2}}[condition]
    found = made(program, net.graph(channels)).infer({"x": tile()})["y"]
    image = torch.from_numpy(tile())

    def step(noisy: Any, time: int) -> Any:
        pair = [noisy[:, None]] if condition == "none" else [image[:, None], noisy[:, None]]
        return net.torch(torch.cat(pair, 1), time)[:, 0]

    wanted = torch_loop(step, program, image.double(), lambda: None).numpy()
    np.testing.assert_allclose(found, wanted, atol=1e-4, rtol=1e-4)


def test_noise_is_normal_and_hangs_on_seed_and_spot_alone() -> None:
    first = TileNoise(1, Spot(3, 4)).normal((200, 501))
    assert abs(first.mean()) < 0.01
    assert abs(first.std() - 1) < 0.01
    assert abs((first**4).mean() - 3) < 0.1
    assert np.array_equal(first, TileNoise(1, Spot(3, 4)).normal((200, 501)))
    for seed, spot in ((2, Spot(3, 4)), (1, Spot(4, 3)), (1, Spot(-3, 4)), (1, Spot(3, 5))):
        other = TileNoise(seed, spot).normal((200, 501))
        assert abs((first * other).mean()) < 0.02
    drawn = TileNoise(1, Spot(0, 0))
    assert not np.array_equal(drawn.normal((8,)), drawn.normal((8,)))


def test_noise_has_known_numbers_on_every_machine_and_version() -> None:
    np.testing.assert_allclose(TileNoise(7, Spot(11, 13)).normal((4,)), KNOWN_NOISE, rtol=1e-5)


KNOWN_NOISE = [0.471574426, -1.313566446, 0.429243773, 0.992061198]
"""Box–Muller of the first four words of Philox 4x64-10 with key (7, 11 · 2**32 + 13)."""


def test_tiles_are_drawn_alike_whatever_the_order_and_after_a_kill(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    net = Denoiser(6, 3).graph({"z": 3, "x": 3})
    bundle = make_program(tmp_path, value_document({**BASE, "method": "ddpm"}), net)
    samples = noise(3, 40, 50, "uint8")
    options = {"tile_px": 24, "overlap_px": 4}
    whole = run_bundle(tmp_path / "one", bundle, samples, workers=1, **options)
    threads = run_bundle(tmp_path / "four", bundle, samples, workers=4, **options)
    assert whole.products[0].read_bytes() == threads.products[0].read_bytes()
    add, done = Mosaic.add, []

    def stopped(self: Mosaic, answer: Any) -> None:
        add(self, answer)
        done.append(answer)
        if len(done) == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(Mosaic, "add", stopped)
    with pytest.raises(KeyboardInterrupt):
        run_bundle(tmp_path / "cut", bundle, samples, **options)
    monkeypatch.setattr(Mosaic, "add", add)
    again = run_bundle(tmp_path / "cut", bundle, samples, **options)
    assert again.reused_tiles > 0
    assert again.products[0].read_bytes() == whole.products[0].read_bytes()
    with rasterio.open(whole.products[0]) as dataset:
        assert "ddpm" in str(dataset.tags())


def test_noise_of_its_own_has_no_bound_and_none_looks_further_with_each_step(
    tmp_path: Path,
) -> None:
    net = Denoiser(6, 3).graph({"z": 3, "x": 3})
    with load(make_program(tmp_path / "a", value_document(BASE), net)) as model:
        assert "draws the noise" in model.bundle.halo.reason()
    program = {**BASE, "start": "image", "steps": 3, "condition": "none"}
    bundle = make_program(tmp_path / "b", value_document(program), Denoiser(3, 3).graph({"z": 3}))
    with load(bundle) as model:
        assert model.bundle.halo.is_exact
        assert model.bundle.halo.height.before_px == 3 * 2
    samples = noise(3, 40, 50, "uint8")
    small, large = (
        rasterio.open(
            run_bundle(tmp_path / str(size), bundle, samples, tile_px=size).products[0]
        ).read()
        for size in (20, 512)
    )
    assert np.array_equal(small, large)


def test_a_volume_runs_over_a_scene(tmp_path: Path) -> None:
    program = {**BASE, "volume": True, "start": "image", "condition": "none", "steps": 2}
    net = Denoiser(1, 1, rank=3).graph({"z": 1})
    bundle = make_program(tmp_path, value_document(program), net)
    samples = noise(3, 40, 50, "uint8")
    report = run_bundle(tmp_path, bundle, samples, tile_px=24, overlap_px=8)
    with rasterio.open(report.products[0]) as dataset:
        assert np.isfinite(dataset.read()).all()


@pytest.mark.parametrize(
    ("program", "channels"),
    [
        ({"condition": "before", "noisy": "x"}, {"x": 6}),
        ({"condition": "after"}, {"z": 6}),
        ({"condition": "before", "volume": True}, {"z": 2}),
        ({"condition": "input", "volume": True}, {"z": 1, "x": 1}),
        ({"condition": "input", "time_type": "float32"}, {"z": 3, "x": 3}),
    ],
)
def test_every_way_in_for_the_image_can_be_compiled(
    tmp_path: Path, program: dict[str, Any], channels: dict[str, int]
) -> None:
    volume = bool(program.get("volume"))
    net = Denoiser(sum(channels.values()), 1 if volume else 3, rank=3 if volume else 2)
    kind = TensorProto.FLOAT if program.get("time_type") == "float32" else TensorProto.INT64
    graph = net.graph(channels, kind)
    with load(make_program(tmp_path, value_document({**BASE, **program}), graph)) as model:
        assert model.infer({"x": tile()})["y"].shape == (1, 3, 12, 12)
        assert "draws the noise" in model.bundle.halo.reason()


@pytest.mark.parametrize(
    ("program", "message"),
    [
        ({"time_type": "float32"}, "is int64, its program needs float32"),
        ({"noisy": "noise"}, "takes 'z', which its program does not give"),
        ({"volume": True}, "has 4 axes, its program needs 5"),
        ({"condition": "none"}, "takes 'x', which its program does not give"),
    ],
)
def test_a_graph_that_is_called_otherwise_is_refused(
    tmp_path: Path, program: dict[str, Any], message: str
) -> None:
    net = Denoiser(6, 3).graph({"z": 3, "x": 3})
    with pytest.raises(ContractError, match=message):
        make_program(tmp_path, value_document({**BASE, **program}), net)
