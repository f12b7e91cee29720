"""Raster products made of their drafts: COGs, picture and STAC Item, moved into place together."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

from edgers.products.cog import write_cog
from edgers.products.disk_errors import disk_errors
from edgers.products.ending import Ending
from edgers.products.envi_cube import write_envi
from edgers.products.extras import Extra
from edgers.products.found import Found
from edgers.products.places import Places
from edgers.products.raster_drafts import RasterDrafts
from edgers.products.stac import CUBE, PICTURE, RASTER, Asset, write_item
from edgers.products.vrt import Meaning
from edgers.products.work_folder import WorkFolder


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """One raster product."""

    ending: str
    """What its name has beside the scene's and the model's, such as `_probabilities`."""
    bands: int
    """Bands of its draft."""
    data_type: str
    """Sample type of its draft, in numpy's words."""
    meaning: Meaning
    """What its samples are; the tags are added."""
    continuous: bool
    """Whether samples are quantities, which may be averaged, and not classes."""
    is_cube: bool = False
    """Whether it is written as an ENVI cube, on the scene's own grid."""
    fields: Mapping[str, object] = field(default_factory=dict)
    """Further fields of its asset in the Item."""


HEADER = "_header"
"""What the role of a cube's header has beside the cube's."""


def raster_names(
    name: str, endings: Mapping[str, str], *, is_warped: bool, cubes: Sequence[str] = (),
    extras: Mapping[str, str] | None = None,
) -> dict[str, str]:  # fmt: skip
    """Give the file of each product by its role, in the order in which they appear.

    `endings` are those of the rasters by role, `cubes` the roles of those that are ENVI cubes,
    `extras` the endings of what is made of them. The STAC Item vouches for the others and comes
    last.
    """
    names = {}
    for role, ending in endings.items():
        names[role] = f"{name}{ending}{'.bil' if role in cubes else '.tif'}"
        if role in cubes:
            names[role + HEADER] = f"{name}{ending}.hdr"
    if is_warped:
        names |= {f"{role}_map": f"{name}_map{ending}.tif" for role, ending in endings.items()}
    names |= {role: f"{name}{ending}" for role, ending in (extras or {}).items()}
    return {**names, "quicklook": f"{name}.png", "item": f"{name}.json"}


@dataclass(frozen=True, slots=True, kw_only=True)
class RasterFiles:
    """The raster products of one scene."""

    work: WorkFolder
    """Where they are made."""
    name: str
    """What they are called, without ending."""
    places: Places
    """Where they lie."""
    layers: Mapping[str, Layer]
    """Products by the role of their draft."""
    extras: Mapping[str, Extra] = field(default_factory=dict)
    """Products that are made of the drafts of others, by role."""

    def finish(
        self, drafts: RasterDrafts, ending: Ending, found: Found, nodata_share: float,
        draw: Callable[[Path, str], None],
    ) -> list[Path]:  # fmt: skip
        """Make all of them of the drafts and move them into place, the Item last.

        `draw` makes the picture at a path, with a title. Raises OutputError where the disk is full
        or fails.
        """
        facts, places = ending.facts(nodata_share), self.places
        endings = {role: layer.ending for role, layer in self.layers.items()}
        cubes = [role for role, layer in self.layers.items() if layer.is_cube]
        names = ending.kept(
            raster_names(
                self.name, endings, is_warped=places.map is not None, cubes=cubes,
                extras={role: extra.ending for role, extra in self.extras.items()},
            )
        )  # fmt: skip
        files = {role: self.work.path(name) for role, name in names.items()}
        # The picture takes one processor, which GDAL leaves idle now and then.
        with ThreadPoolExecutor(1) as beside:
            drawn = None
            if "quicklook" in files:
                drawn = beside.submit(draw, files["quicklook"], ending.title)
            for role, path in files.items():
                onto = places.map if role.endswith("_map") else places.product
                if layer := self.layers.get(draft := role.removesuffix("_map")):
                    if draft == role and layer.is_cube:
                        write_envi(
                            path, files[role + HEADER], drafts[draft], places.computed,
                            layer.meaning, onto=places.product, description=ending.title,
                        )  # fmt: skip
                        continue
                    tags = {f"EDGERS_{key.upper()}": str(value) for key, value in facts.items()}
                    write_cog(
                        path, drafts[draft], places.computed, replace(layer.meaning, tags=tags),
                        continuous=layer.continuous, onto=onto or places.product,
                        is_frame=ending.is_frame,
                    )  # fmt: skip
            for role, extra in self.extras.items():
                extra.write(files[role], drafts, ending, facts)
            if drawn is not None:
                drawn.result()
        if "item" in names:
            with disk_errors(names["item"]):
                write_item(
                    files["item"], place=places.product, on_map=places.map, found=found,
                    assets=self._assets(names), time=ending.time, provenance=facts,
                    span=ending.span,
                )  # fmt: skip
        return self.work.commit(list(names.values()))

    def _assets(self, names: Mapping[str, str]) -> dict[str, Asset]:
        assets = {}
        for role, name in names.items():
            if role == "quicklook":
                assets[role] = Asset(name=name, media_type=PICTURE)
            elif role.endswith(HEADER):
                assets[role] = Asset(name=name, media_type="text/plain")
            elif role in self.extras:
                assets[role] = Asset(name=name, media_type=self.extras[role].media_type)
            elif role != "item":
                layer = self.layers[role.removesuffix("_map")]
                is_cube = layer.is_cube and role in self.layers
                assets[role] = Asset(
                    name=name,
                    media_type=CUBE if is_cube else RASTER,
                    on_map=role.endswith("_map"),
                    fields=layer.fields,
                )
        return assets
