"""What people talk about, beside what they looked at: themes against attention, exploratory."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from gazestudy.errors import ParameterError
from gazestudy.memory.agreed_codes import agreed_codes
from gazestudy.model.provenance import Provenance
from gazestudy.statistics.comparisons import benjamini_hochberg
from gazestudy.statistics.differences import clustered_mean_difference, clustered_share_difference
from gazestudy.statistics.groups import require_columns
from gazestudy.statistics.intervals import share_interval

MENTIONS = ["participant_id", "theme", "name", "placement_id"]
"""Columns of a table of mentions: who, which theme (its id and name), about which placement ("" for none)."""

MEASURES = {"fixated": "share of cases fixated", "dwell_s": "mean dwell per case, 0 where never fixated, s"}
"""Attention that is compared between those with a theme and those without."""

RULES = {
    "people": "participants with the theme, of all whose texts or answers were coded; Wilson interval",
    "unit person": "all cases of people with the theme against all cases of coded people without it",
    "unit case": "cases (person and placement) about which the theme was said, against the other cases of "
    "coded people; for themes that name placements",
    "p_adjusted": "Benjamini-Hochberg over all rows of the table: exploratory, no test of a plan",
}
"""How the table of themes is made, in words."""


def mentions_of_codings(
    codings: pd.DataFrame, code_book: pd.DataFrame, interviews: pd.DataFrame, *, coder: str = ""
) -> pd.DataFrame:
    """Return who mentioned what, from codes on texts and on times in recordings.

    Parameters
    ----------
    codings : DataFrame
        Contract `CODINGS`.
    code_book : DataFrame
        Contract `CODE_BOOK`; a code counts for every code above it as well.
    interviews : DataFrame
        Contract `INTERVIEWS`. Codings of a recording without interview take the participant of the interview
        about this recording.
    coder : str, optional
        Only this coder's; "" for a theme that any coder gave.

    Returns
    -------
    DataFrame
        Columns `MENTIONS`, each once.
    """
    if coder:
        if coder not in set(codings["coder"]):
            raise ParameterError("coder", coder, "one of " + ", ".join(sorted(set(codings["coder"]))))
        codings = codings[codings["coder"] == coder]
    by_talk = dict(zip(interviews["interview_id"], interviews["participant_id"], strict=True))
    by_walk = dict(zip(interviews["recording_id"], interviews["participant_id"], strict=True))
    above = dict(zip(code_book["code_id"], code_book["parent_id"], strict=True))
    names = dict(zip(code_book["code_id"], code_book["name"], strict=True))
    rows = []
    for row in codings.itertuples():
        person = by_talk.get(str(row.interview_id)) or by_walk.get(str(row.recording_id), "")
        if person:
            rows += [
                (person, code, names.get(code, code), row.placement_id)
                for code in _up(str(row.code_id), above)
            ]
    return _mentions(rows)


def mentions_of_answers(
    answer_codes: pd.DataFrame, interviews: pd.DataFrame, *, primary: str = ""
) -> pd.DataFrame:
    """Return who gave answers of which code, as themes such as "ur_any: only_category".

    Parameters
    ----------
    answer_codes : DataFrame
        Contract `ANSWER_CODES`; where coders differ the primary coder counts.
    interviews : DataFrame
        Contract `INTERVIEWS`.
    primary : str
        See `agreed_codes.agreed_codes`.

    Returns
    -------
    DataFrame
        Columns `MENTIONS`, each once.
    """
    by_talk = dict(zip(interviews["interview_id"], interviews["participant_id"], strict=True))
    rows = [
        (
            by_talk.get(str(row.interview_id), ""),
            f"{row.item}: {row.code}",
            f"{row.item}: {row.code}",
            row.placement_id,
        )
        for row in agreed_codes(answer_codes, primary=primary).itertuples()
    ]
    return _mentions(row for row in rows if row[0])


def themes_against_attention(
    mentions: pd.DataFrame,
    cases: pd.DataFrame,
    *,
    people: Iterable[str] | None = None,
    level: float = 0.95,
) -> pd.DataFrame:
    """Compare the attention of people with a theme and without.

    Parameters
    ----------
    mentions : DataFrame
        Columns `MENTIONS`.
    cases : DataFrame
        Contract `MEMORY_CASES`.
    people : iterable of str, optional
        Everybody whose texts or answers were coded, the denominator; None: everybody with a mention.
    level : float
        Confidence.

    Returns
    -------
    DataFrame
        One row per theme, unit (person or case) and measure (`MEASURES`): `theme`, `name`, `people`,
        `people_coded`, `share`, `share_low`, `share_high`, `unit`, `measure`, `with_theme`, `without_theme`
        (means), `cases_with`, `cases_without`, `people_with`, `people_without`, `difference`, `low`, `high`,
        `p_value`, `method`, `p_adjusted`, `exploratory` (always True). Sorted by people with the theme.
    """
    require_columns(mentions, MENTIONS)
    require_columns(cases, ["participant_id", "placement_id", *MEASURES])
    coded = set(mentions["participant_id"] if people is None else people) | set(mentions["participant_id"])
    known = cases[cases["participant_id"].isin(coded)]
    keys = pd.MultiIndex.from_frame(known[["participant_id", "placement_id"]])
    rows = []
    for theme, own in mentions.groupby("theme", sort=False):
        who = set(own["participant_id"])
        low, high = share_interval(len(who), len(coded), level=level)
        head = {
            "theme": theme,
            "name": own["name"].iloc[0],
            "people": len(who),
            "people_coded": len(coded),
            "share": len(who) / len(coded),
            "share_low": low,
            "share_high": high,
        }
        units = {"person": known["participant_id"].isin(who).to_numpy()}
        named = own[own["placement_id"] != ""]
        if len(named):
            units["case"] = keys.isin(pd.MultiIndex.from_frame(named[["participant_id", "placement_id"]]))
        for unit, has in units.items():
            rows += [head | {"unit": unit} | _compare(known, has, name, level) for name in MEASURES]
    table = pd.DataFrame(rows, columns=[*_HEAD, *_COMPARED])
    table = table.sort_values("people", ascending=False, kind="stable", ignore_index=True)
    table["p_adjusted"] = benjamini_hochberg(table["p_value"].astype(float))
    table["exploratory"] = True
    silent = len(coded - set(mentions["participant_id"]))
    facts = {"rules": RULES, "measures": MEASURES, "people_without_any_theme": silent}
    return Provenance("memory.themes", 1, {"level": level}, facts).attach(table)


_COMPARED = [
    "measure",
    "with_theme",
    "without_theme",
    "cases_with",
    "cases_without",
    "people_with",
    "people_without",
    "difference",
    "low",
    "high",
    "p_value",
    "method",
]
_HEAD = ["theme", "name", "people", "people_coded", "share", "share_low", "share_high", "unit"]


def _compare(cases: pd.DataFrame, has: np.ndarray, measure: str, level: float) -> dict[str, object]:
    values, people = cases[measure].to_numpy(dtype=float), cases["participant_id"].to_numpy()
    compare = clustered_share_difference if measure == "fixated" else clustered_mean_difference
    found = compare(values[has], people[has], values[~has], people[~has], level=level)
    cells = (
        measure,
        found.value_a,
        found.value_b,
        found.n_a,
        found.n_b,
        found.clusters_a,
        found.clusters_b,
        found.difference,
        found.low,
        found.high,
        found.p_value,
        found.method,
    )
    return dict(zip(_COMPARED, cells, strict=True))


def _up(code: str, above: dict[str, str]) -> list[str]:
    """Return a code and all codes above it, also where somebody made a circle of them."""
    path: list[str] = []
    while code and code not in path:
        path.append(code)
        code = above.get(code, "")
    return path


def _mentions(rows: Iterable[tuple[object, ...]]) -> pd.DataFrame:
    return pd.DataFrame(list(rows), columns=MENTIONS, dtype="str").drop_duplicates(ignore_index=True)
