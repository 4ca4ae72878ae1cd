"""What people say about mapping: facts beside the data that outlive every run.

Each of them is made and undone on its own, in one transaction, and says who made it and when. They do not
belong to a result: results are made from them again.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any, TypeVar, cast

from sqlalchemy import select
from sqlalchemy.orm import Session

from gazestudy.errors import ParameterError, StudyDamagedError, StudyError
from gazestudy.model.manual import (
    VENDOR_RANKS,
    KeyFrame,
    ManualAnswer,
    MarkerLayout,
    Stored,
    VendorRank,
    Verdict,
    points_of,
)
from gazestudy.store.base import StudyBase, signed
from gazestudy.store.schema import (
    KeyFrameRow,
    ManualAnswerRow,
    MarkerLayoutRow,
    PlacementRow,
    RecordingRow,
    VendorRankRow,
)

_Row = TypeVar("_Row", KeyFrameRow, ManualAnswerRow, MarkerLayoutRow)

USUAL_VENDOR_RANK: VendorRank = "instead"
"""A mapping is imported in order to be used."""


class ManualMappingShelf(StudyBase):
    """Key frames, manual answers, markers and the rank of vendors' mappings of a study."""

    def add_key_frame(
        self, key_frame: KeyFrame, *, made_by: str | None = None, note: str = "", replace: bool = False
    ) -> Stored[KeyFrame]:
        """Keep the clicked corners of a placement in a frame.

        Parameters
        ----------
        key_frame : KeyFrame
            The corners.
        made_by : str, optional
            Who clicked them; None: the user of this computer.
        note : str, optional
            For people.
        replace : bool, default False
            Take the place of corners of the same placement in the same frame.

        Returns
        -------
        Stored
            As the study keeps it.

        Raises
        ------
        StudyError
            If there is no such recording, placement or picture, or corners for this frame are there already.
        ParameterError
            If two points are the same, or they lie nearly on a line.
        """
        self._require_writing()
        key_frame.require_spread()
        with self._database.writing() as session:
            self._require_known(session, key_frame.recording_id, key_frame.placement_id)
            self._require_picture(session, key_frame.placement_id, key_frame.creative_id, key_frame.copy)
            present = session.scalar(
                select(KeyFrameRow).where(
                    KeyFrameRow.recording_id == key_frame.recording_id,
                    KeyFrameRow.placement_id == key_frame.placement_id,
                    KeyFrameRow.copy == key_frame.copy,
                    KeyFrameRow.t_ns == key_frame.t_ns,
                )
            )
            if present is not None and not replace:
                raise StudyError(
                    f"{self._path}: {key_frame.placement_id!r} has corners in this frame of"
                    f" {key_frame.recording_id!r} already (number {present.id} by {present.made_by},"
                    f" {present.made_utc}); remove them, or replace them"
                )
            if present is not None:
                session.delete(present)
                session.flush()
            row = KeyFrameRow(
                recording_id=key_frame.recording_id,
                placement_id=key_frame.placement_id,
                creative_id=key_frame.creative_id,
                copy=key_frame.copy,
                t_ns=int(key_frame.t_ns),
                corners_px=[
                    [*here, *there]
                    for here, there in zip(key_frame.corners_px, key_frame.at_shares, strict=True)
                ],
                **signed(made_by, note),
            )
            session.add(row)
            session.flush()
            return self._key_frame(row)

    def key_frames(self, recording_id: str | None = None) -> tuple[Stored[KeyFrame], ...]:
        """Return the key frames of a recording, or of all, in order of time.

        Raises
        ------
        StudyDamagedError
            If one cannot be read.
        """
        query = select(KeyFrameRow).order_by(KeyFrameRow.recording_id, KeyFrameRow.t_ns, KeyFrameRow.id)
        if recording_id is not None:
            query = query.where(KeyFrameRow.recording_id == recording_id)
        with self._database.reading() as session:
            return tuple(self._key_frame(row) for row in session.scalars(query))

    def remove_key_frame(self, number: int) -> None:
        """Forget one key frame.

        Raises
        ------
        StudyError
            If there is none of that number.
        """
        self._remove(KeyFrameRow, number, "key frame")

    def add_answer(
        self, answer: ManualAnswer, *, made_by: str | None = None, note: str = "", replace: bool = False
    ) -> Stored[ManualAnswer]:
        """Keep what a person says about gaze during a stretch of time.

        Parameters
        ----------
        answer : ManualAnswer
            The answer. Where it overlaps an earlier one, the later one counts; the earlier one stays, and
            counts again when the later one is removed.
        made_by : str, optional
            Who gave it; None: the user of this computer.
        note : str, optional
            For people.
        replace : bool, default False
            Take the place of what was said about exactly this stretch, but for answers that say "off" of
            other placements where this one does so too.

        Returns
        -------
        Stored
            As the study keeps it.

        Raises
        ------
        StudyError
            If there is no such recording, placement or picture.
        """
        self._require_writing()
        with self._database.writing() as session:
            self._require_known(session, answer.recording_id, answer.placement_id or None)
            if replace:
                self._forget_answers_like(session, answer)
            if answer.verdict == "on":
                self._require_picture(session, answer.placement_id, answer.creative_id, answer.copy)
            row = ManualAnswerRow(
                recording_id=answer.recording_id,
                start_ns=int(answer.start_ns),
                end_ns=int(answer.end_ns),
                verdict=answer.verdict,
                placement_id=answer.placement_id or None,
                creative_id=answer.creative_id,
                copy=answer.copy,
                x_share=None if math.isnan(answer.x_share) else float(answer.x_share),
                y_share=None if math.isnan(answer.y_share) else float(answer.y_share),
                **signed(made_by, note),
            )
            session.add(row)
            session.flush()
            return self._answer(row)

    def _forget_answers_like(self, session: Session, answer: ManualAnswer) -> None:
        same = select(ManualAnswerRow).where(
            ManualAnswerRow.recording_id == answer.recording_id,
            ManualAnswerRow.start_ns == int(answer.start_ns),
            ManualAnswerRow.end_ns == int(answer.end_ns),
        )
        for row in session.scalars(same):
            if not (row.verdict == answer.verdict == "off" and row.placement_id != answer.placement_id):
                session.delete(row)
        session.flush()

    def answers(self, recording_id: str | None = None) -> tuple[Stored[ManualAnswer], ...]:
        """Return the answers about a recording, or all, in the order they were given.

        Raises
        ------
        StudyDamagedError
            If one cannot be read.
        """
        query = select(ManualAnswerRow).order_by(ManualAnswerRow.id)
        if recording_id is not None:
            query = query.where(ManualAnswerRow.recording_id == recording_id)
        with self._database.reading() as session:
            return tuple(self._answer(row) for row in session.scalars(query))

    def remove_answer(self, number: int) -> None:
        """Forget one answer; what it had covered counts again.

        Raises
        ------
        StudyError
            If there is none of that number.
        """
        self._remove(ManualAnswerRow, number, "answer")

    def remove_answers(self, numbers: Iterable[int]) -> None:
        """Forget several answers, all or none of them.

        Raises
        ------
        StudyError
            If there is none of one of the numbers.
        """
        self._require_writing()
        with self._database.writing() as session:
            for number in numbers:
                session.delete(self._row(session, ManualAnswerRow, number, "answer"))

    def set_markers(
        self, layout: MarkerLayout, *, made_by: str | None = None, note: str = "", replace: bool = False
    ) -> Stored[MarkerLayout]:
        """Declare the markers of a placement.

        Parameters
        ----------
        layout : MarkerLayout
            The markers and where they are.
        made_by : str, optional
            Who says so; None: the user of this computer.
        note : str, optional
            For people.
        replace : bool, default False
            Take the place of the markers that the placement has.

        Returns
        -------
        Stored
            As the study keeps it.

        Raises
        ------
        StudyError
            If there is no such placement, it has markers and `replace` is False, or another placement has
            a marker of the same family and number.
        """
        self._require_writing()
        with self._database.writing() as session:
            self._require_known(session, None, layout.placement_id)
            rows = list(session.scalars(select(MarkerLayoutRow).order_by(MarkerLayoutRow.id)))
            ids = {marker.id for marker in layout.markers}
            for other in rows:
                if other.placement_id == layout.placement_id and not replace:
                    raise StudyError(
                        f"{self._path}: {layout.placement_id!r} has markers already (by {other.made_by},"
                        f" {other.made_utc}); remove them, or replace them"
                    )
                theirs = self._layout(other).fact
                shared = sorted(ids & {marker.id for marker in theirs.markers})
                same = other.placement_id != layout.placement_id and theirs.dictionary == layout.dictionary
                if same and shared:
                    raise StudyError(
                        f"{self._path}: marker {shared[0]} of {layout.dictionary} belongs to"
                        f" {other.placement_id!r} already; a marker can tell one place only"
                    )
            for other in rows:
                if other.placement_id == layout.placement_id:
                    session.delete(other)
            session.flush()
            row = MarkerLayoutRow(
                placement_id=layout.placement_id, facts=layout.to_dict(), **signed(made_by, note)
            )
            session.add(row)
            session.flush()
            return self._layout(row)

    def marker_layouts(self) -> tuple[Stored[MarkerLayout], ...]:
        """Return the markers of all placements that have some.

        Raises
        ------
        StudyDamagedError
            If a layout cannot be read.
        """
        with self._database.reading() as session:
            rows = session.scalars(select(MarkerLayoutRow).order_by(MarkerLayoutRow.id))
            return tuple(self._layout(row) for row in rows)

    def remove_markers(self, placement_id: str) -> None:
        """Forget the markers of a placement.

        Raises
        ------
        StudyError
            If it has none.
        """
        self._require_writing()
        with self._database.writing() as session:
            row = session.scalar(select(MarkerLayoutRow).where(MarkerLayoutRow.placement_id == placement_id))
            if row is None:
                raise StudyError(f"{self._path}: placement {placement_id!r} has no markers")
            session.delete(row)

    def set_vendor_rank(
        self, rank: VendorRank, *, placement_id: str = "", made_by: str | None = None, note: str = ""
    ) -> None:
        """Say how mappings of vendors' programs rank.

        Parameters
        ----------
        rank : {"instead", "after", "never"}
            In the place of the automatic mapping, where all others say nothing, or not at all.
        placement_id : str, optional
            For this placement; empty: for all that have no rank of their own.
        made_by : str, optional
            Who says so; None: the user of this computer.
        note : str, optional
            For people.

        Raises
        ------
        ParameterError
            For another word.
        StudyError
            If there is no such placement.
        """
        if rank not in VENDOR_RANKS:
            raise ParameterError("rank", rank, "one of " + ", ".join(VENDOR_RANKS))
        self._require_writing()
        with self._database.writing() as session:
            self._require_known(session, None, placement_id or None)
            wanted = VendorRankRow.placement_id.is_not_distinct_from(placement_id or None)
            for old in session.scalars(select(VendorRankRow).where(wanted)):
                session.delete(old)
            session.flush()
            session.add(VendorRankRow(placement_id=placement_id or None, rank=rank, **signed(made_by, note)))

    def vendor_ranks(self) -> dict[str, VendorRank]:
        """Return the rank of vendors' mappings by placement; "" is that of all others."""
        ranks: dict[str, VendorRank] = {"": USUAL_VENDOR_RANK}
        with self._database.reading() as session:
            for row in session.scalars(select(VendorRankRow)):
                if row.rank not in VENDOR_RANKS:
                    raise StudyDamagedError(
                        f"{self._path}: the rank of vendors' mappings, {row.rank!r}, is none of"
                        f" {', '.join(VENDOR_RANKS)}; choose it again with `gazestudy mapping vendor`"
                    )
                ranks[row.placement_id or ""] = row.rank
        return ranks

    def _remove(self, table: type[KeyFrameRow] | type[ManualAnswerRow], number: int, what: str) -> None:
        self._require_writing()
        with self._database.writing() as session:
            session.delete(self._row(session, table, number, what))

    def _require_known(self, session: Session, recording_id: str | None, placement_id: str | None) -> None:
        if recording_id is not None:
            self._row(session, RecordingRow, recording_id, "recording")
        if placement_id is not None:
            self._row(session, PlacementRow, placement_id, "placement")

    def _require_picture(self, session: Session, placement_id: str, creative_id: str, copy: int) -> None:
        row = session.get_one(PlacementRow, placement_id)
        known = [creative.id for creative in row.creatives]
        if creative_id and creative_id not in known:
            raise StudyError(
                f"{self._path}: {placement_id!r} has no picture {creative_id!r}; it has {', '.join(known)}"
            )
        if copy >= row.copies:
            raise StudyError(
                f"{self._path}: {placement_id!r} hangs {row.copies} times: there is no copy {copy}"
                " (they count from 0)"
            )

    def _key_frame(self, row: KeyFrameRow) -> Stored[KeyFrame]:
        try:
            here = points_of([point[:2] for point in row.corners_px])
            there = points_of([point[2:] for point in row.corners_px], "at_shares")
            fact = KeyFrame(
                row.recording_id, row.t_ns, row.placement_id, here, row.creative_id, row.copy, there
            )
        except (TypeError, ValueError, ParameterError) as error:
            raise self._damaged("key frame", row) from error
        return _stored(row, fact)

    def _answer(self, row: ManualAnswerRow) -> Stored[ManualAnswer]:
        x, y = (math.nan if share is None else share for share in (row.x_share, row.y_share))
        try:
            fact = ManualAnswer(
                row.recording_id,
                row.start_ns,
                row.end_ns,
                cast("Verdict", row.verdict),
                row.placement_id or "",
                x,
                y,
                row.creative_id,
                row.copy,
            )
        except ParameterError as error:
            raise self._damaged("answer", row) from error
        return _stored(row, fact)

    def _layout(self, row: MarkerLayoutRow) -> Stored[MarkerLayout]:
        try:
            fact = MarkerLayout.from_dict(row.placement_id, row.facts)
        except (KeyError, TypeError, ValueError, ParameterError) as error:
            raise self._damaged("marker layout", row) from error
        return _stored(row, fact)

    def _damaged(self, what: str, row: _Row) -> StudyDamagedError:
        return StudyDamagedError(f"{self._path}: {what} {row.id} cannot be read; remove it and make it again")


def _stored(row: _Row, fact: Any) -> Stored[Any]:
    return Stored(row.id, fact, row.made_by, row.made_utc, row.note)
