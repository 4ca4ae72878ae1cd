"""Trials of stations, and the creative diagnosis of a study."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from gazestudy.errors import InputError, ParameterError, StudyError
from gazestudy.pipeline.field_results import SEED
from gazestudy.pipeline.results import attention_table
from gazestudy.pipeline.strategy.document import STRATEGY_NAME, load_strategy
from gazestudy.store import Study
from gazestudy.strategy.controlled_trial import TrialDesign, TrialPlan, plan_trial
from gazestudy.strategy.creative import aoi_table, brand_table, glances_of, word_table
from gazestudy.strategy.goals import CreativeRules
from gazestudy.strategy.trial_result import TrialResult, trial_result


@dataclass(frozen=True, slots=True)
class CreativeResult:
    """How creatives work in a glance.

    Attributes
    ----------
    aois, brands, words : DataFrame
        Which AOIs catch and when; whether the brand is seen; words against glance time.
    conclusions : tuple of str
        In plain words, with what is missing.
    """

    aois: pd.DataFrame
    brands: pd.DataFrame
    words: pd.DataFrame
    conclusions: tuple[str, ...]


def study_trial(study: Study, *, document: Path | None = None) -> TrialPlan:
    """Return what the trial of the strategy document needs, and what it cannot show.

    Parameters
    ----------
    study : Study
        The study.
    document : Path, optional
        Strategy document; that of the study by default.

    Raises
    ------
    StudyError
        If the document plans no trial.
    """
    trial = load_strategy(study, document).trial
    if trial is None:
        raise StudyError(f"{study.path}: no trial is planned; put a section `trial` into {STRATEGY_NAME}")
    design = TrialDesign(
        float(trial.share_control),
        float(trial.share_test),
        trial.people_per_station,
        between_sd=float(trial.between_sd),
        pre_post_correlation=float(trial.pre_post_correlation),
        power=float(trial.power),
    )
    stations = trial.test_stations, trial.control_stations
    available = None if stations[0] is None or stations[1] is None else (stations[0], stations[1])
    return plan_trial(design, available=available)


def read_trial(path: Path, *, seed: int = SEED) -> TrialResult:
    """Return the effect of a trial from a table of its stations.

    Parameters
    ----------
    path : Path
        CSV with station_id, arm (test, control), period (before, after), numerator, denominator.
    seed : int
        Of the assignments that are drawn where there are too many to list.

    Raises
    ------
    InputError
        If it cannot be read or used.
    """
    try:
        table = pd.read_csv(path, encoding="utf-8-sig", dtype={"station_id": str, "arm": str, "period": str})
    except (OSError, ValueError) as error:
        raise InputError(path, "cannot be read as CSV", found=str(error)) from error
    for name in ("numerator", "denominator"):
        if name in table:
            table[name] = pd.to_numeric(table[name], errors="coerce")
            bad = table.index[table[name].isna()]
            if len(bad):
                rows = ", ".join(str(number + 2) for number in bad[:10])
                raise InputError(path, f"{name} is no number", place=f"row {rows}")
    try:
        return trial_result(table, rng=np.random.default_rng(seed))
    except ParameterError as error:
        raise InputError(path, "these are no stations of a trial", found=str(error)) from error


def study_creative(study: Study, *, document: Path | None = None, level: float = 0.95) -> CreativeResult:
    """Return the creative diagnosis of a study.

    Parameters
    ----------
    study : Study
        The study.
    document : Path, optional
        Strategy document; that of the study by default, and the usual rules where it has none.
    level : float
        Confidence.

    Raises
    ------
    StudyError
        If no recording was run.
    """
    try:
        rules = load_strategy(study, document).creative
    except StudyError:
        rules = CreativeRules()
    visits = attention_table(study, "visits")
    aois = study.aois()
    brands: dict[str, list[str]] = {}
    for aoi in aois:
        if aoi.id in rules.brand_aois or aoi.name in rules.brand_aois:
            brands.setdefault(aoi.placement_id, []).append(aoi.id)
    words = _words(study, rules)
    tables = CreativeResult(
        aoi_table(visits, [(aoi.placement_id, aoi.id) for aoi in aois], level=level),
        brand_table(visits, brands, level=level),
        word_table(
            glances_of(visits),
            words,
            words_per_s=float(rules.words_per_s),
            words_per_s_of={name: float(speed) for name, speed in rules.words_per_s_of.items()},
            find_text_s=float(rules.find_text_s),
            level=level,
        ),
        (),
    )
    return CreativeResult(tables.aois, tables.brands, tables.words, tuple(_told(tables, rules)))


def _words(study: Study, rules: CreativeRules) -> dict[str, int]:
    """Return words on the creatives: from the document, else from the last audit."""
    audits = study.field_log().audits
    noted = audits[audits["words"].notna()].groupby("placement_id")["words"].last()
    known = {str(name): round(float(count)) for name, count in noted.items()}
    own = {placement.id for placement in study.placements()}
    return {name: count for name, count in {**known, **rules.words}.items() if name in own}


def _told(found: CreativeResult, rules: CreativeRules) -> list[str]:
    words = []
    if found.aois.empty:
        words.append("no AOIs are drawn: which part of a creative catches the eye cannot be said")
    if found.brands.empty:
        words.append(
            f"no AOI is named as brand (creative: brand_aois in {STRATEGY_NAME}): open whether it is seen"
        )
    if found.words.empty:
        words.append("nobody counted the words on the creatives: nothing is said about reading")
    else:
        words.append(
            f"reading is taken as {rules.words_per_s:g} words/s after {rules.find_text_s:g} s to find the"
            " text: adult readers of English; set it for your language"
            + "".join(f"; {name}: {speed:g} words/s" for name, speed in rules.words_per_s_of.items())
        )
    words += [f"{row.placement_id}: {row.verdict}" for row in found.brands.itertuples()]
    words += [f"{row.placement_id}: {row.verdict}" for row in found.words.itertuples()]
    return words
