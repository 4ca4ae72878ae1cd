"""Which picture a changing face showed, where the way of mapping did not recognise it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gazestudy.mapping.precedence import Mapped
from gazestudy.model.provenance import Provenance, provenance_of

OnShow = Callable[[NDArray[np.int64]], NDArray[np.object_]]
"""Times of a recording, ns, to the creative on show: "" for a picture of others, None where not known."""


@dataclass(slots=True)
class Comparison:
    """How often the schedule and the recognised picture agree.

    Attributes
    ----------
    agree, differ, unknown, named : int
        Rows in which the recognised picture is the scheduled one, is another, or cannot be compared; and
        rows that have their picture from the schedule.
    """

    agree: int = 0
    differ: int = 0
    unknown: int = 0
    named: int = 0


def name_by_schedule(mapped: Mapped, schedules: Mapping[str, OnShow]) -> Mapped:
    """Say which picture was on show where it was not recognised.

    Parameters
    ----------
    mapped : Mapped
        From `map_by_precedence`.
    schedules : mapping of str to OnShow
        What was on show, by placement.

    Returns
    -------
    Mapped
        Rows and samples without a creative have the scheduled one, or still none where the schedule says
        nothing sure or the picture is of others. Recognised pictures stay, and are compared with the
        schedule in the provenance.
    """
    if not schedules:
        return mapped
    counts = {name: Comparison() for name in schedules}
    rows = _named(mapped.mapping, schedules, counts)
    samples = _named(mapped.mapped_gaze, schedules, None)
    how = provenance_of(mapped.mapped_gaze) or {"step": "mapping.on_show", "version": 1}
    facts = {
        "schedule": {
            name: {
                "frames_agree": one.agree,
                "frames_differ": one.differ,
                "frames_not_comparable": one.unknown,
                "frames_named": one.named,
            }
            for name, one in counts.items()
        }
    }
    provenance = Provenance(
        how["step"], how["version"], how.get("parameters", {}), {**how.get("facts", {}), **facts}
    )
    return replace(mapped, mapping=rows, mapped_gaze=provenance.attach(samples))


def _named(
    table: pd.DataFrame, schedules: Mapping[str, OnShow], counts: Mapping[str, Comparison] | None
) -> pd.DataFrame:
    creative = table["creative_id"].to_numpy(dtype=object).copy()
    t_ns = table["t_ns"].to_numpy(np.int64)
    for name, on_show in schedules.items():
        here = np.flatnonzero((table["placement_id"] == name).to_numpy(bool))
        shown = on_show(t_ns[here])
        sure = np.array([value is not None for value in shown], dtype=bool)
        unknown = creative[here] == ""
        if counts is not None:
            seen = ~unknown & (table["state"] == "mapped").to_numpy(bool)[here]
            agree = seen & sure & (shown == creative[here])
            counts[name].agree, counts[name].unknown = int(agree.sum()), int((seen & ~sure).sum())
            counts[name].differ = int((seen & sure & ~agree).sum())
            counts[name].named = int((unknown & sure & (shown != "")).sum())
        creative[here[unknown & sure]] = shown[unknown & sure]
    return table.assign(creative_id=pd.Series(creative, dtype="str"))
