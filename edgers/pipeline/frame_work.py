"""What is done to one frame: the same as to a scene, by the same makers.

Its products are those of a scene but for the picture and the STAC Item: the log tells what these
would.
"""

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgers.pipeline.answer import Answer
from edgers.pipeline.empty import refuse_empty
from edgers.pipeline.flow import Flow
from edgers.pipeline.kept_input import kept_input
from edgers.pipeline.maker import Order
from edgers.pipeline.makers import making_of, product_names
from edgers.pipeline.model import Model, check_one_image
from edgers.pipeline.options import RunOptions
from edgers.pipeline.plan import plan_tiles
from edgers.pipeline.preprocess import ScenePreprocessor
from edgers.pipeline.row_maker import RowMaker
from edgers.pipeline.text import prompts
from edgers.pipeline.tile_work import TileWork, preview_bands
from edgers.products.ending import Ending
from edgers.products.found import Found
from edgers.products.places import Places
from edgers.products.row_table import ORIGIN
from edgers.products.work_folder import WorkFolder
from edgers.scene.frame import FrameScene
from edgers.scene.one_image import OneImage
from edgers.scene.open import environment
from edgers.scene.place import Place
from edgers.tiling.grid import Grid


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameProducts:
    """What came of one frame."""

    files: Mapping[str, Path]
    """Products by their role, the main one first."""
    found: Found
    """What was found."""
    rows: Sequence[Mapping[str, Any]]
    """Rows of its table, by column; none where there is no table."""
    nodata_share: float
    """Share of pixels without an answer."""
    not_finite_px: int
    """Pixels with data at which the network gave NaN or infinity."""
    grid: Grid
    """Tiles it was made in."""


class FrameWork:
    """The work on frames, one after the other; their size may change."""

    def __init__(self, model: Model, options: RunOptions) -> None:
        """Prepare; raises ContractError where the model needs more than one image, or the options
        ask for what it does not make.
        """
        check_one_image(model, "A frame")
        product_names(model, options, "")
        self._model, self._options = model, options
        self._beside = prompts(model, options.ask)
        self._grid: Grid | None = None

    def run(
        self, scene: FrameScene, place: Place, work: WorkFolder, name: str, ending: Ending
    ) -> FrameProducts:
        """Make the products `name` of a frame that lies at `place`, in an empty work folder.

        Raises SceneError where it cannot be read or holds no data, TilingError where the graph does
        not take its size, EngineError where the network gives no number at all.
        """
        model, options = self._model, self._options
        grid = self._planned(scene.height_px, scene.width_px)
        computed = product_place(place, grid)
        with environment():
            data_type = scene.read(0, 0, 1, 1).samples.dtype
            view = OneImage(
                model.source, scene.bands, scene.is_scaled, data_type, place, scene.read
            )
            prepare = ScenePreprocessor(model.inputs, view, model.kernels)
        bands = preview_bands(model.source, scene.bands)
        order = Order(
            model=model, scene=view, grid=grid, options=options, work=work, name=name,
            places=Places(computed=computed, product=computed), preview_bands=bands,
        )  # fmt: skip
        with closing(making_of(model).make(order)) as maker:
            tiles = TileWork(
                scene=view, grid=grid, prepare=prepare, model=model, maker=maker,
                preview_bands=bands, kept=kept_input(model, view), beside=self._beside,
            )  # fmt: skip
            flow: Flow[Answer] = Flow(grid, tiles.stages(options.workers), options.in_flight)
            with closing(flow.results()) as answers:
                for answer in answers:
                    maker.add(answer)
            refuse_empty(model, maker.tally, len(grid), f"frame {ending.provenance['source']}")
            files = maker.finish(ending)
            names = ending.kept(product_names(model, options, name))
            return FrameProducts(
                files=dict(zip(names, files, strict=True)),
                found=maker.found,
                rows=_rows(maker) if isinstance(maker, RowMaker) else (),
                nodata_share=maker.tally.nodata_share,
                not_finite_px=maker.tally.not_finite_px,
                grid=grid,
            )

    def _planned(self, height_px: int, width_px: int) -> Grid:
        """Cut a frame into tiles as a scene of its size; the last plan is kept."""
        grid = self._grid
        if grid is None or (grid.rows.size_px, grid.columns.size_px) != (height_px, width_px):
            grid = self._grid = plan_tiles(self._model, height_px, width_px, self._options)
        return grid


def product_place(place: Place, grid: Grid) -> Place:
    """Place a product: its pixels may be coarser than the frame's, or begin later."""
    height, width = grid.output_shape
    return place.subgrid(
        float(grid.columns.origin_px), float(grid.rows.origin_px), float(grid.columns.stride),
        float(grid.rows.stride), height, width,
    )  # fmt: skip


def _rows(maker: RowMaker) -> list[dict[str, Any]]:
    """Give the rows of a table; the log tells where they come from."""
    left_out = {column.name for column in ORIGIN}
    return [
        {key: value for key, value in one.properties.items() if key not in left_out}
        for piece in maker.table.pieces(("", ""))
        for one in piece.features
    ]
