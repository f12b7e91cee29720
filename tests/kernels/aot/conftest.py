"""What the tests of the build share."""

from pathlib import Path

import pytest
from builders.toolkits import environments_with


@pytest.fixture(scope="session")
def environments() -> Path:
    """Folder in which all toolkits stand ready."""
    return environments_with()
