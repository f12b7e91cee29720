"""`edgers verify`: whether a bundle is unaltered and computes what it should here."""

from pathlib import Path

import click

from edgers.bundle import open_bundle
from edgers.cli.fallback import fallback_lines, no_fallback_option
from edgers.cli.show import line, print_lines
from edgers.pipeline.model import load_model


@click.command(help="Check every byte of BUNDLE, then run its golden tile on this machine.")
@click.argument("bundle", type=click.Path(path_type=Path))
@no_fallback_option
def command(bundle: Path, no_fallback: bool) -> None:
    """Run the command."""
    opened = open_bundle(bundle)
    line("bytes", f"{bundle.stat().st_size} bytes and {len(opened.entries)} entries are as written")
    line("id", opened.bundle_id)
    with load_model(opened, allow_fallback=not no_fallback) as model:
        print_lines(fallback_lines(model))
        line("golden tile", f"passes on {model.engine.info.name} {model.engine.info.version}: "
             f"largest error {model.golden_error:.2g} of the largest value")  # fmt: skip
