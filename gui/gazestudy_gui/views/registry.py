"""The docks of a study window. A view is imported when it is first looked at.

A view is a widget made with the document and the action book of its window. It may offer
`add_actions(book)`, called once, to put its commands into the menus.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import Literal

from PyQt6.QtWidgets import QWidget

from gazestudy_gui.actions import ActionSpec
from gazestudy_gui.document import StudyDocument
from gazestudy_gui.views.later import FIELDWORK, INTERVIEWS, RESULTS, REVIEW

Area = Literal["left", "under", "main", "below", "right"]


@dataclass(frozen=True, slots=True)
class ViewSpec:
    """A dock.

    Attributes
    ----------
    id : str
        Unique; the window remembers it by this.
    title : str
        English.
    area : {"left", "under", "main", "below", "right"}
        Where it is at first: "under" is under the left, "below" below the main ones. Docks of one area are
        tabs.
    factory : str
        "module:Class".
    keys : str
        Shortcut that shows it.
    shown : bool
        Whether it is there at first.
    actions : tuple of ActionSpec
        Commands that are in the menus before it is made.
    """

    id: str
    title: str
    area: Area
    factory: str
    keys: str = ""
    shown: bool = True
    actions: tuple[ActionSpec, ...] = ()

    def make(self, document: StudyDocument) -> QWidget:
        """Import and make the view."""
        module, _, name = self.factory.partition(":")
        view: QWidget = getattr(importlib.import_module(module), name)(document)
        return view


VIEWS: tuple[ViewSpec, ...] = (
    ViewSpec("tree", "Study", "left", "gazestudy_gui.study_tree:StudyTree", "Ctrl+1"),
    ViewSpec("details", "Details", "under", "gazestudy_gui.views.details:DetailsView", "Ctrl+2"),
    ViewSpec("player", "Player", "main", "gazestudy_gui.views.player:PlayerView", "Ctrl+3"),
    ViewSpec(
        "placements", "Placements and AOIs", "main", "gazestudy_gui.views.placements:PlacementsView", "Ctrl+4"
    ),
    ViewSpec("heatmaps", "Heatmaps", "main", "gazestudy_gui.views.heatmaps:HeatmapsView", "Ctrl+5"),
    ViewSpec(
        "review", "Mapping review", "main", "gazestudy_gui.views.mapping_review:MappingReviewView", "Ctrl+6",
        actions=REVIEW,
    ),
    ViewSpec(
        "fieldwork", "Fieldwork", "main", "gazestudy_gui.views.fieldwork:FieldworkView", "Ctrl+Shift+F",
        actions=FIELDWORK,
    ),
    ViewSpec("results", "Results", "main", "gazestudy_gui.views.results:ResultsView", "Ctrl+Shift+R",
             actions=RESULTS),
    ViewSpec(
        "interviews",
        "Interviews",
        "right",
        "gazestudy_gui.views.interviews:InterviewsView",
        "Ctrl+7",
        shown=False,
        actions=INTERVIEWS,
    ),
    ViewSpec("timeline", "Timeline", "below", "gazestudy_gui.timeline.view:TimelineView", "Ctrl+8"),
    ViewSpec("jobs", "Jobs", "under", "gazestudy_gui.job_dock:JobDock", "Ctrl+9"),
    ViewSpec("problems", "Problems", "under", "gazestudy_gui.views.problems:ProblemsView", "Ctrl+0"),
)  # fmt: skip
