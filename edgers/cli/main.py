"""The `edgers` command."""

import importlib
import io
import signal
import sys

import click

from edgers import __version__
from edgers.errors import EdgersError

COMMANDS = {
    "build": "Build the plan of a kit on the board that runs it, or its twin.",
    "calibrate": "Measure the ranges of a graph's tensors on scenes, for INT8.",
    "compile": "Make a bundle from an ONNX graph and its contract.",
    "contract": "Start or check a model contract.",
    "demo": "Run the whole path on a synthetic flood scene.",
    "inspect": "Say what a bundle or a scene holds.",
    "pushbroom": "Run a bundle over rows as they arrive.",
    "retrieve": "Find the tiles of a scene that are most like a stored vector.",
    "run": "Run a bundle over scenes.",
    "state": "Keep scenes for models that need earlier ones; list or drop them.",
    "swap": "Put other vectors into a bundle; its graph stays.",
    "targets": "List the devices to compile for, or say which one this is.",
    "verify": "Check every byte of a bundle and run its golden tile.",
    "votes": "Ask a finished map what lies in each polygon of a file.",
    "warmup": "Compile all kernels ahead, and keep them.",
    "watch": "Run a bundle over frames: images, a video file or a camera.",
}
"""Commands with their one-line help: the list must not cost an import."""

STOPPED = "stopped  No product is half-written. The same command goes on from here."
"""Last words after Ctrl-C."""

INTERRUPTED = 130
"""Exit code after Ctrl-C, as shells give it (128 + SIGINT)."""


class LazyGroup(click.Group):
    """A group that imports a command only when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """List the commands."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one command."""
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"edgers.cli.{cmd_name}")
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(sorted(COMMANDS.items()))


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="edgers %(version)s")
def edgers() -> None:
    """Run Earth-observation models where the pictures are taken.

    A trained model (ONNX) and its contract (what bands it needs, what classes it gives) are
    compiled into one bundle; the bundle is run over scenes of any size and gives georeferenced
    products.
    """


def main() -> None:
    """Run the command line; tell errors in words and end with their exit code."""
    for stream in (sys.stdout, sys.stderr):
        # A terminal that lacks a character gets a substitute, not a traceback.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    # A service manager's stop and a closed terminal end a run as cleanly as Ctrl-C.
    for name in ("SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.default_int_handler)
    try:
        edgers(standalone_mode=False)
    except EdgersError as error:
        click.echo(told(error), err=True)
        sys.exit(error.exit_code)
    except click.exceptions.Exit as error:
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        click.echo(STOPPED, err=True)
        sys.exit(INTERRUPTED)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)


def told(error: EdgersError) -> str:
    """Write an error with its parts under one another."""
    return "error  " + str(error).replace("\n", "\n       ")
