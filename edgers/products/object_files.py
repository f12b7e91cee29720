"""Products of a scene's objects: features, picture and STAC Item, moved into place together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edgers.contract import ModelClass
from edgers.products.alert import ALERT_ENDING, write_alert
from edgers.products.disk_errors import disk_errors
from edgers.products.ending import Ending
from edgers.products.features import FORMATS, Format, with_areas, write_features
from edgers.products.found import Found
from edgers.products.object_features import Extra, ObjectFeatures
from edgers.products.object_findings import object_findings
from edgers.products.object_kind import ObjectKind
from edgers.products.object_picture import write_object_picture
from edgers.products.places import Places
from edgers.products.raster_drafts import RasterDrafts
from edgers.products.stac import PICTURE, Asset, class_fields, write_item
from edgers.products.work_folder import WorkFolder
from edgers.scene.place import Place
from edgers.tiling.grid import Grid

ALERT = "alert"
"""Role of the alert."""


def object_names(name: str, formats: Sequence[Format], *, alert: bool) -> dict[str, str]:
    """Give the file of each product by its role, in the order in which they appear.

    The STAC Item vouches for the others and comes last.
    """
    names = {role_of(one): f"{name}{FORMATS[one].ending}" for one in formats}
    names |= {ALERT: f"{name}{ALERT_ENDING}"} if alert else {}
    return {**names, "quicklook": f"{name}.png", "item": f"{name}.json"}


def role_of(one: Format) -> str:
    """Give the role of a format's file."""
    return "objects" if one == "geojson" else f"objects_{one}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectFiles:
    """The products of the objects of one scene."""

    work: WorkFolder
    """Where they are made."""
    name: str
    """What they are called, without ending."""
    places: Places
    """Where a raster of what the network gives would lie."""
    seen: Place
    """Where the pixels lie that objects are in: those the network was run on."""
    grid: Grid
    """Tiles."""
    classes: Sequence[ModelClass]
    """Classes in the order of the contract."""
    kind: ObjectKind
    """What is known of them."""
    formats: Sequence[Format]
    """Which files of features are wanted."""
    alert: bool
    """Whether an alert is wanted."""
    is_open: bool = False
    """Whether classes are names as they were said: they have no value."""
    extra: Extra | None = None
    """What else is known of an object; None for nothing."""

    def finish(
        self, objects: Path, drafts: RasterDrafts, ending: Ending, found: Found,
        nodata_share: float,
    ) -> list[Path]:  # fmt: skip
        """Make all of them of the objects in a file and move them into place, the Item last.

        Raises OutputError where the disk is full or fails.
        """
        facts = ending.facts(nodata_share)
        names = ending.kept(object_names(self.name, self.formats, alert=self.alert))
        files = {role: self.work.path(name) for role, name in names.items()}
        maker = ObjectFeatures(
            grid=self.grid, classes=self.classes, provenance=facts, is_open=self.is_open,
            extra=self.extra,
        )  # fmt: skip
        read = self.kind.features
        columns = ending.columns(
            (*self.kind.columns, *(self.extra.columns if self.extra else ()))
        )  # fmt: skip
        for one in self.formats:
            features = ending.marked(with_areas(read(maker, objects), self.seen))
            write_features(files[role_of(one)], features, columns, self.seen, one, facts)
        if self.alert:
            features = with_areas(read(maker, objects), self.seen)
            write_alert(files[ALERT], object_findings(features, self.seen), facts)
        if "quicklook" in names:
            samples = drafts.preview()
            with disk_errors(names["quicklook"]):
                write_object_picture(
                    files["quicklook"], samples, ~np.asarray(np.isfinite(samples).all(axis=0)),
                    read(maker, objects), self.classes, filled=self.kind.filled,
                    step=drafts.thinning.step * float(self.grid.columns.stride),
                    title=ending.title, nodata_share=nodata_share,
                )  # fmt: skip
        if "item" in names:
            with disk_errors(names["item"]):
                write_item(
                    files["item"], place=self.places.product, on_map=None, found=found,
                    assets=self._assets(names), time=ending.time, provenance=facts,
                    span=ending.span,
                )  # fmt: skip
        return self.work.commit(list(names.values()))

    def _assets(self, names: Mapping[str, str]) -> dict[str, Asset]:
        meaning = {} if self.is_open else class_fields(self.classes)
        assets = {
            role_of(one): Asset(
                name=names[role_of(one)], media_type=FORMATS[one].media_type, fields=meaning
            )
            for one in self.formats
        }
        if self.alert:
            assets[ALERT] = Asset(name=names[ALERT], media_type="application/json")
        return {**assets, "quicklook": Asset(name=names["quicklook"], media_type=PICTURE)}
