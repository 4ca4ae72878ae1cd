"""How often each level of service was met in scans."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from gazestudy.errors import ParameterError
from gazestudy.fieldwork.crowding import FRUIN, LEVELS, Space, level_of_service, space_of
from gazestudy.fieldwork.rates import GROUPS
from gazestudy.fieldwork.sampling import RULE_WORDS
from gazestudy.model.fieldwork import FieldLog
from gazestudy.statistics.intervals import clustered_share

LEVEL_COLUMNS = (
    "space",
    "level",
    "value",
    "low",
    "high",
    "numerator",
    "denominator",
    "sessions",
    "rule",
    "table_version",
    "method",
)
"""Columns of a table of levels, after those of its groups; the denominator is the number of scans."""


def scan_densities(log: FieldLog, *, spaces: Mapping[str, Space] | None = None) -> pd.DataFrame:
    """Return the density of every scan of a primary session, with its level of service as a derived label.

    Parameters
    ----------
    log : FieldLog
        Observation tables.
    spaces : mapping of str to {"walkway", "waiting", "stairs"}, optional
        Zone to kind of space; what `space_of` takes the name for where left out.

    Returns
    -------
    DataFrame
        session_id, scan_no, at_s, present, density_m2, space, level, table_version. Sessions without a
        watched area are not in it.
    """
    sessions = log.sessions[(log.sessions["role"] == "primary") & (log.sessions["counted_area_m2"] > 0)]
    about = sessions.set_index("session_id")[["zone", "counted_area_m2"]]
    scans = log.scans[(log.scans["item"] == "present") & (log.scans["placement_id"] == "")]
    scans = scans[scans["value"].notna()].merge(about, left_on="session_id", right_index=True)
    chosen = dict(spaces or {})
    space = [chosen.get(zone, space_of(zone)) for zone in scans["zone"]]
    density = (scans["value"] / scans["counted_area_m2"]).to_numpy()
    level = [level_of_service(d, space=kind)[0] for d, kind in zip(density, space, strict=True)]
    return pd.DataFrame(
        {
            "session_id": scans["session_id"].to_numpy(),
            "scan_no": scans["scan_no"].to_numpy(),
            "at_s": scans["at_s"].to_numpy(),
            "present": scans["value"].to_numpy(),
            "density_m2": density,
            "space": space,
            "level": level,
            "table_version": [FRUIN[kind].version for kind in space],
        }
    )


def level_shares(
    log: FieldLog,
    *,
    by: Sequence[str] = (),
    spaces: Mapping[str, Space] | None = None,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Return the share of scans at each level of service, with intervals over sessions.

    Parameters
    ----------
    log : FieldLog
        Observation tables.
    by : sequence of str
        Session columns, some of `GROUPS` without placement_id.
    spaces : mapping, optional
        As for `scan_densities`.
    confidence : float
        Of the intervals.

    Returns
    -------
    DataFrame
        The group columns, then `LEVEL_COLUMNS`; six rows, A to F, per group and kind of space.
    """
    unknown = [name for name in by if name not in GROUPS or name == "placement_id"]
    if unknown:
        raise ParameterError("by", unknown, "session columns such as point_id and daypart")
    scans = scan_densities(log, spaces=spaces)
    extra = [name for name in by if name != "session_id"]
    scans = scans.merge(log.sessions[["session_id", *extra]], on="session_id")
    rows = []
    for key, group in scans.groupby([*by, "space"], observed=True, sort=True):
        for level in LEVELS:
            hits = (group["level"] == level).groupby(group["session_id"]).agg(["sum", "count"])
            found = clustered_share(hits["sum"], hits["count"], level=confidence)
            rows.append(
                {
                    **dict(zip([*by, "space"], key, strict=True)),
                    "level": level,
                    "value": found.value,
                    "low": found.low,
                    "high": found.high,
                    "numerator": found.numerator,
                    "denominator": found.denominator,
                    "sessions": found.clusters,
                    "rule": RULE_WORDS["instantaneous"],
                    "table_version": group["table_version"].iloc[0],
                    "method": found.method.replace("one cluster", "one session"),
                }
            )
    return pd.DataFrame(rows, columns=[*by, *LEVEL_COLUMNS])
