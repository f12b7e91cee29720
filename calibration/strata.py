"""Strata of candidates by spectrum, and the draw that leaves none of them out.

Two signatures are as far apart as their quantiles are on average, so a distance is about how far
one tile's band histograms would have to be moved to become the other's. Each stratum is what lies
nearest to one signature; these are chosen one after the other, always the farthest from all before
(Gonzalez, "Clustering to minimize the maximum intercluster distance", 1985). What is rare is far
from all else, so it is chosen early, and nothing is left out by more than a stratum's width.
"""

import hashlib
from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

MOST_STRATA = 64
"""Most strata: enough that land covers, waters, clouds and edges each have several."""

TILES_A_STRATUM = 4
"""A stratum is made for so many tiles that are drawn: then each gets two by the even share."""

ALIKE = 0.05
"""Distance below which candidates are not told apart, of the middle 90 % of all."""

FARTHEST = 4.0
"""Distance of a quantile from the middle that counts at most: one odd band must not take all."""

CHUNK = 4096
"""Candidates compared at once, so that what is worked out on the way stays small."""

Signatures = npt.NDArray[np.float32]
Numbers = npt.NDArray[np.intp]


def strata_of(signatures: Signatures, count: int) -> Numbers:
    """Give the stratum of each candidate, (candidate,), numbered from 0.

    `signatures` are (candidate, quantile of a band), in an order that does not hang on how the
    scenes were given; `count` tiles will be drawn.
    """
    most = min(MOST_STRATA, max(1, count // TILES_A_STRATUM))
    places = _measured(signatures)
    stratum = np.zeros(len(places), np.intp)
    centre = int(np.argmin(_distances(places, np.zeros(places.shape[1], np.float32))))
    away = _distances(places, places[centre])
    for number in range(1, most):
        farthest = int(np.argmax(away))
        if away[farthest] < ALIKE:
            break
        nearer = _distances(places, places[farthest])
        stratum[nearer < away] = number
        away = np.minimum(away, nearer)
    return stratum


def _measured(signatures: Signatures) -> Signatures:
    """Put the middle of each quantile at 0, and make the middle 90 % of it 1 wide."""
    low, middle, high = np.percentile(signatures, (5, 50, 95), axis=0).astype(np.float32)
    width = high - low
    width = np.where(width > 0, width, np.ptp(signatures, axis=0))
    width = np.where(width > 0, width, 1).astype(np.float32)
    found: Signatures = np.clip((signatures - middle) / width, -FARTHEST, FARTHEST)
    return found


def _distances(places: Signatures, one: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    """Give how far each candidate is from one, by the root of the mean square."""
    found = np.empty(len(places))
    for begin in range(0, len(places), CHUNK):
        apart = places[begin : begin + CHUNK] - one
        found[begin : begin + CHUNK] = np.sqrt(np.mean(apart * apart, axis=1, dtype=np.float64))
    return found


def ticket(seed: int, sha256: str, row: int, column: int) -> bytes:
    """Give a candidate's number in the draw: the lowest are taken.

    It hangs on the seed and on the candidate alone, so neither the order of the scenes nor another
    version of a random generator changes what is drawn.
    """
    return hashlib.sha256(f"{seed} {sha256} {row} {column}".encode()).digest()


def drawn(
    tickets: Sequence[bytes], stratum: Numbers, classes: Sequence[Iterable[int]], count: int
) -> list[int]:
    """Draw candidates; give their positions in order.

    A quarter goes to the classes, the rarest first, in equal shares of at least one tile; then the
    strata are gone through in turn until half are drawn; the rest is drawn from all that are left,
    so that what is common in the scenes is common in the draw. All are taken where there are no
    more than `count`.
    """
    order = sorted(range(len(tickets)), key=lambda i: tickets[i])
    if len(order) <= count:
        return sorted(order)
    by_class: dict[int, list[int]] = {}
    by_stratum: dict[int, list[int]] = {}
    for i in order:
        by_stratum.setdefault(int(stratum[i]), []).append(i)
        for one in classes[i]:
            by_class.setdefault(one, []).append(i)
    taken: dict[int, None] = {}
    share = max(1, count // (4 * max(1, len(by_class))))
    for _, holders in sorted(by_class.items(), key=lambda item: (len(item[1]), item[0])):
        has = sum(i in taken for i in holders)
        free = [i for i in holders if i not in taken]
        taken |= dict.fromkeys(free[: min(share - has, count - len(taken))] if share > has else ())
    _deal(by_stratum, taken, max(len(taken), (count + 1) // 2))
    _deal({0: order}, taken, count)
    return sorted(taken)


def _deal(groups: dict[int, list[int]], taken: dict[int, None], count: int) -> None:
    """Take from each group in turn, those with the fewest taken first, until `count` are taken."""
    has = {number: sum(i in taken for i in group) for number, group in groups.items()}
    free = {number: iter(group) for number, group in groups.items()}
    while len(taken) < count and free:
        least = min(has[number] for number in free)
        for number in sorted(number for number in free if has[number] == least):
            found = next((i for i in free[number] if i not in taken), None)
            if found is None:
                del free[number]
                continue
            taken[found] = None
            has[number] += 1
            if len(taken) == count:
                return
