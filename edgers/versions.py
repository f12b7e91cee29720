"""Versions of software as people write them."""


def version_text(version: tuple[int, ...]) -> str:
    """Write the parts of a version with points between them."""
    return ".".join(map(str, version))
