"""How fast the CPU kernels are, beside a memory copy and beside numpy.

    python -m edgers.bench.kernels [--threads 2] [--rounds 9] [--clock processor] [--only TEXT]

Each kernel runs in as many threads as a pipeline on this machine would have, each on its own tile;
so do the copy of as many bytes as it must move at the least, and what it is compared with. They
take turns in each round: machines are noisy, read the ratios. Where others use the machine too,
`--clock processor` counts the time in which the threads had a processor.

New memory costs as much as a copy where the system has to clear its pages. So the kernel and the
copy are compared alike: both into memory that is there, or, of kernels that take none, both into
memory they ask for. Beside the rival the kernel asks for its memory, as the rival does.
"""

import argparse
import importlib
import json
import pkgutil
import platform
import statistics
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import NamedTuple

import numpy as np

import edgers.bench.kernels as families
from edgers.bench.kernels.case import Case, by_thread

LEAST_S = 0.02
"""A kernel is called again until it has run this long, so that starting threads does not count."""
COPIES = 2
"""Arrays copied, each by a thread, as many as there are tiles."""


class Seconds(NamedTuple):
    """What a call took."""

    wall: float
    """On the clock, of all threads at once."""
    processor: float
    """On a processor, of one thread."""


def all_cases() -> Iterator[Case]:
    """Give the cases of every family."""
    for module in pkgutil.iter_modules(families.__path__):
        if module.name not in ("case", "test_speed", "__main__"):
            family = importlib.import_module(f"{families.__name__}.{module.name}")
            yield from family.cases()


def copy_of(size_bytes: int, *, into: bool = False) -> Callable[[], object]:
    """Give a copy that reads half of `size_bytes` and writes half.

    It writes into memory that is there, or into memory that it asks for.
    """
    sources = [np.ones(max(1, size_bytes // 2), np.uint8) for _ in range(COPIES)]
    if into:
        return by_thread(np.copyto, [(np.zeros_like(one), one) for one in sources])
    return by_thread(np.copy, [(one,) for one in sources])


def seconds_a_call(work: Callable[[], object], pool: ThreadPoolExecutor, calls: int) -> Seconds:
    """Time `calls` in each thread of a pool; give the seconds of one call of all of them."""
    threads = pool._max_workers
    start = Barrier(threads)

    def repeat(_: int) -> float:
        # One turn a thread, each with its own data.
        start.wait()
        begin = time.thread_time()
        for _ in range(calls):
            work()
        return time.thread_time() - begin

    begin = time.perf_counter()
    worked = list(pool.map(repeat, range(threads)))
    return Seconds(
        wall=(time.perf_counter() - begin) / calls, processor=sum(worked) / threads / calls
    )


def measure(case: Case, threads: int, rounds: int, clock: str = "wall") -> dict[str, list[float]]:
    """Time a case in both ways of getting memory, the copy and the rival in turn."""
    ways = {"kernel": case.fast, "rival": case.plain}
    ways["copy"] = copy_of(case.moved_bytes, into=case.into is not None)
    ways["beside copy"] = case.into or case.fast
    calls = {}
    times: dict[str, list[float]] = {way: [] for way in ways}
    # The threads stay, as those of a run do, with what their heaps keep.
    with ThreadPoolExecutor(threads) as pool:
        for way, work in ways.items():
            seconds_a_call(work, pool, 1)
            calls[way] = max(1, int(LEAST_S / seconds_a_call(work, pool, 1).wall))
        for _ in range(rounds):
            for way, work in ways.items():
                times[way].append(getattr(seconds_a_call(work, pool, calls[way]), clock))
    return times


def main() -> None:
    """Run the benchmark and print a line for each kernel."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--threads", type=int, default=2)
    arguments.add_argument("--rounds", type=int, default=9)
    arguments.add_argument("--clock", choices=("wall", "processor"), default="wall")
    arguments.add_argument("--only", default="", help="part of a kernel's name")
    arguments.add_argument("--json", type=Path)
    chosen = arguments.parse_args()
    print(f"{platform.machine()}, Python {platform.python_version()}, {chosen.threads} threads")
    print(f"{'kernel':<44}{'GB/s':>7}{'of copy':>9}{'range':>14}{'× rival':>9}  rival")
    rows = {}
    for case in all_cases():
        if chosen.only not in case.name:
            continue
        times = measure(case, chosen.threads, chosen.rounds, chosen.clock)
        share = sorted(c / k for c, k in zip(times["copy"], times["beside copy"], strict=True))
        gain = statistics.median(
            r / k for r, k in zip(times["rival"], times["kernel"], strict=True)
        )
        speed = case.moved_bytes * chosen.threads / statistics.median(times["beside copy"]) / 1e9
        middle = statistics.median(share)
        spread = f"{share[0]:.2f} to {share[-1]:.2f}"
        print(
            f"{case.name:<44}{speed:>7.2f}{middle:>9.2f}{spread:>14}{gain:>9.1f}  {case.rival}",
            flush=True,
        )
        rows[case.name] = {"gb_s": speed, "of_copy": share, "times_rival": gain}
    if chosen.json:
        chosen.json.write_text(json.dumps(rows, indent=2) + "\n")


if __name__ == "__main__":
    main()
