"""Simulated interviews with known truth: who remembers which placement follows from what they looked at.

Recall is drawn so that its probability given attention, familiarity and prior exposure is exactly a logistic
function, although the answers of one person are alike: the coefficients of a marginal model have a true
value. Recognition follows signal detection with equal variances, with one foil or more per target.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gazestudy.errors import ParameterError
from gazestudy.model.interview import Interviews, interview_table
from gazestudy.simulate.interview_talk import coded_answers, interview_rows
from gazestudy.simulate.recall_words import (
    CATEGORIES,
    LANGUAGES,
    PICTURES,
    Advertisement,
    brand_names,
)

Floats = NDArray[np.float64]

_SCALES = {"clarity": (3.4, 0.3), "interest": (2.9, 1.0), "liking": (3.0, 0.9), "intent": (2.3, 0.8)}
"""Middle of a scale of five points, and how much the pull of an advertisement moves it."""
_PULL_OF_LOOKING, _PULL_SD, _SCALE_SD = 0.3, 0.7, 0.6


@dataclass(frozen=True, slots=True)
class RecallTruth:
    """Log-odds that a placement is recalled without a cue.

    Attributes
    ----------
    intercept : float
        In view, not fixated, brand familiarity 3, never seen before.
    fixated, log1p_dwell, familiarity, prior : float
        Added for a fixation, per unit of log(1 + dwell in s), per point of familiarity above 3, and for prior
        exposure.
    aided : float
        Added where the category or brand is named; whoever recalls without a cue also does with it.
    alike : float
        Correlation (0 to 1) of the normal variables behind the answers of one person.
    never_in_view : float
        Added for placements that never were in view.
    """

    intercept: float = -2.2
    fixated: float = 1.0
    log1p_dwell: float = 0.6
    familiarity: float = 0.35
    prior: float = 0.5
    aided: float = 1.0
    alike: float = 0.15
    never_in_view: float = -1.5


@dataclass(frozen=True, slots=True)
class RecognitionTruth:
    """Signal detection of pictures; distances in standard deviations of the strength of foils.

    Attributes
    ----------
    in_view, fixated, log1p_dwell, prior : float
        What adds to the strength of a target.
    criterion_mean, criterion_sd : float
        Strength above which people say yes, over people.
    fairly_at, sure_at : float
        Distance from the criterion from which people are fairly sure and sure.
    with_recall : float
        Correlation (0 to 1) of the strength of a picture with recall, beyond what attention makes.
    """

    in_view: float = 0.3
    fixated: float = 0.8
    log1p_dwell: float = 0.4
    prior: float = 0.4
    criterion_mean: float = 0.7
    criterion_sd: float = 0.3
    fairly_at: float = 0.4
    sure_at: float = 1.0
    with_recall: float = 0.5


@dataclass(frozen=True, slots=True)
class Remembering:
    """Everything that simulated interviews depend on.

    Attributes
    ----------
    recall, recognition : RecallTruth, RecognitionTruth
        How people remember.
    foils_per_target : int
        Pictures that never hung, per target.
    intrusions : float
        Mean number of things a person names that were not there.
    coders : tuple of str
        Codes of the two coders; the first is right but for `primary_errors`.
    disagreement : float
        Share of coded answers that the second coder codes differently from the first.
    primary_errors : float
        Share of coded answers that the first coder codes wrongly.
    languages : tuple of str
        Spoken in turn by the participants.
    interviewed_share : float
        Share of participants who are interviewed at all.
    unanswered_share : float
        Share of scales left without an answer.
    appeal : mapping of str to float, optional
        How far the creative of a placement pleases, in points of a scale; None: drawn anew, with a standard
        deviation of 0.6.
    """

    recall: RecallTruth = field(default_factory=RecallTruth)
    recognition: RecognitionTruth = field(default_factory=RecognitionTruth)
    foils_per_target: int = 1
    intrusions: float = 0.5
    coders: tuple[str, str] = ("A", "B")
    disagreement: float = 0.08
    primary_errors: float = 0.0
    languages: tuple[str, ...] = LANGUAGES
    interviewed_share: float = 1.0
    unanswered_share: float = 0.0
    appeal: Mapping[str, float] | None = None


@dataclass(frozen=True, slots=True)
class Remembered:
    """Simulated interviews and what is true.

    Attributes
    ----------
    interviews : Interviews
        Interviews, answers, codes of two coders, and the pictures, as an importer would give them.
    cases : DataFrame
        Truth, one row per interviewed participant and placement, in view or not: the columns of the input,
        `in_view`, `familiarity`, `prior_exposure`, `passages_per_month`, `p_unaided` and `p_aided`
        (probability given attention and background), `d_prime`, `criterion`, `p_recognised`, and what
        happened: `recalled_unaided`, `recalled_aided`, `recognised`, `attributed`, `comprehension`, scales.
    foils : DataFrame
        Truth, one row per interviewed participant and foil: `participant_id`, `stimulus`, `criterion`,
        `p_false_alarm`, `said_yes`.
    ads : tuple of Advertisement
        Targets, then foils.
    """

    interviews: Interviews
    cases: pd.DataFrame
    foils: pd.DataFrame
    ads: tuple[Advertisement, ...]


def remember(
    cases: pd.DataFrame,
    *,
    settings: Remembering | None = None,
    placements: Sequence[str] | None = None,
    talk: bool = True,
    rng: np.random.Generator,
) -> Remembered:
    """Interview simulated people about what they passed.

    Parameters
    ----------
    cases : DataFrame
        One row per participant and placement in view: `participant_id`, `placement_id`, `fixated`, `dwell_s`.
        `segment`, `recording_id`, `familiarity`, `prior_exposure` and `passages_per_month` are used where
        they are there and not NaN, and drawn otherwise.
    settings : Remembering, optional
        How people remember and answer; None: defaults.
    placements : sequence of str, optional
        All placements that are asked about; None: those of the cases.
    talk : bool
        False: the truth alone, without interviews, for very many people.
    rng : Generator
        Source of randomness.

    Returns
    -------
    Remembered

    Raises
    ------
    ParameterError
        If a column is missing, or a setting does not fit.

    Notes
    -----
    logit P(recall) = intercept + fixated + log1p_dwell · ln(1 + dwell) + familiarity · (fam − 3) + prior. A
    placement is recalled where Φ(g) < P, with g standard normal and correlated within a person, so that P
    stays the marginal probability. A picture is recognised where d′ + e > criterion, with e standard normal;
    d′ is 0 for foils.

    Examples
    --------
    >>> seen = pd.DataFrame({"participant_id": ["P1"], "placement_id": ["hall"], "fixated": [True],
    ...                      "dwell_s": [2.0]})
    >>> found = remember(seen, rng=np.random.default_rng(0))
    >>> found.interviews.interviews["participant_id"].tolist(), len(found.ads)
    (['P1'], 2)
    """
    chosen = settings or Remembering()
    _check(cases, chosen)
    targets = list(dict.fromkeys(cases["placement_id"])) if placements is None else list(placements)
    if chosen.appeal is not None and not set(targets) <= set(chosen.appeal):
        raise ParameterError("appeal", sorted(chosen.appeal), "a number for each of " + ", ".join(targets))
    ads = _advertisements(targets, chosen.foils_per_target, rng)
    truth = _everybody(cases, targets, rng)
    truth = truth[_interviewed(truth["participant_id"], chosen.interviewed_share, rng)].reset_index(drop=True)
    truth = _background(truth, rng)
    person = pd.factorize(truth["participant_id"])[0]
    latent = _alike_normals(person, chosen.recall.alike, rng)
    truth = _recall(truth, latent, chosen.recall)
    criterion = rng.normal(chosen.recognition.criterion_mean, chosen.recognition.criterion_sd, len(truth))
    truth = _recognise(truth, latent, criterion[person], chosen.recognition, rng)
    truth = _opinions(truth, chosen.appeal, rng)
    foils = _foils(truth, ads[len(targets) :], rng, chosen.recognition)
    if not talk:
        return Remembered(Interviews(), truth, foils, tuple(ads))
    head = interview_rows(truth, chosen.languages, rng)
    answers, codes = coded_answers(truth, foils, ads, head, chosen, rng)
    stimuli = [
        {
            "stimulus": ad.stimulus,
            "name": f"{ad.brand} ({ad.category})",
            "shown": "target" if ad.placement_id else "foil",
            "placement_id": ad.placement_id,
            "brand": ad.brand,
            "category": ad.category,
        }
        for ad in ads
    ]
    talks = Interviews(
        interviews=interview_table("interviews", head),
        interview_answers=interview_table("interview_answers", answers),
        answer_codes=interview_table("answer_codes", codes),
        stimuli=interview_table("stimuli", stimuli),
    )
    return Remembered(talks, truth, foils, tuple(ads))


def logistic(x: Floats) -> Floats:
    """Return 1 / (1 + exp(-x))."""
    result: Floats = 1.0 / (1.0 + np.exp(-np.asarray(x, dtype=float)))
    return result


def _check(cases: pd.DataFrame, chosen: Remembering) -> None:
    for name in ("participant_id", "placement_id", "fixated", "dwell_s"):
        if name not in cases:
            raise ParameterError("cases", list(cases.columns), f"a table with the column {name!r}")
    for name in ("disagreement", "primary_errors", "interviewed_share", "unanswered_share"):
        if not 0 <= getattr(chosen, name) <= 1:
            raise ParameterError(name, getattr(chosen, name), "a share from 0 to 1")
    if chosen.foils_per_target < 0 or not 0 <= chosen.recall.alike < 1:
        raise ParameterError("settings", chosen, "foils_per_target of 0 or more, alike from 0 to below 1")


def _advertisements(targets: list[str], foils: int, rng: np.random.Generator) -> list[Advertisement]:
    brands = brand_names(len(targets) * (1 + foils), rng=rng)
    kinds = list(CATEGORIES)
    ads: list[Advertisement] = []
    for k, placement_id in enumerate([*targets, *[""] * (foils * len(targets))]):
        kind = kinds[k % max(len(targets), 1) % len(kinds)]  # foils are of the category of their target
        stimulus = f"picture-{placement_id}" if placement_id else f"foil-{k - len(targets) + 1:02d}"
        ads.append(Advertisement(stimulus, placement_id, brands[k], kind, int(rng.integers(len(PICTURES)))))
    return ads


def _everybody(cases: pd.DataFrame, targets: list[str], rng: np.random.Generator) -> pd.DataFrame:
    """Return a row for every participant and placement, also those that never were in view."""
    people = list(dict.fromkeys(cases["participant_id"]))
    keys = ["participant_id", "placement_id"]
    grid = pd.MultiIndex.from_product([people, targets], names=keys).to_frame(index=False)
    truth = grid.merge(cases.assign(in_view=True).drop_duplicates(keys), on=keys, how="left")
    truth["in_view"] = truth["in_view"].fillna(False).astype(bool)
    truth["fixated"] = truth["fixated"].fillna(False).astype(bool)
    truth["dwell_s"] = truth["dwell_s"].fillna(0.0).astype(float)
    for name in ("segment", "recording_id"):
        if name in truth:
            first = cases.groupby("participant_id")[name].first()
            truth[name] = truth["participant_id"].map(first)
    return truth


def _interviewed(people: pd.Series, share: float, rng: np.random.Generator) -> NDArray[np.bool_]:
    codes, names = pd.factorize(people)
    chosen: NDArray[np.bool_] = (rng.random(len(names)) < share)[codes]
    return chosen


def _background(truth: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Add familiarity, prior exposure and passages a month, where they are not given."""
    n = len(truth)
    person, people = pd.factorize(truth["participant_id"])
    placement, places = pd.factorize(truth["placement_id"])
    monthly = np.maximum(np.round(np.exp(rng.normal(2.3, 1.0, len(people)))), 0)[person]
    known = rng.normal(0, 0.7, len(places))[placement]
    fam = np.clip(np.round(2.8 + known + rng.normal(0, 0.9, n)), 1, 5)
    given = {"passages_per_month": monthly, "familiarity": fam}
    for name, drawn in given.items():
        truth[name] = truth[name].fillna(pd.Series(drawn)).astype(float) if name in truth else drawn
    before = logistic(-1.8 + 0.5 * np.log1p(truth["passages_per_month"].to_numpy(float)))
    drawn = (rng.random(n) < before).astype(float)
    name = "prior_exposure"
    truth[name] = truth[name].fillna(pd.Series(drawn)).astype(float) if name in truth else drawn
    return truth


