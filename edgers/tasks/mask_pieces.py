"""Objects with their pixels as one tile sees them, and how they lie on disk."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edgers.tasks.pixel_runs import Runs

MASK_PIECE = np.dtype(
    [("score", "<f4"), ("kind", "<i4"), ("nodata_px", "<i8"), ("runs", "<i8")]
)  # fmt: skip
"""What is known of one piece beside its pixels, 24 bytes: `kind` is the position of its class in
the contract, `nodata_px` its pixels without data, `runs` how many runs its mask has."""
RUN = np.dtype(("<i4", (3,)))
COUNT = np.dtype("<i8")

Bytes = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True, kw_only=True)
class MaskPieces:
    """The pieces of one tile."""

    pieces: npt.NDArray[np.void]
    """What is known of them, (piece,), of the type `MASK_PIECE`."""
    masks: list[Runs]
    """The pixels of each, in pixels of the scene; none without any."""

    def packed(self) -> Bytes:
        """Give them as bytes: how many, what is known of them, their masks."""
        count = np.array([len(self.pieces)], COUNT)
        parts = [count, self.pieces, *(mask.astype("<i4") for mask in self.masks)]
        return np.frombuffer(b"".join(part.tobytes() for part in parts), np.uint8)


def pieces_of(
    scores: list[float], kinds: list[int], nodata_px: list[int], masks: list[Runs]
) -> MaskPieces:
    """Put pieces together."""
    pieces = np.zeros(len(masks), MASK_PIECE)
    pieces["score"], pieces["kind"], pieces["nodata_px"] = scores, kinds, nodata_px
    pieces["runs"] = [len(mask) for mask in masks]
    return MaskPieces(pieces=pieces, masks=masks)


def unpacked(data: Bytes) -> MaskPieces:
    """Give pieces that `packed` made bytes of."""
    raw = data.tobytes()
    if not raw:
        return pieces_of([], [], [], [])
    count = int(np.frombuffer(raw, COUNT, 1)[0])
    pieces = np.frombuffer(raw, MASK_PIECE, count, COUNT.itemsize)
    runs = np.frombuffer(raw, "<i4", offset=COUNT.itemsize + pieces.nbytes).reshape(-1, 3)
    ends = np.cumsum(pieces["runs"])
    masks = [runs[end - n : end] for end, n in zip(ends, pieces["runs"], strict=True)]
    return MaskPieces(pieces=pieces, masks=masks)
