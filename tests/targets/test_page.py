"""The page of targets says what the files say."""

from pathlib import Path

from edgers.targets.catalogue import device_files
from edgers.targets.page import BEGIN, END, target_page

PAGE = Path(__file__).parents[2] / "docs" / "targets.md"


def test_the_page_has_the_facts_as_they_are() -> None:
    text = PAGE.read_text()
    inside = text[text.index(BEGIN) + len(BEGIN) : text.index(END)]
    assert inside.strip() == target_page().strip(), "run python -m edgers.targets.page"


def test_the_page_names_all_that_is_known() -> None:
    assert all(f"`{name}`" in target_page() for name in device_files())
