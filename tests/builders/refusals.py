"""Bad input given to the command line, and what a clear refusal is."""

import subprocess
import sys
from pathlib import Path

from builders.runs import Outcome, edgers

MEMORY_LIMIT_KB = 3 * 2**20
"""Address space of a process that is given files without end."""


def is_refusal(done: Outcome) -> bool:
    """Tell whether a command ended with 2 and an error in words, and claimed no result."""
    claims = [line for line in done.out.splitlines() if not line.startswith("model ")]
    return (
        done.code == 2
        and not claims
        and done.err.startswith("error  ")
        and "Traceback" not in done.err
    )


def refused_run(bundle: Path, scene: Path | str, out: Path, *more: object) -> str:
    """Run a bundle over a scene that must be refused with nothing left behind; give the text."""
    before = _listing(out.parent)
    done = edgers("run", bundle, scene, "-o", out, *more)
    assert is_refusal(done), done
    assert _listing(out.parent) == before
    return done.err


def _listing(folder: Path) -> list[str]:
    return sorted(str(path) for path in folder.rglob("*"))


def edgers_within(seconds: float, *arguments: object) -> Outcome:
    """Run the command line in a process of its own that must end in time, with little memory."""
    limited = f'ulimit -v {MEMORY_LIMIT_KB}; exec "$@"'
    command = Path(sys.executable).with_name("edgers")
    done = subprocess.run(
        ["sh", "-c", limited, "sh", command, *map(str, arguments)],
        capture_output=True, text=True, timeout=seconds, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    return Outcome(done.returncode, done.stdout, done.stderr)
