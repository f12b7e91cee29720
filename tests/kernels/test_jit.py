"""Kernels are compiled when they are called, once, and stand for their function everywhere."""

import ast
import os
import pickle
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from builders.kernel_tree import ASK, ask, kernel_tree
from builders.runs import edgers as run_edgers

from edgers.kernels import dispatcher
from edgers.kernels.cpu.exponential import exponential
from edgers.kernels.dispatcher import dispatcher_of
from edgers.kernels.jit import LazyKernel, kernel
from edgers.kernels.kernel_cache import cache_state
from edgers.kernels.kernel_sources import PACKAGE, PACKAGE_NAME, imported_names
from edgers.kernels.wide_vectors import wide_vectors

RESULTS = (12.0, 2)
"""What the kernels of the small copy give."""


@kernel
def halved(x: float) -> float:
    """Give half of a number."""
    return x / 2


@kernel
def quartered(x: float) -> float:
    return halved(halved(x))


@kernel
def factorial(n: int) -> int:
    return 1 if n <= 1 else n * factorial(n - 1)


@kernel
def divided(x: float, by: float) -> float:
    return x / by


@kernel
def first_of_many(x: Any) -> Any:
    return x[0]


@kernel
def widely_halved(x: Any) -> None:
    wide_vectors()
    for i in range(len(x)):
        x[i] = x[i] / 2


def compiled_by(call: Callable[[], object]) -> int:
    """Count the kernels that a call compiles."""
    before = cache_state().compiled
    call()
    return cache_state().compiled - before


def test_a_kernel_stands_for_its_function() -> None:
    assert (halved(3.0), halved(x=5.0)) == (1.5, 2.5)
    assert halved.__name__ == "halved"
    assert halved.__doc__ == "Give half of a number."
    assert halved.__wrapped__(3.0) == 1.5  # type: ignore[attr-defined]


def test_a_kernel_calls_another_and_itself() -> None:
    assert quartered(6.0) == 1.5
    assert factorial(10) == 3628800


def test_arithmetic_is_numpys() -> None:
    assert divided(1.0, 0.0) == np.inf
    assert np.isnan(divided(0.0, 0.0))


def test_a_kernel_asks_for_wide_vectors() -> None:
    x = np.arange(100, dtype=np.float32)
    widely_halved(x)
    assert np.array_equal(x, np.arange(100) / 2)
    made = widely_halved._made()  # type: ignore[attr-defined]
    assert all('"prefer-vector-width"="512"' in text for text in made.inspect_llvm().values())
    halved(3.0)
    plain = halved._made()  # type: ignore[attr-defined]
    assert not any("prefer-vector-width" in text for text in plain.inspect_llvm().values())


def test_a_kernel_is_pickled_by_its_name() -> None:
    assert pickle.loads(pickle.dumps(exponential)) is exponential


def test_each_type_is_compiled_once() -> None:
    assert compiled_by(lambda: first_of_many(np.ones(1, np.int8))) == 1
    assert compiled_by(lambda: first_of_many(np.ones(5, np.int8))) == 0
    assert compiled_by(lambda: first_of_many(np.ones(1, np.float32))) == 1


