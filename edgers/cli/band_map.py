"""The `--map` option: which scene band stands for which model band."""

from edgers.errors import BadInputError


def renamed_from_options(maps: tuple[str, ...]) -> dict[str, str]:
    """Read `BAND=NAME` texts; raises BadInputError where one is of another form, or repeats."""
    pairs = [text.partition("=") for text in maps]
    for text, (band, _, name) in zip(maps, pairs, strict=True):
        if not band or not name:
            raise BadInputError(f"--map {text!r} is not of the form BAND=NAME.")
    renamed = {band: name for band, _, name in pairs}
    if len(renamed) < len(pairs):
        raise BadInputError(
            "--map names a band twice.", seen=f"Given: {', '.join(maps)}.", fix="Keep one of them."
        )
    return renamed
