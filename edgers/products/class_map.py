"""All products of a segmentation: class map, probabilities, quicklook and STAC Item."""

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from edgers.closing import Closing
from edgers.contract import ModelOutput
from edgers.products.areas import AreaCounter, ClassArea, block_pixels
from edgers.products.cog import write_cog
from edgers.products.disk_errors import disk_errors
from edgers.products.draft import Draft, DraftShape
from edgers.products.preview import Thinning
from edgers.products.quicklook import Preview, write_quicklook
from edgers.products.stac import FILE_DATE, write_item
from edgers.products.tile_record import TileRecord
from edgers.products.vrt import Meaning
from edgers.products.work_folder import WorkFolder
from edgers.scene.geometry import row_areas_m2
from edgers.scene.place import Place
from edgers.tiling.grid import Tile


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """What one tile contributes; all arrays cover its core."""

    tile: int
    """Position of the tile in the order of work."""
    row: int
    """First row in the product."""
    column: int
    """First column in the product."""
    classes: npt.NDArray[np.uint8] | npt.NDArray[np.uint16]
    """Class values, (height, width)."""
    nodata: npt.NDArray[np.bool_]
    """True where the scene has no data, (height, width)."""
    not_finite: npt.NDArray[np.bool_]
    """True where the network gave NaN or infinity, (height, width)."""
    probabilities: npt.NDArray[np.float32] | None
    """Probability of each class, (class, height, width), where asked for."""
    preview: npt.NDArray[np.generic]
    """Scene samples for the quicklook, (band, height, width)."""
    skipped: bool
    """Whether the tile was not inferred because it holds no data."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """The grids of one scene's products."""

    computed: Place
    """What the network was run on, or what it gave."""
    product: Place
    """The scene's own pixels; another grid where the scene was resampled to suit the model."""
    map: Place | None = None
    """A map grid for products that are also wanted on one."""


def product_names(name: str, *, probabilities: bool, is_warped: bool) -> dict[str, str]:
    """Give the file of each product by its role, in the order in which they appear.

    The STAC Item vouches for the others and comes last.
    """
    rasters = ["classes", "probabilities"] if probabilities else ["classes"]
    endings = {role: RASTER_ENDINGS[role] + ".tif" for role in rasters}
    if is_warped:
        endings |= {f"{role}_map": f"_map{RASTER_ENDINGS[role]}.tif" for role in rasters}
    endings |= {"quicklook": ".png", "item": ".json"}
    return {role: name + ending for role, ending in endings.items()}


RASTER_ENDINGS = {"classes": "", "probabilities": "_probabilities"}
"""What a raster product's name has beside the scene's and the model's."""


