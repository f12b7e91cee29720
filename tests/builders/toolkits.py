"""CUDA toolkits for the tests that need real compilers: made once, kept in the repository."""

import os
from pathlib import Path

import pytest

from edgers.kernels.aot.environment import ToolkitError, environment_from_toolkit
from edgers.kernels.aot.toolkits import TOOLKITS

ENVIRONMENTS = Path(__file__).parents[2] / ".venv-aot"


def environments_with(*names: str) -> Path:
    """Give the folder in which these toolkits stand ready, or all of them.

    Skips the test where they cannot be set up, or fails where nothing may be left out.
    """
    try:
        for name in names or TOOLKITS:
            environment_from_toolkit(name, ENVIRONMENTS)
    except ToolkitError as error:
        if os.environ.get("EDGERS_REQUIRE_REAL_DATA") == "1":
            pytest.fail(str(error))
        pytest.skip(str(error))
    return ENVIRONMENTS
