"""`edgers votes`: what a finished map holds under each polygon of a file."""

from pathlib import Path

import click

from edgers.cli.show import line
from edgers.errors import BadInputError
from edgers.files import making_whole
from edgers.products.footprint_votes import collect_votes
from edgers.products.polygon_file import polygons_from_file
from edgers.products.vote_table import check_attributes, vote_table, write_votes
from edgers.scene.open import environment, open_raster

ENDINGS = {".csv": True, ".geojson": False, ".json": False}
"""Whether a file of this ending is a table without outlines."""


@click.command(
    help="Tell for each polygon of FOOTPRINTS (GeoJSON) what lies under it in MAP, a .tif that "
    "'edgers run' wrote: of classes their pixels and the majority, of values mean, least and most."
)
@click.argument("map_path", metavar="MAP", type=click.Path(path_type=Path))
@click.argument("footprints", type=click.Path(path_type=Path))
@click.option(
    "-o", "--out", required=True, type=click.Path(path_type=Path), help="A .csv or .geojson file."
)
@click.option("--prefix", default="", metavar="TEXT", help="What the new attributes begin with.")
def command(map_path: Path, footprints: Path, out: Path, prefix: str) -> None:
    """Run the command."""
    as_csv = ENDINGS.get(out.suffix.lower())
    if as_csv is None:
        raise BadInputError(
            f"attributes cannot be written to {out}.", rule="It must end in .csv or .geojson."
        )
    polygons = polygons_from_file(footprints)
    with environment(), open_raster(map_path) as dataset:
        table = vote_table(dataset, prefix)
        check_attributes(table, polygons)
        votes = collect_votes(dataset, polygons, classes=bool(table.classes))
    with making_whole(out) as draft:
        write_votes(draft, polygons, table, votes, as_csv=as_csv)
    empty = sum(not one.pixels for one in votes)
    told = f" · {empty} hold no pixel with data" if empty else ""
    line("polygons", f"{len(votes)}{told}")
    line("table", str(out))
