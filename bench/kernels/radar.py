"""Radar: decibels, speckle and texture, on images of 1024, 512 and 64 pixels a side."""

from collections.abc import Iterator
from functools import partial

import numpy as np

from edgers.bench.kernels.case import Case
from edgers.kernels.cpu import decibel, speckle, texture
from edgers.kernels.reference import decibel as plain_decibel
from edgers.kernels.reference import speckle as plain_speckle
from edgers.kernels.reference import texture as plain_texture
from edgers.kernels.spectra import Cube

SIDE = 1024
LOOKS = 4.4


def cases() -> Iterator[Case]:
    """Give each kernel with its numpy reference."""
    random = np.random.default_rng(40)
    power = random.gamma(LOOKS, 0.1 / LOOKS, (2, SIDE, SIDE)).astype(np.float32)
    yield from _decibels(power, random)
    yield from _speckle(power[:1, :512, :512].copy())
    yield from _texture(power)


def _decibels(power: Cube, random: np.random.Generator) -> Iterator[Case]:
    logarithms = decibel.decibel_from_power(power)
    complex_samples = random.integers(-3000, 3000, (SIDE, SIDE, 2)).astype(np.int16)
    for name, samples in (
        ("decibel_from_power", power),
        ("power_from_decibel", logarithms),
        ("decibel_from_complex", complex_samples),
    ):
        out = 4 * SIDE * SIDE * (1 if samples is complex_samples else 2)
        yield Case(
            name=name.replace("_", " "), moved_bytes=samples.nbytes + out,
            fast=partial(getattr(decibel, name), samples),
            plain=partial(getattr(plain_decibel, name), samples),
        )  # fmt: skip


def _speckle(power: Cube) -> Iterator[Case]:
    for window in (7, 21):
        yield Case(
            name=f"Lee {window} x {window}", moved_bytes=2 * power.nbytes,
            fast=partial(speckle.lee, power, LOOKS, window),
            plain=partial(plain_speckle.lee, power, LOOKS, window),
        )  # fmt: skip
    yield Case(
        name="refined Lee", moved_bytes=2 * power.nbytes,
        fast=partial(speckle.refined_lee, power, LOOKS),
        plain=partial(plain_speckle.refined_lee, power, LOOKS),
    )  # fmt: skip


def _texture(power: Cube) -> Iterator[Case]:
    yield Case(
        name="radar ratios", moved_bytes=power.nbytes + 5 * power[0].nbytes,
        fast=partial(texture.radar_ratios, power[0], power[1]),
        plain=partial(plain_texture.radar_ratios, power[0], power[1]),
    )  # fmt: skip
    # The reference goes pixel by pixel: an image of usual size would take it minutes.
    image = power[0, :64, :64].copy()
    for window in (5, 11):
        yield Case(
            name=f"texture {window} x {window}, 64 px", moved_bytes=9 * image.nbytes,
            fast=partial(texture.grey_level_texture, image, window=window, lower=0.0, upper=0.3),
            plain=partial(
                plain_texture.grey_level_texture, image, window=window, lower=0.0, upper=0.3
            ),
        )  # fmt: skip
