"""What gaze says: all placements at a glance, and the page of each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gazestudy.attention.first_looks import first_looks, looks_of_cases
from gazestudy.heatmaps.maps import HeatmapData
from gazestudy.model.study import Placement
from gazestudy.model.wording import counted
from gazestudy.report.charts import shares_chart
from gazestudy.report.evidence import Evidence
from gazestudy.report.figures import drawing, photograph
from gazestudy.report.numbers import MEMORIES, field_numbers, overall_notice, remembered_share
from gazestudy.report.structure import (
    Block,
    Cell,
    Missing,
    Number,
    Paragraph,
    Picture,
    Pictures,
    Table,
    Tiles,
)
from gazestudy.report.words import FEW, anchor, base_text

Numbers = Mapping[str, Mapping[str, Number]]


def overview_blocks(evidence: Evidence, numbers: Numbers) -> tuple[Block, ...]:
    """Return all placements side by side: in view, looked at, and what observers saw."""
    if evidence.cases is None:
        why = evidence.missing.get("attention", "No recording has been analysed.")
        return (Missing(why, "Which placements are looked at cannot be concluded.", "gazestudy run STUDY"),)
    if not numbers:
        return (Missing("The study has no placements.", "There is nothing that could be looked at."),)
    columns = ["Placement", "Came into view", "Looked at", "Looking time"]
    kinds = [name for name in ("recalled_unaided", "recognised") if evidence.memory is not None]
    columns += [MEMORIES[name].capitalize() for name in kinds] or ["Time in view"]
    seen_by_observers = _observed(evidence)
    if seen_by_observers:
        columns.append("Glanced, as observers saw")
    rows: list[tuple[Cell, ...]] = []
    for key, one in numbers.items():
        row: list[Cell] = [evidence.label(key), one["in_view"], one["notice_rate"], one["dwell"]]
        row += [remembered_share(evidence, key, name) for name in kinds] or [one["time_in_view"]]
        if seen_by_observers:
            row.append(seen_by_observers.get(key, "not watched"))
        rows.append(tuple(row))
    table = Table(
        "Every placement: who had it in view, who looked, for how long",
        tuple(columns),
        tuple(rows),
        note="Looking time is the mean over all who had it in view, 0 for those who did not look. Glances "
        "that observers saw and looks in gaze are different measures and are never averaged."
        + (" Recognised: said yes, not corrected for guessing." if kinds else ""),
        bars=True,
        links=tuple(anchor(key) for key in numbers),
    )
    overall = overall_notice(evidence)
    chart = shares_chart(
        "notice-rates",
        [(evidence.label(key), one["notice_rate"]) for key, one in numbers.items()],
        alt="Share of participants who looked at each placement, of those in whose view it came: "
        + "; ".join(f"{evidence.label(key)} {base_text(one['notice_rate'])}" for key, one in numbers.items()),
        caption="Looked at, of participants in whose view it came. Dot: share; band: 95 % interval; line: "
        "all placements together; right: people.",
        label="looked at",
        average=overall.value if overall is not None and overall.known else None,
    )
    return (Pictures((chart,)), table)


def _observed(evidence: Evidence) -> dict[str, Number]:
    if evidence.field is None:
        return {}
    found = {}
    for one in evidence.placements:
        number = field_numbers(evidence.field.by_placement, placement_id=one.id).get("notice_rate")
        if number is not None:
            found[one.id] = number
    return found


def placement_gaze_blocks(
    evidence: Evidence, placement: Placement, numbers: Mapping[str, Number]
) -> tuple[Block, ...]:
    """Return what gaze says about one placement, the picture first."""
    blocks: list[Block] = [Paragraph(described(placement), quiet=True)]
    pictures = _pictures(evidence, placement)
    if not numbers:
        why = evidence.missing.get("attention", "No recording has been analysed.")
        return (*blocks, *pictures, Missing(why, "Who looked at it cannot be concluded."))
    blocks += pictures
    blocks.append(Tiles(tuple(numbers[name] for name in ("in_view", "notice_rate", "dwell", "time_in_view"))))
    n = numbers["notice_rate"].n
    if n == 0:
        blocks.append(
            Missing(
                f"None of {counted(int(numbers['in_view'].denominator), 'participant')} had it in view.",
                "Neither that it is seen nor that it is overlooked can be concluded.",
            )
        )
    elif n < FEW:
        blocks.append(
            Missing(
                f"It came into view of {counted(n, 'participant')} only.",
                "The figures describe these people. A rate for passengers cannot be concluded.",
            )
        )
    return tuple(blocks)


def described(placement: Placement) -> str:
    """Return a placement in one line.

    Examples
    --------
    >>> described(Placement("a", "A", kind="digital", width_mm=1200, height_mm=1800, copies=2))
    'Digital · 1.20 × 1.80 m · hangs 2 times · a'
    """
    parts = [placement.kind.capitalize()]
    if placement.width_mm and placement.height_mm:
        parts.append(f"{placement.width_mm / 1000:.2f} × {placement.height_mm / 1000:.2f} m")
    if len(placement.creatives) > 1:
        parts.append(f"{len(placement.creatives)} creatives")
    if placement.copies > 1:
        parts.append(f"hangs {placement.copies} times")
    if placement.station:
        parts.append(placement.station)
    return " · ".join([*parts, placement.id])


def _pictures(evidence: Evidence, placement: Placement) -> list[Block]:
    image, data = evidence.images.get(placement.id), evidence.heatmaps.get(placement.id)
    if image is None:
        return []
    name = placement.name or placement.id
    found: list[Picture] = []
    if data is not None and data.n_fixations:
        found.append(_heatmap(placement, name, image, data))
    first = photograph(
        f"{placement.id}-picture", image, alt=f"Reference image of {name}", caption="Reference image",
        long_side_px=640,
    )  # fmt: skip
    found.append(first)
    if evidence.cases is not None:
        found += _first_looks(evidence, placement, name)
    return [Pictures(tuple(found), lead=len(found) > 1)]


def _first_looks(evidence: Evidence, placement: Placement, name: str) -> list[Picture]:
    """Return the curve of who has not looked yet; none where nobody had it in view or one person only."""
    from gazestudy.plots.survival import draw_survival

    assert evidence.cases is not None
    cases = evidence.cases[evidence.cases["placement_id"] == placement.id]
    if len(cases) < 2:
        return []
    looks = looks_of_cases(cases)
    found = first_looks(looks, rng=np.random.default_rng(evidence.seed))["all"]
    got = found.survival
    median = f"half have looked by {got.median:.1f} s" if np.isfinite(got.median) else "half never looked"
    caption = (
        f"Who has not looked yet, by time in view. {got.events} of "
        f"{counted(got.observations, 'participant')} looked; {median}; "
        f"mean within {got.until:.3g} s: {got.restricted_mean:.2f} s"
    )
    if np.isfinite(got.restricted_mean_low):
        caption += f" ({got.restricted_mean_low:.2f} to {got.restricted_mean_high:.2f})"
    caption += ". Ticks: it left view without a look."

    def draw(axes: Any) -> None:
        draw_survival(found, axes, title="")
        axes.get_legend().remove()

    alt = f"Curve of the share that has not looked at {name} yet against time in view: {median}"
    return [drawing(f"{placement.id}-first-looks", draw, alt=alt, caption=caption, size_in=(4.4, 3.1))]


def _heatmap(placement: Placement, name: str, image: NDArray[np.uint8], data: HeatmapData) -> Picture:
    from gazestudy.plots.heatmap import heatmap_pixels

    shown = heatmap_pixels(data, image, long_side_px=820)
    peak = np.unravel_index(int(np.argmax(data.density)), data.density.shape)
    height, width = data.density.shape
    where = (
        _third(peak[0] / height, ("upper", "middle", "lower"))
        + " "
        + _third(peak[1] / width, ("left", "centre", "right"))
    )
    facts = (
        f"{counted(data.n_fixations, 'fixation')} of {counted(data.n_participants, 'participant')}; weight: "
        f"{data.facts()['weighting_in_words']}; kernel {data.kernel.describe()}; brightest: {data.peak:.3g} "
        f"{data.unit}"
    )
    return photograph(
        f"{placement.id}-heatmap",
        shown,
        alt=f"Heatmap of {name}: attention is densest in the {where} of the picture",
        caption=f"Where they looked. {facts}",
    )


def _third(share: float, words: tuple[str, str, str]) -> str:
    return words[min(int(share * 3), 2)]
