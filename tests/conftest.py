"""What all tests share: where real data is, and whether it must be there."""

import gc
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# How long an example takes is no property of the code: other work may share the machine.
settings.register_profile("edgers", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("edgers")

# Numba reads this when it is imported. CPU kernels are compiled as ever.
os.environ["NUMBA_ENABLE_CUDASIM"] = "1"

# A fourth of the time that collection takes went into looking through what it has collected.
gc.disable()

REAL_DATA = Path(os.environ.get("EDGERS_REAL_DATA", Path(__file__).parents[2] / "shared" / "data"))


def pytest_collection_finish() -> None:
    """Look for garbage from here on, but not among what stays to the end."""
    gc.collect()
    gc.freeze()
    gc.enable()


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Folder of real scenes and models, which are not part of this repository."""
    if not REAL_DATA.is_dir():
        reason = f"no real data at {REAL_DATA} (set EDGERS_REAL_DATA)"
        if os.environ.get("EDGERS_REQUIRE_REAL_DATA") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    return REAL_DATA
