"""The tables of results by name: what each is, and how it is made. Called in another thread."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from gazestudy.store import Study


@dataclass(frozen=True, slots=True)
class ResultTable:
    """A table that can be looked at.

    Attributes
    ----------
    id : str
        Unique; the name of exported files.
    title : str
        English.
    about : str
        One sentence, English.
    make : callable
        Study to table.
    """

    id: str
    title: str
    about: str
    make: Callable[[Study], pd.DataFrame]


def _metrics(study: Study) -> pd.DataFrame:
    from gazestudy.pipeline.metrics import study_metrics

    return study_metrics(study)


def _summary(*by: str) -> Callable[[Study], pd.DataFrame]:
    def make(study: Study) -> pd.DataFrame:
        from gazestudy.pipeline.metrics import study_metrics, summary

        table = summary(study_metrics(study), by)
        if "placement_id" in table:
            names = {one.id: one.name for one in study.placements()}
            table.insert(1, "placement", [names.get(one, one) for one in table["placement_id"]])
        return table

    return make


def _cases(study: Study) -> pd.DataFrame:
    from gazestudy.pipeline.memory import study_memory

    return study_memory(study).joined.cases


def _two_by_two(study: Study) -> pd.DataFrame:
    from gazestudy.pipeline.memory import study_memory, study_two_by_two

    return study_two_by_two(study_memory(study), by=("placement",), memory=None)


def _recognition(study: Study) -> pd.DataFrame:
    from gazestudy.pipeline.memory import study_memory, study_recognition

    return study_recognition(study_memory(study))[1]


def _quotes(study: Study) -> pd.DataFrame:
    from gazestudy.pipeline.memory import study_memory, study_quotes

    return study_quotes(study, study_memory(study))


def _themes(study: Study) -> pd.DataFrame:
    from gazestudy.pipeline.memory import study_memory, study_themes

    return study_themes(study_memory(study))


def _first_looks(study: Study) -> pd.DataFrame:
    from gazestudy.pipeline.attention_figures import study_first_look_table

    return study_first_look_table(study)


def _dwell(study: Study) -> pd.DataFrame:
    from gazestudy.pipeline.attention_figures import study_dwell

    return study_dwell(study)


def _transitions(study: Study) -> pd.DataFrame:
    from gazestudy.pipeline.attention_figures import study_transitions

    return study_transitions(study)


def _funnel(study: Study) -> pd.DataFrame:
    from gazestudy.pipeline.attention_figures import study_funnel_table

    return study_funnel_table(study, ("placement",))


TABLES: tuple[ResultTable, ...] = (
    ResultTable("summary-placement", "By placement", "How many had it in view, looked, and for how long.",
                _summary("placement")),
    ResultTable("summary-placement-segment", "By placement and segment", "The same for each segment.",
                _summary("placement", "segment")),
    ResultTable("summary-placement-daypart", "By placement and daypart", "The same for each daypart.",
                _summary("placement", "daypart")),
    ResultTable("summary-aoi", "By AOI", "The same for parts of pictures.", _summary("placement", "aoi")),
    ResultTable("summary-participant", "By participant", "The same for each person.",
                _summary("participant")),
    ResultTable("metrics", "Each recording and placement", "The numbers under everything else.", _metrics),
    ResultTable("cases", "Looked at and remembered, each case",
                "One row for each person and placement in view; empty answers were not asked.", _cases),
    ResultTable("two-by-two", "Looked at and remembered, by placement",
                "The 2 × 2 table of looking and remembering, with intervals.", _two_by_two),
    ResultTable("recognition", "True recognition", "Yes to the picture, minus yes to its foils.",
                _recognition),
    ResultTable("quotes", "Quotes", "What was said, and the moment of the walk it belongs to.", _quotes),
    ResultTable("themes", "Themes", "What people who said it looked at; exploratory.", _themes),
    ResultTable("first-looks", "Time to first look", "As survival: who never looked is censored.",
                _first_looks),
    ResultTable("dwell", "Dwell", "Medians with intervals over people.", _dwell),
    ResultTable("funnel", "Funnel by placement", "Steps from exposure to intention.", _funnel),
    ResultTable("transitions", "Transitions", "From where to where the gaze went.", _transitions),
)  # fmt: skip
"""Tables in the order in which they are offered."""


def meanings() -> dict[str, str]:
    """Return what columns mean, by name, as the data dictionary of an export says it."""
    from gazestudy.model.memory import MEMORY_CASES
    from gazestudy.model.tables import CREATIVE_METRICS, METRICS
    from gazestudy.pipeline.exporting.contracts import SHARED_COLUMNS

    found = {name: column.meaning for name, column in SHARED_COLUMNS.items()}
    for contract in (CREATIVE_METRICS, METRICS, MEMORY_CASES):
        found |= {column.name: column.meaning for column in contract.columns}
    return found
