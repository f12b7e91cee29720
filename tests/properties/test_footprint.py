import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from edgers.scene.footprint import View

ANGLES = st.floats(-180, 180)
LEAN = st.floats(-100, -80)


def ground(yaw: float, pitch: float, roll: float, height: float, lat: float = 30.0) -> np.ndarray:
    """Give the corners as east and north of the camera in metres, (corner, 2), as complex."""
    view = View(
        height_px=300, width_px=400, focal_px=500.0, height_m=height, lat_deg=lat, lon_deg=20.0,
        yaw_deg=yaw, pitch_deg=pitch, roll_deg=roll,
    )  # fmt: skip
    lon, lat_found = view.lonlat(*view.corners)
    east = np.radians(lon - 20) * 6_378_137 * np.cos(np.radians(lat))
    north = np.radians(lat_found - lat) * 6_378_137
    # The ellipsoid's radii at this latitude.
    w = np.sqrt(1 - 0.00669437999014 * np.sin(np.radians(lat)) ** 2)
    return east / w + 1j * north * (1 - 0.00669437999014) / w**3


@given(yaw=ANGLES, pitch=LEAN, roll=ANGLES)
def test_yaw_turns_the_footprint_clockwise(yaw: float, pitch: float, roll: float) -> None:
    turned = ground(0, pitch, roll, 100) * np.exp(-1j * np.radians(yaw))
    assert np.abs(ground(yaw, pitch, roll, 100) - turned).max() < 0.01


@given(yaw=ANGLES, pitch=LEAN, roll=ANGLES, factor=st.floats(0.1, 10))
def test_the_footprint_grows_with_height(
    yaw: float, pitch: float, roll: float, factor: float
) -> None:
    once, more = ground(yaw, pitch, roll, 50), ground(yaw, pitch, roll, 50 * factor)
    assert np.abs(more - factor * once).max() < 0.01 * max(1, factor)


@given(yaw=ANGLES, pitch=LEAN, roll=ANGLES)
def test_corners_go_around_clockwise(yaw: float, pitch: float, roll: float) -> None:
    corners = ground(yaw, pitch, roll, 100)
    sides = np.roll(corners, -1) - corners
    assert (np.imag(np.conj(sides) * np.roll(sides, -1)) < 0).all()
