"""Where on a placement two groups looked differently: people are permuted, never fixations."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from gazestudy.errors import ParameterError
from gazestudy.heatmaps.outlines import Polygon, outlines
from gazestudy.heatmaps.permutation import TMaps, arrangements_of, clusters, largest_masses
from gazestudy.heatmaps.person_maps import PersonMaps

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]
Design = Literal["between", "within"]
Control = Literal["cluster", "max_t"]

THRESHOLD_T = 2.0
"""|t| from which neighbouring cells form a cluster."""

_NEEDED = {"between": "two groups of four people", "within": "six people in both"}


@dataclass(frozen=True, slots=True, eq=False)
class Region:
    """A part of the picture in which the groups differ.

    Attributes
    ----------
    polygons : tuple of ndarray, shape (k, 2)
        Outlines in reference px along the edges of cells; a hole is a polygon of its own, turning the other
        way.
    more_in : {"a", "b"}
        The group that looked there more.
    share_a, share_b : float
        Mean share of a person's attention that fell into it.
    peak_px : (float, float)
        Centre of the cell with the largest |t|.
    peak_t : float
        t there, above 0 where group a looked more.
    mass : float
        Sum of |t| over its cells.
    p_value : float
        Of the region, family-wise; for single cells (method "max_t") of its largest |t|.
    cells : int
        Cells in it.
    """

    polygons: tuple[Polygon, ...]
    more_in: Literal["a", "b"]
    share_a: float
    share_b: float
    peak_px: tuple[float, float]
    peak_t: float
    mass: float
    p_value: float
    cells: int


@dataclass(frozen=True, slots=True, eq=False)
class MapComparison:
    """Difference of two groups of maps and where it is more than chance.

    Attributes
    ----------
    a, b : str
        Groups.
    difference : ndarray of float32, shape (rows, columns)
        Mean map of a minus mean map of b, share of a person's attention per reference px².
    t : ndarray of float32, shape (rows, columns)
        t per cell; 0 where nobody looked.
    regions : tuple of Region
        Significant regions, smallest p first.
    p_value : float
        Family-wise, of the whole comparison by `method`; NaN where there are too few people.
    p_cluster, p_max_t : float
        The same by each method.
    method : {"cluster", "max_t"}
        What the regions rest on.
    design : {"between", "within"}
        Whether people or signs within people were permuted.
    n_a, n_b : int
        People.
    n_fixations : int
        Fixations of both groups.
    permutations : int
        Arrangements that were computed, the observed one not counted.
    exact : bool
        Whether these are all arrangements there are.
    smallest_p : float
        Smallest p-value that so many people can give.
    threshold_t : float
        |t| from which neighbouring cells form a cluster.
    level : float
        1 minus the chance of a false alarm anywhere on the picture.
    size_px : (int, int)
        Width and height of the reference image.
    sigma_px : float
        Standard deviation of the Gaussian, reference px.
    weighting : str
        What a fixation weighs.
    doubts : tuple of str
        What cannot be concluded, and what was left out.
    """

    a: str
    b: str
    difference: Singles
    t: Singles
    regions: tuple[Region, ...]
    p_value: float
    p_cluster: float
    p_max_t: float
    method: Control
    design: Design
    n_a: int
    n_b: int
    n_fixations: int
    permutations: int
    exact: bool
    smallest_p: float
    threshold_t: float
    level: float
    size_px: tuple[int, int]
    sigma_px: float
    weighting: str
    doubts: tuple[str, ...]


def compare_maps(
    a: PersonMaps,
    b: PersonMaps,
    *,
    design: Design | None = None,
    method: Control = "cluster",
    permutations: int = 2000,
    threshold_t: float = THRESHOLD_T,
    level: float = 0.95,
    rng: np.random.Generator,
) -> MapComparison:
    """Test where two groups of people looked differently, with the chance of any false alarm controlled.

    Parameters
    ----------
    a, b : PersonMaps
        Maps of both groups on the same grid.
    design : {"between", "within"}, optional
        "between": other people in each group. "within": the same people, of whom only those in both count.
        None: "within" where most of the smaller group is in both, "between" where nobody is.
    method : {"cluster", "max_t"}
        "cluster": sums of |t| over neighbouring cells beyond `threshold_t`; says that the groups differ in a
        region, not in each of its cells. "max_t": cell by cell, and less likely to find what is spread out.
    permutations : int
        Random arrangements; all of them are taken instead where there are no more.
    threshold_t : float
        |t| from which 4-connected cells of one sign form a cluster.
    level : float
        1 minus the chance that anything is outlined where nothing differs.
    rng : Generator
        Source of randomness.

    Returns
    -------
    MapComparison
        With too few people for any p below 1 − level it holds the difference, no region and says so.

    Raises
    ------
    ParameterError
        If the grids differ, a group has nobody, or some people are in both groups of a comparison between.

    Notes
    -----
    Every map sums to 1: more attention in one place is less in others, and a second region may be the
    shadow of the first. Welch's t per cell between groups, the paired t within people; p = (1 + #{permuted
    ≥ observed}) / (B + 1), or the share of all arrangements. Permuting fixations instead of people would
    count each person many times.

    References
    ----------
    Maris and Oostenveld (2007), doi:10.1016/j.jneumeth.2007.03.024; Nichols and Holmes (2002),
    doi:10.1002/hbm.1058; Phipson and Smyth (2010), doi:10.2202/1544-6115.1585; Lao, Miellet, Pernet, Sokhn
    and Caldara (2017), doi:10.3758/s13428-016-0737-x.
    """
    if a.maps.shape[1:] != b.maps.shape[1:] or a.size_px != b.size_px:
        raise ParameterError("maps", (a.maps.shape[1:], b.maps.shape[1:]), "the same grid in both groups")
    if not (a.people and b.people):
        raise ParameterError("groups", (len(a.people), len(b.people)), "somebody who looked, in both groups")
    chosen = _design(a, b, design)
    doubts: list[str] = []
    if chosen == "within":
        a, b, left_out = _paired(a, b)
        doubts += [f"{left_out} people are in one group only and are left out"] if left_out else []
    flat = [group.maps.reshape(len(group.people), -1) for group in (a, b)]
    test = TMaps.paired(*flat) if chosen == "within" else TMaps.between(*flat)
    arrangements, smallest = arrangements_of(len(a.people), len(b.people), within=chosen == "within")
    empty = MapComparison(
        a.label,
        b.label,
        ((a.maps.mean(axis=0) - b.maps.mean(axis=0)) / np.float32(math.prod(a.cell_px))).astype(np.float32),
        test.t(test.observed[None])[0].reshape(a.maps.shape[1:]),
        (),
        float("nan"),
        float("nan"),
        float("nan"),
        method,
        chosen,
        len(a.people),
        len(b.people),
        a.n_fixations + b.n_fixations,
        0,
        False,
        smallest,
        threshold_t,
        level,
        a.size_px,
        a.sigma_px,
        a.weighting,
        tuple(doubts),
    )
    if smallest > 1 - level + 1e-12:
        who = (
            f"{len(a.people)} and {len(b.people)} people"
            if chosen == "between"
            else f"{len(a.people)} people"
        )
        few = (
            f"too few people for a test: {who} cannot give p below {smallest:.2g}; it takes {_NEEDED[chosen]}"
        )
        return replace(empty, doubts=(*doubts, few))
    exact = arrangements <= permutations
    return _with_regions(empty, test, a, b, exact, permutations, rng)


def _design(a: PersonMaps, b: PersonMaps, wanted: Design | None) -> Design:
    both = len(set(a.people) & set(b.people))
    if wanted == "within" or (wanted is None and both * 2 > min(len(a.people), len(b.people))):
        if both < 1:
            raise ParameterError("design", wanted, "people who are in both groups")
        return "within"
    if both:
        raise ParameterError(
            "design", wanted, f"groups of different people; {both} are in both: 'within' takes only them"
        )
    return "between"


def _paired(a: PersonMaps, b: PersonMaps) -> tuple[PersonMaps, PersonMaps, int]:
    both = sorted(set(a.people) & set(b.people))
    left_out = len(set(a.people) | set(b.people)) - len(both)
    rows = [[group.people.index(person) for person in both] for group in (a, b)]
    first, second = (
        replace(group, people=tuple(both), maps=group.maps[row])
        for group, row in zip((a, b), rows, strict=True)
    )
    return first, second, left_out


def _with_regions(
    found: MapComparison,
    test: TMaps,
    a: PersonMaps,
    b: PersonMaps,
    exact: bool,
    permutations: int,
    rng: np.random.Generator,
) -> MapComparison:
    shape = found.t.shape
    masses, largest = [], []
    for arrangements in test.every() if exact else test.random(permutations, rng):
        maps = test.t(arrangements).reshape(-1, *shape)
        largest.append(np.abs(maps).max(axis=(1, 2)))
        masses.append(largest_masses(maps, found.threshold_t))
    null_mass, null_t = np.concatenate(masses), np.concatenate(largest)

    def p_of(value: float, null: Floats) -> float:
        return float((1 + np.count_nonzero(null >= value * (1 - 1e-5))) / (1 + len(null)))

    labels, mass = clusters(found.t, found.threshold_t)
    p_cluster = p_of(float(mass.max(initial=0.0)), null_mass)
    p_max_t = p_of(float(np.abs(found.t).max()), null_t)
    if found.method == "cluster":
        p_values = [p_of(float(value), null_mass) for value in mass]
    else:
        smaller = np.searchsorted(np.sort(null_t), np.abs(found.t) * np.float32(1 - 1e-5))
        p_cell = (1 + len(null_t) - smaller) / (1 + len(null_t))
        labels, mass = clusters(np.where(p_cell <= 1 - found.level, found.t, 0).astype(np.float32), 0.0)
        peaks = [np.abs(found.t[labels == number]).max() for number in range(1, len(mass) + 1)]
        p_values = [p_of(float(peak), null_t) for peak in peaks]
    regions = [
        _region(found, a, b, labels == number, float(mass[number - 1]), p_value)
        for number, p_value in enumerate(p_values, start=1)
        if p_value <= 1 - found.level
    ]
    return replace(
        found,
        regions=tuple(sorted(regions, key=lambda region: (region.p_value, -region.mass))),
        p_value=p_cluster if found.method == "cluster" else p_max_t,
        p_cluster=p_cluster,
        p_max_t=p_max_t,
        permutations=len(null_t),
        exact=exact,
    )


def _region(
    found: MapComparison, a: PersonMaps, b: PersonMaps, cells: NDArray[np.bool_], mass: float, p_value: float
) -> Region:
    peak = np.unravel_index(np.argmax(np.where(cells, np.abs(found.t), 0)), cells.shape)
    peak_t = float(found.t[peak])
    wide, high = a.cell_px
    return Region(
        outlines(cells, cell_px=a.cell_px),
        "a" if peak_t > 0 else "b",
        float(a.maps[:, cells].sum(axis=1).mean()),
        float(b.maps[:, cells].sum(axis=1).mean()),
        (float((peak[1] + 0.5) * wide - 0.5), float((peak[0] + 0.5) * high - 0.5)),
        peak_t,
        mass,
        p_value,
        int(np.count_nonzero(cells)),
    )
