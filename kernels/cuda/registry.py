"""All CUDA kernels, found by looking through the package: no list to forget one in."""

import importlib
import pkgutil

from edgers.kernels.cuda.entry import Entry

PACKAGE = "edgers.kernels.cuda"


def entries(package: str = PACKAGE) -> dict[str, Entry]:
    """Give every kernel in the modules of a package, by name and in the order of names.

    Raises ValueError where two kernels share a name, or a name cannot be a symbol.
    """
    found: dict[str, Entry] = {}
    for module in pkgutil.iter_modules(importlib.import_module(package).__path__):
        loaded = importlib.import_module(f"{package}.{module.name}")
        for entry in getattr(loaded, "ENTRIES", ()):
            if not (entry.name.isascii() and entry.name.isidentifier()):
                raise ValueError(f"{entry.name!r} in {module.name} cannot be a symbol")
            if entry.name in found:
                raise ValueError(f"two CUDA kernels are called {entry.name}")
            found[entry.name] = entry
    return dict(sorted(found.items()))
