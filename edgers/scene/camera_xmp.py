"""What DJI drones write into the XMP packet of an image, read by a parser that refuses entities."""

from xml.parsers import expat

MAX_XMP_BYTES = 1_000_000
"""Most bytes of XMP looked at; drones write some 10 kB, editors some 100."""

MAX_TEXT = 200
"""Longest value kept."""

DJI = "http://www.dji.com/drone-dji/1.0/"
"""Namespace of the tags of DJI drones."""


def dji_from_xmp(data: bytes) -> dict[str, str]:
    """Read the DJI tags of an XMP packet by name, written as attributes or as elements.

    None are read of one that is too long, is no XML, or declares entities or a document type: these
    are not part of XMP (ISO 16684-1, 7.1), and a few lines of them can unfold to gigabytes.
    """
    if not 0 < len(data) <= MAX_XMP_BYTES:
        return {}
    found = _Tags()
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartElementHandler, parser.EndElementHandler = found.start, found.end
    parser.CharacterDataHandler = found.text
    parser.StartDoctypeDeclHandler = parser.EntityDeclHandler = _refuse
    try:
        # A packet ends in blanks, to be edited in place, and at times in zero bytes.
        parser.Parse(data.rstrip(b"\0 \r\n\t"), True)
    except (expat.ExpatError, ValueError):
        return {}
    return found.by_name


class _Tags:
    """Tags in the making."""

    def __init__(self) -> None:
        self.by_name: dict[str, str] = {}
        self._inside: list[tuple[str, str]] = []

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """Enter an element."""
        self._inside.append((name, ""))
        for key, text in attributes.items():
            self._keep(key, text)

    def text(self, part: str) -> None:
        """Hear text of the element."""
        name, text = self._inside[-1]
        self._inside[-1] = name, (text + part)[:MAX_TEXT]

    def end(self, _name: str) -> None:
        """Leave the element."""
        self._keep(*self._inside.pop())

    def _keep(self, name: str, text: str) -> None:
        space, _, short = name.rpartition(" ")
        if space == DJI and text.strip():
            self.by_name.setdefault(short, text.strip()[:MAX_TEXT])


def _refuse(*_: object) -> None:
    raise ValueError("XMP with a document type")
