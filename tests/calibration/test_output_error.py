"""Numbers that mean different things weigh the same, whatever their unit."""

import numpy as np
import pytest

from edgers.calibration.output_error import OutputNoise


def test_a_score_is_not_hidden_by_pixels_beside_it() -> None:
    wanted = np.stack([np.full(8, 500.0), np.full(8, 0.5)], axis=1)
    got = wanted + np.array([0, 0.25])
    whole, apart = OutputNoise(["y"]), OutputNoise(["y"], {"y": 1})
    for noise in (whole, apart):
        for rows in (slice(0, 3), slice(3, 8)):
            noise.add({"y": wanted[rows]}, {"y": got[rows]})
    power, noise_power = whole.sums()
    assert noise_power / power < 1e-6
    power, noise_power = apart.sums()
    assert noise_power / power == pytest.approx((0 + 0.25) / 2)


def test_boxes_that_were_not_found_are_zeros() -> None:
    noise = OutputNoise(["y", "z"])
    noise.add({"y": np.ones((4, 2)), "z": np.ones(3)}, {"y": np.ones((1, 2)), "z": np.ones(3)})
    power, apart = noise.sums()
    assert apart / power == pytest.approx((6 / 8 + 0) / 2)
