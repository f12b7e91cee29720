"""Files of the running system, read without trust: any may be missing, unreadable or binary."""

from pathlib import Path

LARGEST_BYTES = 64 * 2**20
"""More is not read: the largest of these, the list of packages, has a few MB."""

LONGEST_TEXT = 200
"""Characters of a name that are kept."""


def file_bytes(path: Path) -> bytes:
    """Give what a file holds, of a very long one the beginning; empty where it cannot be read."""
    try:
        # A pipe in the place of a file would be waited for.
        if not path.is_file():
            return b""
        with path.open("rb") as file:
            return file.read(LARGEST_BYTES)
    except OSError:
        return b""


def file_text(path: Path) -> str:
    """Give the text of a file; what is no UTF-8 is replaced."""
    return file_bytes(path).decode("utf-8", errors="replace")


def file_names(folder: Path) -> list[str]:
    """Give the names in a folder, in order; none where it cannot be read."""
    try:
        return sorted(entry.name for entry in folder.iterdir())
    except OSError:
        return []


def plain(text: str) -> str:
    """Give a name fit for a terminal: one line, printable characters only, not too long."""
    shown = "".join(c if c.isprintable() and c != "\ufffd" else " " for c in text)
    return " ".join(shown.split())[:LONGEST_TEXT]
