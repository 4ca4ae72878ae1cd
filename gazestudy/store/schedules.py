"""What digital placements showed, as their players say."""

from __future__ import annotations

import hashlib

import numpy as np
import pandas as pd
from sqlalchemy import delete, insert, select

from gazestudy.errors import ParameterError, StudyError
from gazestudy.model.schedule import SHOWINGS, Schedule
from gazestudy.store.base import StudyBase, signed
from gazestudy.store.schema import CreativeRow, PlacementRow, ScheduleRow, ShowingRow


class ScheduleShelf(StudyBase):
    """The schedules of a study; a placement has one or none."""

    def set_schedule(self, schedule: Schedule, *, made_by: str | None = None, note: str = "") -> None:
        """Keep the schedule of a placement, in place of the one it had.

        Parameters
        ----------
        schedule : Schedule
            What was shown.
        made_by : str, optional
            Who gave it; None: the user of this computer.
        note : str, optional
            Such as the file it came from.

        Raises
        ------
        ParameterError
            If it names a picture that is none of the placement's.
        StudyError
            If there is no such placement.
        """
        self._require_writing()
        with self._database.writing() as session:
            self._row(session, PlacementRow, schedule.placement_id, "placement")
            known = set(
                session.scalars(
                    select(CreativeRow.id).where(CreativeRow.placement_id == schedule.placement_id)
                )
            )
            named = set(schedule.showings["creative_id"]) - {""}
            if named - known:
                raise ParameterError(
                    "creative",
                    sorted(named - known),
                    "pictures of the placement: " + ", ".join(sorted(known)),
                )
            present = session.get(ScheduleRow, schedule.placement_id)
            if present is not None:
                session.delete(present)
                session.flush()
            session.add(
                ScheduleRow(
                    placement_id=schedule.placement_id,
                    clock=schedule.clock,
                    uncertainty_ms=schedule.uncertainty_ms,
                    sha256=hashlib.sha256(schedule.showings.to_csv(index=False).encode()).hexdigest(),
                    **signed(made_by, note),
                )
            )
            session.flush()
            rows = [
                {
                    "placement_id": schedule.placement_id,
                    "creative_id": creative_id,
                    "start_unix_ns": int(start),
                    "end_unix_ns": int(end),
                }
                for creative_id, start, end in schedule.showings[SHOWINGS.names].itertuples(index=False)
            ]
            if rows:
                session.execute(insert(ShowingRow), rows)

    def schedule(self, placement_id: str) -> Schedule | None:
        """Return the schedule of a placement, None where it has none."""
        with self._database.reading() as session:
            row = session.get(ScheduleRow, placement_id)
            if row is None:
                return None
            found = session.execute(
                select(ShowingRow.creative_id, ShowingRow.start_unix_ns, ShowingRow.end_unix_ns)
                .where(ShowingRow.placement_id == placement_id)
                .order_by(ShowingRow.start_unix_ns)
            ).all()
            clock, uncertainty_ms = row.clock, row.uncertainty_ms
        names, start, end = zip(*found, strict=True) if found else ((), (), ())
        showings = pd.DataFrame(
            {
                "creative_id": pd.Series(names, dtype="str"),
                "start_unix_ns": np.array(start, dtype=np.int64),
                "end_unix_ns": np.array(end, dtype=np.int64),
            }
        )
        return Schedule(placement_id, showings, clock, uncertainty_ms)

    def schedule_keys(self) -> dict[str, tuple[str, float, str]]:
        """Return clock, uncertainty in ms and hash of each schedule, by placement."""
        with self._database.reading() as session:
            rows = session.scalars(select(ScheduleRow).order_by(ScheduleRow.placement_id))
            return {row.placement_id: (row.clock, row.uncertainty_ms, row.sha256) for row in rows}

    def remove_schedule(self, placement_id: str) -> None:
        """Remove the schedule of a placement.

        Raises
        ------
        StudyError
            If it has none.
        """
        self._require_writing()
        with self._database.writing() as session:
            gone = session.execute(delete(ScheduleRow).where(ScheduleRow.placement_id == placement_id))
            if gone.rowcount == 0:  # type: ignore[attr-defined]
                raise StudyError(f"{self._path}: placement {placement_id!r} has no schedule")