class ClassMap(Closing):
    """Products of one scene in the making; a context manager.

    What is added goes to drafts in the work folder, so that nothing of the scene's size is held and
    a run that was killed finds it again.
    """

    def __init__(
        self, work: WorkFolder, *, name: str, places: Places, output: ModelOutput,
        data_type: type[np.uint8] | type[np.uint16], preview_bands: int, probabilities: bool,
    ) -> None:  # fmt: skip
        """Open or begin the drafts of the products `name`.tif, .png and .json in `work`."""
        self._work, self._name, self._classes = work, name, output.classes
        self._places, place = places, places.computed
        self._place = place
        self.nodata = int(np.iinfo(data_type).max)
        self._thinning = Thinning(height_px=place.height_px, width_px=place.width_px)
        shapes = {
            "classes": self._shape(1, np.dtype(data_type).name),
            "preview": self._thinning.shape(preview_bands),
        }
        if probabilities:
            shapes["probabilities"] = self._shape(len(output.classes), "float32")
        with ExitStack() as opened:
            self._drafts = {
                role: opened.enter_context(Draft(work.path(f"{role}.raw"), shape))
                for role, shape in shapes.items()
            }
            self._opened = opened.pop_all()
        self._counter = AreaCounter(output.classes)
        self._nodata_px = 0
        self.not_finite_px = 0
        self.skipped_tiles = 0

    @property
    def nodata_share(self) -> float:
        """Share of the product's pixels that are nodata."""
        return self._nodata_px / (self._place.height_px * self._place.width_px)

    def areas(self) -> tuple[ClassArea, ...]:
        """Give what each class covers so far."""
        return self._counter.areas()

    def write(self, block: Block, seam: int | None = None) -> TileRecord:
        """Put a block in its place; give what is to be noted and counted of it.

        Any thread may call this. Raises OutputError where the disk is full or fails.
        """
        gone = block.nodata | block.not_finite
        classes = np.where(gone, np.asarray(self.nodata, block.classes.dtype), block.classes)
        height, width = classes.shape
        areas = None
        if classes.size:
            areas = row_areas_m2(self._place, block.row, block.column, height, width)
        pixels, areas_mm2 = block_pixels(classes, self._classes, areas)
        return TileRecord(
            tile=block.tile,
            checksums=tuple(self._written(block, classes, gone)),
            pixels=pixels,
            areas_mm2=areas_mm2,
            nodata_px=int(gone.sum()),
            not_finite_px=int((block.not_finite & ~block.nodata).sum()),
            skipped=block.skipped,
            seam=seam,
        )

    def is_whole(self, record: TileRecord, tile: Tile) -> bool:
        """Tell whether the blocks of a tile are in the drafts as they were written."""
        row, column = tile.rows.core_start, tile.columns.core_start
        height, width = tile.core_shape
        thin_row, thin_column = self._thinning.place(row, column)
        thin_stop = self._thinning.place(row + height, column + width)
        thin = (thin_row, thin_column, thin_stop[0] - thin_row, thin_stop[1] - thin_column)
        found = tuple(
            draft.checksum(*(thin if role == "preview" else (row, column, height, width)))
            for role, draft in self._drafts.items()
        )
        return found == record.checksums

    def count(self, record: TileRecord) -> None:
        """Add a finished tile to the sums."""
        self._counter.add(record.pixels, record.areas_mm2)
        self._nodata_px += record.nodata_px
        self.not_finite_px += record.not_finite_px
        self.skipped_tiles += record.skipped

    def sync(self) -> None:
        """Force the drafts to disk; raises OutputError where that fails."""
        for draft in self._drafts.values():
            draft.sync()

    def finish(
        self, *, time: tuple[str, str], provenance: Mapping[str, object],
        span: tuple[str, str] | None = None,
    ) -> list[Path]:  # fmt: skip
        """Complete all products and move them into place; the STAC Item, which vouches for the
        others, is moved last.
        """
        facts = {**provenance, "nodata_share": round(self.nodata_share, 6)}
        # A file's date is no property of the scene: the same samples must give the same map.
        if time[1] != FILE_DATE:
            facts["datetime"] = time[0]
        places = self._places
        names = product_names(
            self._name, probabilities="probabilities" in self._drafts,
            is_warped=places.map is not None,
        )  # fmt: skip
        files = {role: self._work.path(name) for role, name in names.items()}
        title = f"{provenance['scene']} · {provenance['model']}"
        # The picture takes one processor, which GDAL leaves idle now and then.
        with ThreadPoolExecutor(1) as beside:
            drawn = beside.submit(self._draw, files["quicklook"], title)
            for role, path in files.items():
                onto = places.map if role.endswith("_map") else places.product
                if (draft := role.removesuffix("_map")) in self._drafts:
                    self._write_cog(draft, path, facts, onto or places.product)
            drawn.result()
        assets = {role: name for role, name in names.items() if role != "item"}
        with disk_errors(names["item"]):
            write_item(
                files["item"], place=places.product, on_map=places.map, classes=self._classes,
                areas=self.areas(), assets=assets, time=time, provenance=facts, span=span,
            )  # fmt: skip
        return self._work.commit(list(names.values()))

    def close(self) -> None:
        """Close the drafts."""
        self._opened.close()

    def _shape(self, bands: int, data_type: str) -> DraftShape:
        return DraftShape(
            bands=bands,
            height_px=self._place.height_px,
            width_px=self._place.width_px,
            data_type=data_type,
        )

    def _written(
        self, block: Block, classes: npt.NDArray[np.generic], gone: npt.NDArray[np.bool_]
    ) -> Iterator[int]:
        """Write a block to each draft; give the checksums."""
        for role, draft in self._drafts.items():
            if role == "classes":
                yield draft.write(classes[np.newaxis], block.row, block.column)
            elif role == "preview":
                kept = self._thinning.keep(block.preview, block.row, block.column)
                # Samples may be wider than single precision; the picture is stretched anyway.
                with np.errstate(over="ignore"):
                    thin = kept.astype(np.float32)
                yield draft.write(thin, *self._thinning.place(block.row, block.column))
            else:
                values = block.probabilities
                if values is None:
                    values = np.full((len(self._classes), *classes.shape), np.nan, np.float32)
                elif gone.any():
                    values = np.where(gone, np.float32(np.nan), values)
                yield draft.write(values, block.row, block.column)

    def _write_cog(self, role: str, path: Path, facts: Mapping[str, object], onto: Place) -> None:
        """Make a product of a draft, on the grid `onto`."""
        is_map = role == "classes"
        meaning = Meaning(
            bands=["class"] if is_map else [one.name for one in self._classes],
            nodata=self.nodata if is_map else float("nan"),
            tags={f"EDGERS_{key.upper()}": str(value) for key, value in facts.items()},
            classes=self._classes if is_map else (),
        )
        write_cog(path, self._drafts[role], self._place, meaning, continuous=not is_map, onto=onto)

    def _draw(self, path: Path, title: str) -> None:
        """Make the picture of what was kept for it."""
        kept = self._drafts["preview"]
        shape = kept.shape
        preview = Preview(
            classes=self._thinning.of(self._drafts["classes"])[0],
            samples=kept.read(0, 0, shape.height_px, shape.width_px),
            nodata=self.nodata,
        )
        with disk_errors(path.name):
            write_quicklook(
                path, preview, self._classes, self.areas(), title=title,
                nodata_share=self.nodata_share,
            )  # fmt: skip
