"""`edgers verify`: whether a bundle is unaltered and computes what it should here."""

import sys
from pathlib import Path

import click

from edgers.cli.fallback import fallback_lines, no_fallback_option
from edgers.cli.show import line, print_lines


@click.command(help="Check every byte of BUNDLE, then run its golden tile on this machine.")
@click.argument("bundle", type=click.Path(path_type=Path))
@click.option(
    "--preflight", "only_preflight", is_flag=True,
    help="Only say whether it runs here, without loading or running anything of it.",
)  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print the preflight as JSON.")
@no_fallback_option
def command(bundle: Path, only_preflight: bool, as_json: bool, no_fallback: bool) -> None:
    """Run the command."""
    if only_preflight:
        # A runtime takes longer to import than the verdict may.
        from edgers.cli.preflight import show_preflight

        sys.exit(show_preflight(bundle, as_json=as_json))
    if as_json:
        raise click.UsageError("--json goes with --preflight.")
    _verify(bundle, allow_fallback=not no_fallback)


def _verify(bundle: Path, *, allow_fallback: bool) -> None:
    from edgers.bundle import open_bundle
    from edgers.pipeline.model import load_model

    opened = open_bundle(bundle)
    line("bytes", f"{bundle.stat().st_size} bytes and {len(opened.entries)} entries are as written")
    line("id", opened.bundle_id)
    with load_model(opened, allow_fallback=allow_fallback) as model:
        print_lines(fallback_lines(model))
        line("golden tile", f"passes on {model.engine.info.name} {model.engine.info.version}: "
             f"largest error {model.golden_error:.2g} of the largest value")  # fmt: skip
