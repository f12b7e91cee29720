"""One file of a scene with what is said of it elsewhere, on the scene's grid or a coarser one."""

from dataclasses import replace

import rasterio
from affine import Affine
from rasterio.enums import Resampling
from rasterio.io import DatasetReader
from rasterio.vrt import WarpedVRT

from edgers.errors import SceneError
from edgers.scene.asset import TOLERANCE_PX, Asset, is_complex, is_same_grid, representable
from edgers.scene.band_names import named_after_file
from edgers.scene.bands import SceneBand
from edgers.scene.place import Place, counted_from_middle
from edgers.scene.stac_item import SceneFile, StatedBand
from edgers.scene.swath_view import swath_view

SAME_SIZE = 1e-3
"""Relative difference up to which a pixel counts as large as another."""


class SceneAsset(Asset):
    """One file of a scene; a context manager."""

    def __init__(self, file: SceneFile, position: int, *, is_only: bool = True) -> None:
        """Open the file as number `position` of its scene, which may have others.

        Raises SceneError where it cannot be read, has no place on Earth, or does not have the bands
        that are said to be in it.
        """
        self._said: tuple[StatedBand, ...] = ()
        super().__init__(file.path, position, is_only=is_only)
        self.own_place = self.place
        self.time = file.time
        try:
            self._said = self._stated(file)
        except BaseException:
            self.close()
            raise
        if self._said:
            self.bands = tuple(map(_with_words, self.bands, self._said))
            self._learn_masks()
        self.bands = named_after_file(self.bands, file.path)

    def regrid(self, place: Place, resampling: str) -> None:
        """Read from now on in the pixels of `place`, which cover the same ground.

        They are of another size: samples of finer ones are averaged (the most frequent one is taken
        where the contract resamples by the nearest), those of coarser ones resampled.
        """
        self._refuse_complex("a grid of another ground sample distance")
        how = averaging(resampling, self.own_place.width_px / place.width_px)
        if self.own_place.kind == "map":
            self._dataset = self._view(place, how)
        else:
            here, there = _pixels_of(self.own_place), _pixels_of(place, self.own_place)
            text = swath_view(
                self._file, here, there, how, scale=place.width_px / self.own_place.width_px,
                tells_alpha=self._file.nodata is None,
            )  # fmt: skip
            self._dataset = rasterio.open(text, driver="VRT")
        self.place = place
        self._learn_masks()

    def put_on(self, other: Asset, resampling: str) -> None:
        """Read from now on in the pixels of `other`, resampled by GDAL.

        Raises SceneError where the two have no common place.
        """
        if isinstance(other, SceneAsset) and other.place is not other.own_place:
            if is_same_grid(self.own_place, other.own_place):
                self.regrid(other.place, resampling)
                return
            finer = self.gsd_m is not None and other.gsd_m is not None
            share = other.own_place.width_px / other.place.width_px
            if finer and (self.gsd_m or 0) < (other.gsd_m or 0) * share * (1 - SAME_SIZE):
                resampling = averaging(resampling, 2.0)
        super().put_on(other, resampling)
        self.place = other.place

    def _view(self, there: Place, resampling: str) -> DatasetReader | WarpedVRT:
        """Give a view of the file on a map grid, with the nodata that only the Item states."""
        stated = {band.nodata for band in self._said} - {None}
        if self._file.nodata is not None or not stated:
            return super()._view(there, resampling)
        if self.own_place.kind != "map" or len(stated) > 1:
            raise SceneError(
                f"{self.path.name} cannot be resampled.",
                seen=f"Only its STAC Item states nodata, as {sorted(filter(None, stated))}.",
                rule="To be resampled, a file in sensor geometry, or with a nodata value of its "
                "own for each band, states nodata itself.",
                fix="Set it in the file, for example with: rio edit-info --nodata VALUE FILE",
            )
        value, here = stated.pop(), counted_from_middle(self.own_place)
        return WarpedVRT(
            self._file, src_crs=here.crs, src_transform=here.transform, crs=there.crs,
            transform=there.transform, width=there.width_px, height=there.height_px,
            resampling=Resampling[resampling], src_nodata=value, nodata=value,
            tolerance=TOLERANCE_PX,
        )  # fmt: skip

    def _learn_masks(self) -> None:
        """Keep what tells missing samples apart, what the Item says included."""
        super()._learn_masks()
        for band, said in zip(self.bands, self._said, strict=False):
            if self._nodata[band.index] is None:
                self._nodata[band.index] = representable(said.nodata, band.data_type)

    def _stated(self, file: SceneFile) -> tuple[StatedBand, ...]:
        """Give what is said of each band."""
        if not file.bands:
            whole = file.whole
            if whole == StatedBand():
                return ()
            if len(self.bands) > 1:
                whole = replace(whole, name=None, common_name=None)
            elif self.bands and self.bands[0].name:
                whole = replace(whole, name=None)
            return (whole,) * len(self.bands)
        if len(file.bands) != len(self.bands):
            raise SceneError(
                f"{file.path.name} does not have the bands its STAC Item lists.",
                seen=f"It has {len(self.bands)}, the Item lists {len(file.bands)}.",
                fix="Correct the Item, or name the file itself as the scene.",
            )
        return file.bands

    def _refuse_complex(self, where: str) -> None:
        if any(map(is_complex, self._file.dtypes)):
            raise SceneError(
                f"{self.path.name} cannot be put onto {where}.",
                seen="Its samples are complex.",
                rule="Complex samples lose their amplitude where they are resampled.",
                fix="Write its amplitude as a band first.",
            )


def averaging(resampling: str, finer: float) -> str:
    """Give the resampling for pixels `finer` times as many to a side as those of the new grid.

    Fewer pixels than there were would show patterns that are not there, so they are averaged;
    values that must not be mixed give their most frequent one.
    """
    if finer <= 1 + SAME_SIZE:
        return resampling
    return "mode" if resampling == "nearest" else "average"


def _pixels_of(place: Place, under: Place | None = None) -> Place:
    """Give a grid in the pixels of `under` (of its own, where it is None) and nothing else."""
    below = under or place
    scale = Affine.scale(below.width_px / place.width_px, below.height_px / place.height_px)
    return Place(height_px=place.height_px, width_px=place.width_px, crs=None, transform=scale)


def _with_words(band: SceneBand, said: StatedBand) -> SceneBand:
    """Add what an Item says: its names come first, its numbers where the file has none."""
    has_scale = (band.scale, band.offset) != (1.0, 0.0)
    return replace(
        band,
        name=said.name or band.name,
        common_name=(said.common_name or band.common_name).lower(),
        wavelength_um=band.wavelength_um if said.wavelength_um is None else said.wavelength_um,
        unit=band.unit or said.unit or "",
        scale=band.scale if has_scale or said.scale is None else said.scale,
        offset=band.offset if has_scale or said.offset is None else said.offset,
    )