def _alike_normals(person: NDArray[Any], alike: float, rng: np.random.Generator) -> Floats:
    """Return standard normals that correlate by `alike` within a person."""
    own = rng.normal(size=len(person))
    shared = rng.normal(size=len(person))[person]
    result: Floats = np.sqrt(alike) * shared + np.sqrt(1 - alike) * own
    return result


def _recall(truth: pd.DataFrame, latent: Floats, model: RecallTruth) -> pd.DataFrame:
    from scipy.stats import norm

    odds = (
        model.intercept
        + model.fixated * truth["fixated"].to_numpy(float)
        + model.log1p_dwell * np.log1p(truth["dwell_s"].to_numpy(float))
        + model.familiarity * (truth["familiarity"].to_numpy(float) - 3)
        + model.prior * truth["prior_exposure"].to_numpy(float)
        + model.never_in_view * ~truth["in_view"].to_numpy(bool)
    )
    u = norm.cdf(latent)
    for name, shift in (("unaided", 0.0), ("aided", model.aided)):
        truth[f"p_{name}"] = logistic(odds + shift)
        truth[f"recalled_{name}"] = (u < truth[f"p_{name}"]).astype(float)
    return truth


def _recognise(
    truth: pd.DataFrame, latent: Floats, criterion: Floats, model: RecognitionTruth, rng: np.random.Generator
) -> pd.DataFrame:
    from scipy.stats import norm

    d_prime = (
        model.in_view * truth["in_view"].to_numpy(float)
        + model.fixated * truth["fixated"].to_numpy(float)
        + model.log1p_dwell * np.log1p(truth["dwell_s"].to_numpy(float))
        + model.prior * truth["prior_exposure"].to_numpy(float)
    )
    c = model.with_recall
    noise = -c * latent + np.sqrt(1 - c**2) * rng.normal(size=len(truth))
    truth["d_prime"], truth["criterion"] = d_prime, criterion
    truth["p_recognised"] = norm.sf(criterion - d_prime)
    _answer_yes(truth, d_prime + noise - criterion, "recognised", model)
    return truth


