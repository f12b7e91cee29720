"""The worked example of judging a lower precision."""

from pathlib import Path

from builders.doc_examples import ROOT, run_example


def test_the_example_of_accuracy_works_and_prints_what_it_says(tmp_path: Path) -> None:
    assert run_example(ROOT / "docs" / "accuracy.md", tmp_path) == 2
