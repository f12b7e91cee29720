"""A map of classes at half its size, by vote."""

import numpy as np
import numpy.typing as npt


def halve(classes: npt.NDArray[np.generic], nodata: int) -> npt.NDArray[np.generic]:
    """Give the most frequent class of each square of 2 × 2 pixels of a map, (height, width).

    Of classes that are as frequent the first counts, row by row. Nodata does not vote; where there
    is nothing else, it stays. Squares at odd ends have fewer pixels. Gives a new array of half the
    sides, rounded up, and the same type.
    """
    # Pixels at odd ends vote twice, which changes neither who has most votes nor who is first.
    filled = np.pad(classes, [(0, side % 2) for side in classes.shape], mode="edge")
    squares = np.stack([filled[i::2, j::2] for i in (0, 1) for j in (0, 1)])
    votes = (squares[:, np.newaxis] == squares).sum(axis=1) * (squares != nodata)
    first = votes.argmax(axis=0)
    return np.asarray(np.take_along_axis(squares, first[np.newaxis], axis=0)[0])
