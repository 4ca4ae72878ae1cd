"""What a report is written from: results of the study as tables, and what is missing."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gazestudy.fieldwork.observers import ObserverAgreement
from gazestudy.fieldwork.summary import FieldSummary
from gazestudy.heatmaps.maps import HeatmapData
from gazestudy.model.interview import Interviews
from gazestudy.model.recording import Finding
from gazestudy.model.study import Placement


@dataclass(frozen=True, slots=True, eq=False)
class FieldEvidence:
    """What observers brought home.

    Attributes
    ----------
    whole : FieldSummary
        All sessions together.
    by_placement, by_daypart, by_both : DataFrame
        Tables of figures with the columns placement_id, daypart, and both of them.
    comparisons : mapping of str to DataFrame
        Figure to its comparison between dayparts.
    sessions : DataFrame
        Contract `SESSIONS`.
    notes : DataFrame
        Contract `NOTES`.
    agreement : ObserverAgreement or None
        Where two observers counted the same.
    """

    whole: FieldSummary
    by_placement: pd.DataFrame
    by_daypart: pd.DataFrame
    by_both: pd.DataFrame
    comparisons: Mapping[str, pd.DataFrame]
    sessions: pd.DataFrame
    notes: pd.DataFrame
    agreement: ObserverAgreement | None = None


@dataclass(frozen=True, slots=True, eq=False)
class MemoryEvidence:
    """What people said afterwards.

    Attributes
    ----------
    interviews : Interviews
        Answers as they were said, codes, documents.
    trials : DataFrame
        Contract `RECOGNITION_TRIALS`, with `in_view`.
    never_in_view : DataFrame
        Answers about placements that never entered the person's view.
    quotes : DataFrame
        Columns of `gazestudy.memory.quotes.QUOTE_COLUMNS`, and `clock_s`: the moment in seconds after the
        first scene frame, NaN where it has none.
    findings : tuple of Finding
        What could not be joined, and how often coders differ.
    """

    interviews: Interviews
    trials: pd.DataFrame
    never_in_view: pd.DataFrame
    quotes: pd.DataFrame
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class StrategyEvidence:
    """What placements deliver and cost, by the strategy document of the study.

    Attributes
    ----------
    potential, terms, costs : DataFrame
        Tables of `gazestudy.strategy.potential` and `gazestudy.strategy.cost`.
    currency : str
        Of all prices.
    goal : tuple of (str, str)
        What the budget is for, in words.
    made_up : bool
        The document still holds lines of its template that are to be replaced.
    conclusions : tuple of str
        What the potential allows to say.
    plan : DataFrame or None
        placement_id, share, cost, value, bought_in: the best plan, and in which part of draws it buys each.
    plan_words : tuple of str
        What the plan is, and how robust; or why there is none.
    what_if : mapping of str to DataFrame
        Placement to scenarios of mounting height.
    trial : tuple of str
        What a test with control stations needs and cannot show.
    """

    potential: pd.DataFrame
    terms: pd.DataFrame
    costs: pd.DataFrame
    currency: str
    goal: tuple[tuple[str, str], ...]
    made_up: bool
    conclusions: tuple[str, ...]
    plan: pd.DataFrame | None
    plan_words: tuple[str, ...]
    what_if: Mapping[str, pd.DataFrame] = dataclasses.field(default_factory=dict)
    trial: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class CreativeEvidence:
    """How creatives work in a glance.

    Attributes
    ----------
    aois, brands, words : DataFrame
        Tables of `gazestudy.strategy.creative`.
    names : mapping of str to str
        AOI to its name.
    missing : tuple of str
        What was not drawn or counted, and what therefore cannot be said.
    """

    aois: pd.DataFrame
    brands: pd.DataFrame
    words: pd.DataFrame
    names: Mapping[str, str] = dataclasses.field(default_factory=dict)
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class MethodFacts:
    """A step of the analysis with all its parameters.

    Attributes
    ----------
    title : str
        Such as "Gaze events: world_ivt".
    pairs : tuple of (str, str)
        Parameter or fact, and its value.
    """

    title: str
    pairs: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """All results of a study that a report may use; what is missing says why.

    Attributes
    ----------
    name : str
        Of the study.
    placements : tuple of Placement
        In the order of the study.
    participants : DataFrame
        participant_id, segment.
    recordings : DataFrame
        recording_id, participant_id, segment, daypart, device, importer, minutes, findings (text).
    cases : DataFrame or None
        Contract `MEMORY_CASES`: one row per participant and placement that entered view, answers NaN where
        nobody was asked. None where no recording has been analysed.
    group_cases : DataFrame or None
        From `gazestudy.attention.cases.exposed_cases` by segment and daypart.
    walkers : int
        Participants whose recordings have been analysed.
    visits : DataFrame or None
        Runs of gaze on placements and AOIs, with participant_id.
    images : mapping of str to ndarray of uint8, shape (height, width, 3)
        Reference image of each placement, RGB.
    heatmaps : mapping of str to HeatmapData
        By placement.
    quality : DataFrame or None
        Contract `QUALITY` with recording_id.
    accuracy : DataFrame or None
        Offsets of gaze from targets, one row per target.
    corrections : mapping of str to str
        Recording to its correction, in words.
    field : FieldEvidence or None
        Of the field logs.
    memory : MemoryEvidence or None
        Of the interviews.
    strategy : StrategyEvidence or None
        By the strategy document.
    creative : CreativeEvidence or None
        Of AOIs, brands and words.
    methods : tuple of MethodFacts
        Every parameter.
    missing : mapping of str to str
        Part of the report to why it is not there.
    seed : int
        Of all bootstrap draws.
    """

    name: str
    placements: tuple[Placement, ...]
    participants: pd.DataFrame
    recordings: pd.DataFrame
    cases: pd.DataFrame | None = None
    group_cases: pd.DataFrame | None = None
    walkers: int = 0
    visits: pd.DataFrame | None = None
    images: Mapping[str, NDArray[np.uint8]] = dataclasses.field(default_factory=dict)
    heatmaps: Mapping[str, HeatmapData] = dataclasses.field(default_factory=dict)
    quality: pd.DataFrame | None = None
    accuracy: pd.DataFrame | None = None
    corrections: Mapping[str, str] = dataclasses.field(default_factory=dict)
    field: FieldEvidence | None = None
    memory: MemoryEvidence | None = None
    strategy: StrategyEvidence | None = None
    creative: CreativeEvidence | None = None
    methods: tuple[MethodFacts, ...] = ()
    missing: Mapping[str, str] = dataclasses.field(default_factory=dict)
    seed: int = 20261122

    def placement(self, placement_id: str) -> Placement | None:
        """Return a placement by its id, None where it is not of the study."""
        return next((one for one in self.placements if one.id == placement_id), None)

    def label(self, placement_id: str) -> str:
        """Return the name of a placement, its id where there is none."""
        found = self.placement(placement_id)
        return placement_id if found is None else found.name or found.id
