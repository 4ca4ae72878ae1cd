"""Attention to each creative of a face that shows several."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from gazestudy.attention.metrics import RULES, MetricParameters, attention_tables
from gazestudy.model.camera import Camera
from gazestudy.model.provenance import Provenance, provenance_of
from gazestudy.model.study import Placement
from gazestudy.model.tables import CREATIVE_METRICS

_RULE = (
    "a creative is in view while it is the one recognised on its placement; a fixation belongs to the "
    "creative that it saw longest"
)


def creative_metrics(
    recording_id: str,
    participant_id: str,
    *,
    placements: Sequence[Placement],
    frames: pd.DataFrame,
    mapping: pd.DataFrame,
    gaze: pd.DataFrame,
    mapped_gaze: pd.DataFrame,
    mapped_fixations: pd.DataFrame,
    camera: Camera | None = None,
    parameters: MetricParameters | None = None,
) -> pd.DataFrame:
    """Return the attention metrics of each creative of the placements that show more than one.

    Parameters
    ----------
    recording_id, participant_id : str
        Which recording of whom.
    placements : sequence of Placement
        All placements of the study.
    frames, mapping, gaze, mapped_gaze, mapped_fixations : DataFrame
        Tables of the recording (contracts of these names).
    camera : Camera, optional
        Scene camera, for visual angle and distance.
    parameters : MetricParameters, optional
        What counts as exposure and visit; None: defaults.

    Returns
    -------
    DataFrame
        Contract `CREATIVE_METRICS`: one row per creative, by the rules of the metrics of a placement, which
        its provenance holds. Empty where every placement shows one picture.
    """
    changing = [placement for placement in placements if len(placement.creatives) > 1]
    if not changing:
        return CREATIVE_METRICS.empty()
    home = {creative.id: placement.id for placement in changing for creative in placement.creatives}
    # A creative in the place of its placement: the same rules, applied to the times in which it was on show.
    alone = [
        Placement(
            creative.id,
            creative.name,
            placement.creatives[:1],  # all creatives are in the pixels of the first
            placement.kind,
            placement.width_mm,
            placement.height_mm,
        )
        for placement in changing
        for creative in placement.creatives
    ]
    tables = attention_tables(
        recording_id,
        participant_id,
        placements=alone,
        frames=frames,
        mapping=_by_creative(mapping, home),
        gaze=gaze,
        mapped_gaze=_by_creative(mapped_gaze, home),
        mapped_fixations=_by_creative(mapped_fixations, home),
        camera=camera,
        parameters=parameters,
    )
    made = tables.metrics
    table = made.assign(
        creative_id=made["placement_id"],
        placement_id=pd.Series([home[name] for name in made["placement_id"]], dtype="str"),
    )[CREATIVE_METRICS.names]
    how = provenance_of(made) or {}
    provenance = Provenance(
        "attention.creatives",
        1,
        how.get("parameters", {}),
        {**how.get("facts", {}), "rules": {"creative": _RULE, **RULES}},
    )
    return provenance.attach(CREATIVE_METRICS.check(table))


def _by_creative(table: pd.DataFrame, home: dict[str, str]) -> pd.DataFrame:
    """Return the rows of known creatives, with the creative as their placement."""
    rows = table[table["creative_id"].isin(list(home))].reset_index(drop=True)
    return rows.assign(placement_id=rows["creative_id"])