def test_threads_that_call_at_once_wait_for_one_compilation(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = []

    def slowly(function: Callable[..., Any]) -> Any:
        time.sleep(0.05)  # time for the others to come and make one too
        made.append(function)
        return dispatcher_of(function)

    monkeypatch.setattr(dispatcher, "dispatcher_of", slowly)

    @kernel
    def fresh(x: Any) -> Any:
        return halved(x[0]) + 1

    halved(1.0)
    made.clear()
    threads, results = 8, []
    start = threading.Barrier(threads)

    def call() -> None:
        start.wait()
        results.append(fresh(np.array([4.0])))

    def all_at_once() -> None:
        running = [threading.Thread(target=call) for _ in range(threads)]
        for one in running:
            one.start()
        for one in running:
            one.join()

    assert compiled_by(all_at_once) == 1
    assert len(made) == 1
    assert results == [3.0] * threads


@kernel
def wait_for_stop(marks: Any, own: int, turns: int) -> int:
    for turn in range(turns):
        # A place that the compiler does not know, so that the stop is looked at in each turn.
        marks[own] = turn
        if marks[0]:
            return turn
    return turns


def test_other_threads_run_while_a_kernel_does() -> None:
    marks, turns = np.zeros(2, np.int64), 4_000_000_000
    wait_for_stop(marks, 1, 1)
    ended: list[int] = []
    running = threading.Thread(target=lambda: ended.append(wait_for_stop(marks, 1, turns)))
    running.start()
    while running.is_alive() and marks[1] == 0:
        pass
    marks[0] = 1
    running.join()
    assert 0 < ended[0] < turns


def test_without_a_compiler_the_functions_themselves_run(tmp_path: Path) -> None:
    tree = kernel_tree(tmp_path)
    assert ask(tree, NUMBA_DISABLE_JIT="1")[:4] == (*RESULTS, 0, 0)
    assert not (tree / "kept").exists()


@pytest.fixture(scope="module")
def imported_tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy whose kernels are kept."""
    tree = kernel_tree(tmp_path_factory.mktemp("tree"))
    assert ask(tree) == (*RESULTS, 0, 3, 0, [])
    return tree


def test_a_second_process_compiles_nothing(imported_tree: Path) -> None:
    assert ask(imported_tree) == (*RESULTS, 2, 0, 0, [])


def test_another_processor_compiles_its_own(imported_tree: Path) -> None:
    other = {"NUMBA_CPU_NAME": "generic", "NUMBA_CPU_FEATURES": ""}
    assert ask(imported_tree, **other) == (*RESULTS, 0, 3, 0, [])
    assert ask(imported_tree, **other) == (*RESULTS, 2, 0, 0, [])
    assert ask(imported_tree) == (*RESULTS, 2, 0, 0, [])


def test_other_settings_of_the_compiler_have_their_own(imported_tree: Path) -> None:
    assert ask(imported_tree, NUMBA_BOUNDSCHECK="1") == (*RESULTS, 0, 3, 0, [])


def test_a_change_two_files_away_is_seen_and_what_it_does_not_reach_stays(
    imported_tree: Path, tmp_path: Path
) -> None:
    number = imported_tree / "edgers/kernels/cpu/number.py"
    files = sorted(path.name for path in imported_tree.glob("kept/*/*"))
    number.write_text("NUMBER = 3.0\n")
    assert ask(imported_tree) == (18.0, 2, 0, 3, 0, [])
    # Newer forms take the places of the older ones.
    assert sorted(path.name for path in imported_tree.glob("kept/*/*")) == files
    (imported_tree / "edgers/kernels/cpu/gather.py").write_text("GATHERED = 1\n")
    assert ask(imported_tree) == (18.0, 2, 2, 0, 0, [])
    number.write_text("NUMBER = 2.0\n")
    assert ask(imported_tree)[:2] == RESULTS


def test_a_source_edited_under_a_running_process_is_not_mixed_up(tmp_path: Path) -> None:
    tree = kernel_tree(tmp_path)
    number = tree / "edgers/kernels/cpu/number.py"
    edit = f"import pathlib; pathlib.Path({str(number)!r}).write_text('NUMBER = 30.0\\n')\n"
    code = ASK.replace("numbers =", edit + "numbers =")
    assert ask(tree, code) == (*RESULTS, 0, 3, 3, [])
    assert ask(tree) == (180.0, 2, 0, 3, 0, [])


def test_no_import_of_a_source_is_missed() -> None:
    for path in PACKAGE.rglob("*.py"):
        wanted = set()
        for node in ast.walk(ast.parse(path.read_bytes())):
            if isinstance(node, ast.Import):
                wanted |= {one.name for one in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                wanted |= {node.module, *(f"{node.module}.{one.name}" for one in node.names)}
        ours = {name for name in wanted if f"{name}.".startswith(PACKAGE_NAME + ".")}
        assert ours <= imported_names(path.read_bytes()), path


def test_nothing_imports_numba_before_a_kernel_runs() -> None:
    names = [path.stem for path in (PACKAGE / "cpu").glob("*.py") if path.stem != "__init__"]
    lines = [f"import edgers.kernels.cpu.{name}" for name in names]
    code = "\n".join([*lines, "import sys", "assert 'numba' not in sys.modules"])
    subprocess.run([sys.executable, "-c", code], check=True, env={**os.environ})


def test_kernels_of_the_package_are_lazy() -> None:
    assert isinstance(exponential, LazyKernel)
    assert run_edgers("warmup", "--help").code == 0
