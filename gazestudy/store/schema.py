"""The tables of `study.sqlite`: what people edit, and where the files are.

A change here needs a new file in `migrations/versions` and a higher `SCHEMA_VERSION`; a test compares them.
Paths are relative to the study folder and use "/", so that a study moves between systems.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, Float, ForeignKey, LargeBinary, MetaData, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

SCHEMA_VERSION = 9
"""Format of the study; equals the number of the newest migration."""

_NAMES = {
    "ix": "ix_%(column_0_label)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """Base of all tables."""

    metadata = MetaData(naming_convention=_NAMES)
    type_annotation_map = {dict[str, Any]: JSON(none_as_null=True), list[Any]: JSON(none_as_null=True)}  # noqa: RUF012 - SQLAlchemy's own declaration


class Signed:
    """Columns of what a person says: why, who, and when."""

    note: Mapped[str] = mapped_column(sort_order=1)
    made_by: Mapped[str] = mapped_column(sort_order=2)
    made_utc: Mapped[str] = mapped_column(sort_order=3)


class StudyRow(Base):
    """The study itself; one row."""

    __tablename__ = "study"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    created_utc: Mapped[str]
    app_version: Mapped[str]
    """Version of the program that wrote the present format."""


class StationRow(Base):
    """A station."""

    __tablename__ = "station"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)


class PointRow(Base):
    """A point of a station, where an observer stands."""

    __tablename__ = "point"
    __table_args__ = (UniqueConstraint("station_id", "name"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    station_id: Mapped[int] = mapped_column(ForeignKey("station.id", ondelete="CASCADE"))
    name: Mapped[str]


class PlacementRow(Base):
    """A physical ad face."""

    __tablename__ = "placement"
    id: Mapped[str] = mapped_column(primary_key=True)
    position: Mapped[int]
    name: Mapped[str]
    kind: Mapped[str]
    width_mm: Mapped[float | None] = mapped_column(Float)
    height_mm: Mapped[float | None] = mapped_column(Float)
    copies: Mapped[int]
    station_id: Mapped[int | None] = mapped_column(ForeignKey("station.id", ondelete="SET NULL"))
    facets: Mapped[list[Any]]
    """Left, top, right and bottom of each flat part, as shares of the picture; empty where all of it is."""

    station: Mapped[StationRow | None] = relationship()
    creatives: Mapped[list[CreativeRow]] = relationship(
        order_by="CreativeRow.position", cascade="all, delete-orphan", passive_deletes=True
    )


class CreativeRow(Base):
    """A picture shown on a placement."""

    __tablename__ = "creative"
    id: Mapped[str] = mapped_column(primary_key=True)
    placement_id: Mapped[str] = mapped_column(ForeignKey("placement.id", ondelete="CASCADE"), index=True)
    position: Mapped[int]
    name: Mapped[str]
    image: Mapped[str] = mapped_column(unique=True)
    sha256: Mapped[str]
    size_bytes: Mapped[int]
    width_px: Mapped[int]
    height_px: Mapped[int]
    thumbnail: Mapped[bytes] = mapped_column(LargeBinary)
    """Small grey copy, to notice the same picture given twice."""


class AoiRow(Base):
    """A polygon on a placement."""

    __tablename__ = "aoi"
    id: Mapped[str] = mapped_column(primary_key=True)
    placement_id: Mapped[str] = mapped_column(ForeignKey("placement.id", ondelete="CASCADE"), index=True)
    position: Mapped[int]
    name: Mapped[str]
    points_px: Mapped[list[Any]]
    label: Mapped[str]
    """Empty for none."""


class ParticipantRow(Base):
    """A person, by pseudonym."""

    __tablename__ = "participant"
    id: Mapped[str] = mapped_column(primary_key=True)
    segment: Mapped[str]
    notes: Mapped[dict[str, Any]]


class ParticipantPrivateRow(Base):
    """Personal data, apart from everything that is exported."""

    __tablename__ = "participant_private"
    participant_id: Mapped[str] = mapped_column(
        ForeignKey("participant.id", ondelete="CASCADE"), primary_key=True
    )
    name: Mapped[str]
    details: Mapped[dict[str, Any]]


class RecordingRow(Base):
    """A recording."""

    __tablename__ = "recording"
    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    device: Mapped[str]
    importer: Mapped[str]
    importer_version: Mapped[int]
    # A person with recordings is not deleted along the way.
    participant_id: Mapped[str] = mapped_column(ForeignKey("participant.id", ondelete="RESTRICT"), index=True)
    daypart: Mapped[str]
    sha256: Mapped[str] = mapped_column(unique=True)
    imported_utc: Mapped[str]
    clock: Mapped[dict[str, Any]]
    camera: Mapped[dict[str, Any] | None]
    meta: Mapped[dict[str, Any]]
    report: Mapped[dict[str, Any]]

    media: Mapped[list[MediaRow]] = relationship(
        order_by="MediaRow.position", cascade="all, delete-orphan", passive_deletes=True
    )
    streams: Mapped[list[StreamRow]] = relationship(
        order_by="StreamRow.position", cascade="all, delete-orphan", passive_deletes=True
    )
    sources: Mapped[list[SourceFileRow]] = relationship(
        order_by="SourceFileRow.position", cascade="all, delete-orphan", passive_deletes=True
    )


class MediaRow(Base):
    """A scene video of a recording."""

    __tablename__ = "media"
    recording_id: Mapped[str] = mapped_column(
        ForeignKey("recording.id", ondelete="CASCADE"), primary_key=True
    )
    position: Mapped[int] = mapped_column(primary_key=True)
    path: Mapped[str]
    external: Mapped[bool]
    """True for an absolute path, which does not move with the study."""
    sha256: Mapped[str]
    size_bytes: Mapped[int]


class StreamRow(Base):
    """A table of samples of a recording, in a Parquet file."""

    __tablename__ = "stream"
    recording_id: Mapped[str] = mapped_column(
        ForeignKey("recording.id", ondelete="CASCADE"), primary_key=True
    )
    name: Mapped[str] = mapped_column(primary_key=True)
    position: Mapped[int]
    path: Mapped[str] = mapped_column(unique=True)
    sha256: Mapped[str]
    size_bytes: Mapped[int]
    rows: Mapped[int]


class SourceFileRow(Base):
    """A file the recording was read from."""

    __tablename__ = "source_file"
    recording_id: Mapped[str] = mapped_column(
        ForeignKey("recording.id", ondelete="CASCADE"), primary_key=True
    )
    position: Mapped[int] = mapped_column(primary_key=True)
    path: Mapped[str]
    size_bytes: Mapped[int]
    sha256: Mapped[str]


class ClockAlignmentRow(Signed, Base):
    """How the clock of a recording relates to another clock."""

    __tablename__ = "clock_alignment"
    id: Mapped[int] = mapped_column(primary_key=True)
    recording_id: Mapped[str] = mapped_column(ForeignKey("recording.id", ondelete="CASCADE"), index=True)
    target: Mapped[str]
    """Name of the other clock."""
    facts: Mapped[dict[str, Any]]
    """The alignment with its uncertainty and evidence."""


class GazeCorrectionRow(Signed, Base):
    """By how much the gaze of a recording is turned."""

    __tablename__ = "gaze_correction"
    __table_args__ = (UniqueConstraint("recording_id"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    recording_id: Mapped[str] = mapped_column(ForeignKey("recording.id", ondelete="CASCADE"))
    """Two corrections of one recording would have to be added up in some order: there is one or none."""
    facts: Mapped[dict[str, Any]]
    """The amounts and their evidence."""


class KeyFrameRow(Signed, Base):
    """The corners of a placement in a frame, clicked by a person."""

    __tablename__ = "key_frame"
    __table_args__ = (UniqueConstraint("recording_id", "placement_id", "copy", "t_ns"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    recording_id: Mapped[str] = mapped_column(ForeignKey("recording.id", ondelete="CASCADE"))
    placement_id: Mapped[str] = mapped_column(ForeignKey("placement.id", ondelete="CASCADE"))
    creative_id: Mapped[str]
    """Empty for the first picture of the placement."""
    copy: Mapped[int]
    t_ns: Mapped[int]
    corners_px: Mapped[list[Any]]
    """Four points: x and y in the scene, and which point of the picture that is, as shares."""


class ManualAnswerRow(Signed, Base):
    """Where gaze was during a stretch of time, as a person says."""

    __tablename__ = "manual_answer"
    id: Mapped[int] = mapped_column(primary_key=True)
    recording_id: Mapped[str] = mapped_column(ForeignKey("recording.id", ondelete="CASCADE"), index=True)
    start_ns: Mapped[int]
    end_ns: Mapped[int]
    verdict: Mapped[str]
    placement_id: Mapped[str | None] = mapped_column(ForeignKey("placement.id", ondelete="CASCADE"))
    creative_id: Mapped[str]
    copy: Mapped[int]
    x_share: Mapped[float | None] = mapped_column(Float)
    y_share: Mapped[float | None] = mapped_column(Float)
    """Shares of the picture, which hold when it is replaced by a larger scan."""


class MarkerLayoutRow(Signed, Base):
    """Printed markers beside or on a placement."""

    __tablename__ = "marker_layout"
    __table_args__ = (UniqueConstraint("placement_id"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    placement_id: Mapped[str] = mapped_column(ForeignKey("placement.id", ondelete="CASCADE"))
    facts: Mapped[dict[str, Any]]


class VendorRankRow(Signed, Base):
    """How the mapping of a vendor's program ranks: for the study, or for one placement."""

    __tablename__ = "vendor_rank"
    __table_args__ = (UniqueConstraint("placement_id"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    placement_id: Mapped[str | None] = mapped_column(ForeignKey("placement.id", ondelete="CASCADE"))
    """None for the whole study."""
    rank: Mapped[str]


class ScheduleRow(Signed, Base):
    """What a digital placement showed, on the clock of its player."""

    __tablename__ = "schedule"
    placement_id: Mapped[str] = mapped_column(
        ForeignKey("placement.id", ondelete="CASCADE"), primary_key=True
    )
    clock: Mapped[str]
    """Name of the player's clock among the alignments; may be empty."""
    uncertainty_ms: Mapped[float] = mapped_column(Float)
    sha256: Mapped[str]
    """Of its showings."""


class ShowingRow(Base):
    """One showing of a picture."""

    __tablename__ = "showing"
    placement_id: Mapped[str] = mapped_column(
        ForeignKey("schedule.placement_id", ondelete="CASCADE"), primary_key=True
    )
    start_unix_ns: Mapped[int] = mapped_column(primary_key=True)
    end_unix_ns: Mapped[int]
    creative_id: Mapped[str]
    """Empty for the pictures of others."""


class ObserverRow(Base):
    """An observer, by code."""

    __tablename__ = "observer"
    id: Mapped[str] = mapped_column(primary_key=True)


class ObserverPrivateRow(Base):
    """The name of an observer, where one was written instead of a code; it is in no export."""

    __tablename__ = "observer_private"
    observer_id: Mapped[str] = mapped_column(ForeignKey("observer.id", ondelete="CASCADE"), primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)


class FieldLogRow(Base):
    """What one import of a field log brought: tables in a folder, which never change."""

    __tablename__ = "field_log"
    id: Mapped[str] = mapped_column(primary_key=True)
    position: Mapped[int]
    name: Mapped[str]
    importer: Mapped[str]
    importer_version: Mapped[int]
    sources: Mapped[list[Any]]
    """The files it was read from: path, size and hash of each."""
    provenance: Mapped[dict[str, Any]]
    """Protocol, column mapping and options it was read with."""
    findings: Mapped[list[Any]]
    path: Mapped[str] = mapped_column(unique=True)
    files: Mapped[dict[str, Any]]
    """Table name to {"path", "sha256", "size_bytes", "rows"}; the path is relative to the folder."""
    imported_utc: Mapped[str]

    sessions: Mapped[list[ObservationSessionRow]] = relationship(
        order_by="ObservationSessionRow.id", cascade="all, delete-orphan", passive_deletes=True
    )


class ObservationSessionRow(Base):
    """One version of an observation session; the newest one counts."""

    __tablename__ = "observation_session"
    __table_args__ = (UniqueConstraint("session_id", "version"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    session_id: Mapped[str]
    version: Mapped[int]
    field_log_id: Mapped[str] = mapped_column(ForeignKey("field_log.id", ondelete="CASCADE"), index=True)
    station_id: Mapped[int | None] = mapped_column(ForeignKey("station.id", ondelete="SET NULL"))
    point_id: Mapped[int | None] = mapped_column(ForeignKey("point.id", ondelete="SET NULL"))
    observer_id: Mapped[str | None] = mapped_column(ForeignKey("observer.id", ondelete="SET NULL"))
    started_at: Mapped[str]
    stopped_at: Mapped[str]
    sha256: Mapped[str]
    """Hash of all its entries, to notice what did not change."""

    private: Mapped[list[FieldPrivateRow]] = relationship(
        order_by="FieldPrivateRow.id", cascade="all, delete-orphan", passive_deletes=True
    )


class FieldPrivateRow(Base):
    """An answer that may tell who somebody is, apart from everything that is exported."""

    __tablename__ = "field_private"
    id: Mapped[int] = mapped_column(primary_key=True)
    observation_session_id: Mapped[int] = mapped_column(
        ForeignKey("observation_session.id", ondelete="CASCADE"), index=True
    )
    respondent_id: Mapped[str]
    item: Mapped[str]
    value: Mapped[str]


class DerivedRow(Base):
    """A result: a folder of tables, found again by what it was made from."""

    __tablename__ = "derived"
    __table_args__ = (UniqueConstraint("recording_id", "step", "key"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    recording_id: Mapped[str | None] = mapped_column(
        ForeignKey("recording.id", ondelete="CASCADE"), index=True
    )
    """None for a result about the whole study."""
    step: Mapped[str]
    key: Mapped[str]
    path: Mapped[str] = mapped_column(unique=True)
    files: Mapped[dict[str, Any]]
    """Table name to {"path", "sha256", "size_bytes", "rows"}; the path is relative to the folder."""
    provenance: Mapped[dict[str, Any]]
    created_utc: Mapped[str]
