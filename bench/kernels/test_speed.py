"""The same cases for pytest-benchmark, whose results can be saved and compared between versions.

    pytest bench/kernels --override-ini addopts= --benchmark-save=NAME
    pytest-benchmark compare --group-by=name NAME...

One thread; the memory copy and the rival stand beside each kernel in its group.
"""

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from edgers.bench.kernels.__main__ import all_cases, copy_of
from edgers.bench.kernels.case import Case

CASES = {case.name: case for case in all_cases()}


@pytest.mark.parametrize("way", ["kernel", "copy", "rival"])
@pytest.mark.parametrize("name", CASES)
def test_speed(benchmark: BenchmarkFixture, name: str, way: str) -> None:
    """Time one way of doing one case."""
    case: Case = CASES[name]
    copy = copy_of(case.moved_bytes, into=case.into is not None)
    ways = {"kernel": case.into or case.fast, "copy": copy, "rival": case.plain}
    benchmark.group = name
    benchmark.extra_info["moved_bytes"] = case.moved_bytes
    benchmark(ways[way])
