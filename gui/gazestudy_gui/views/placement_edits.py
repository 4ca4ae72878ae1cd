"""Edits of placements that go round a pillar or a corner."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gazestudy.model import Facet
from gazestudy.store import Study
from gazestudy_gui.commands import Edit
from gazestudy_gui.words import tr


class SetFacets(Edit):
    """Other flat parts of a placement, or none: it is flat as a whole."""

    kinds = ("placements", "mapping")

    def __init__(self, placement_id: str, name: str, facets: Sequence[Facet]) -> None:
        super().__init__(
            tr("{count} flat parts of {name}", count=len(facets), name=name)
            if facets
            else tr("{name} is flat", name=name)
        )
        self._id, self._facets = placement_id, tuple(facets)

    def apply(self, study: Study) -> Any:
        """Do it."""
        from gazestudy.pipeline.wraps import change_facets

        return change_facets(study, self._id, facets=self._facets)


class AddWrap(Edit):
    """A new placement of which each flat part was photographed by itself."""

    kinds = ("placements",)

    def __init__(self, placement_id: str, pictures: Sequence[Path], **facts: Any) -> None:
        super().__init__(tr("add placement {name}", name=facts.get("name") or placement_id))
        self._id, self._pictures, self._facts = placement_id, list(pictures), facts

    def apply(self, study: Study) -> Any:
        """Do it."""
        from gazestudy.pipeline.wraps import add_wrap

        return add_wrap(study, self._id, self._pictures, **self._facts)