def _answer_yes(table: pd.DataFrame, beyond: Floats, name: str, model: RecognitionTruth) -> None:
    """Add yes or no, and how sure, from the distance to the criterion."""
    table[name] = (beyond > 0).astype(float)
    away = np.abs(beyond)
    table["confidence"] = 1.0 + (away > model.fairly_at) + (away > model.sure_at)


def chance_of_scale(name: str, at_least: int, appeal: Floats, dwell_s: Floats) -> Floats:
    """Return the chance that an answer on a scale is high, as `remember` draws it.

    Parameters
    ----------
    name : str
        clarity, interest, liking or intent.
    at_least : int
        2 to 5.
    appeal, dwell_s : ndarray of float, shape (n,)
        Appeal of the creative, and how long it was looked at, s.

    Returns
    -------
    ndarray of float64, shape (n,)
        Chances.
    """
    from scipy.stats import norm

    middle, weight = _SCALES[name]
    expected = middle + weight * (appeal + _PULL_OF_LOOKING * np.log1p(dwell_s))
    chance: Floats = norm.sf((at_least - 0.5 - expected) / np.hypot(weight * _PULL_SD, _SCALE_SD))
    return chance


def _opinions(
    truth: pd.DataFrame, appeal_of: Mapping[str, float] | None, rng: np.random.Generator
) -> pd.DataFrame:
    """Add attribution, comprehension and scales; the more was looked, the better."""
    n = len(truth)
    looked = np.log1p(truth["dwell_s"].to_numpy(float))
    fam = truth["familiarity"].to_numpy(float) - 3
    drawn = rng.normal(0, 0.6, n)[pd.factorize(truth["placement_id"])[0]]
    appeal = drawn if appeal_of is None else truth["placement_id"].map(dict(appeal_of)).to_numpy(float)
    truth["attributed"] = (rng.random(n) < logistic(-0.6 + 0.9 * looked + 0.4 * fam)).astype(float)
    grasp = -0.3 + 0.9 * looked + rng.logistic(size=n)
    truth["comprehension"] = (grasp > 0).astype(float) + (grasp > 1.0)
    pull = appeal + _PULL_OF_LOOKING * looked + rng.normal(0, _PULL_SD, n)
    for name, (middle, weight) in _SCALES.items():
        truth[name] = np.clip(np.round(middle + weight * pull + rng.normal(0, _SCALE_SD, n)), 1, 5)
    return truth


def _foils(
    truth: pd.DataFrame, foils: Sequence[Advertisement], rng: np.random.Generator, model: RecognitionTruth
) -> pd.DataFrame:
    from scipy.stats import norm

    people = truth.drop_duplicates("participant_id")[["participant_id", "criterion"]]
    table = people.merge(pd.DataFrame({"stimulus": [ad.stimulus for ad in foils]}, dtype="str"), how="cross")
    criterion = table["criterion"].to_numpy(float)
    table["p_false_alarm"] = norm.sf(criterion)
    _answer_yes(table, rng.normal(size=len(table)) - criterion, "said_yes", model)
    return table
